"""The tracks of a trace. Most of a million are never looked at: such a one is a number in columns until somebody asks
for it."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence, ValuesView
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.columns import Interned, append
from visualizer.analysis.model.numbers import NONE, Numbers
from visualizer.analysis.model.types import Block, Place, SlicesOfMany, Track
from visualizer.trace import words
from visualizer.trace.columns import Column, grouped, nonzero, numbered, unique

#: Instead of the number of its spawn: the track is there; and instead of that of its exit: no line told of that.
_MADE = _UNTOLD = -2
#: So many of its blocks, as a power of two, may wait for somebody to ask for a track.
_BITS = 6
_LAST_OF_THEM = (1 << _BITS) - 1
#: The slices of so many tracks are put together, and no more, as they are copied for that.
_TOGETHER = 1 << 14


class Birth(NamedTuple):
    """What the spawns of many tracks have in common. `place` is an id, -1 if it is not known."""

    kind: str
    name: str
    parent: int
    place: int
    schedules: bool


class Origin(NamedTuple):
    """How a track began. `doubt`: why it is only inferred which track it is."""

    kind: str
    parent: int
    creator: int
    place: Place | None
    doubt: str | None


class Outline(NamedTuple):
    """What tracks have in common that are alike. `has_ended`: at a time that is known; `inferred`: why the end is."""

    kind: str
    schedules: bool
    has_ended: bool
    outcome: str | None
    inferred: str | None


class Spawns:
    """Columns: when which tracks were spawned. `birth`: by number in `births`; `number`: ordinal among those of its
    name."""

    def __init__(self) -> None:
        self.ns = array("q")
        self.track = array("i")
        self.birth = array("i")
        self.creator = array("i")
        self.number = array("i")
        self.births: Interned[Birth] = Interned()


class Exits:
    """Columns: when which tracks ended. `outcome`: that and the text id of why it is inferred, by number in `outcomes`;
    `value`: text id."""

    def __init__(self) -> None:
        self.ns = array("q")
        self.track = array("i")
        self.outcome = array("i")
        self.value = array("i")
        self.outcomes: Interned[tuple[str, int]] = Interned()


class Tracks(Mapping[int, Track]):
    """By id, in order of appearance."""

    def __init__(self, texts: dict[int, str], places: dict[int, Place]) -> None:
        self.spawns = Spawns()
        self.exits = Exits()
        #: Those that somebody has asked for, or that no spawn was told of.
        self.made: dict[int, Track] = {}
        #: All ids, in order of appearance; and of each track the number of its spawn, or that it is made.
        self._ids = array("i")
        self._rows = Numbers()
        #: Of those that have ended the number of the exit, below 0 if it was not told of; NONE of all others.
        self.over = Numbers()
        self._texts = texts
        self._places = places
        #: Where slices are of tracks that nobody had asked for. And where the last ones of each are: in which block,
        #: and in the lower bits in how many others it has some in front of these.
        self._blocks: list[Block] = []
        self._last = Numbers()

    def __getitem__(self, id: int) -> Track:
        row = self._rows[id]
        return self._make(id, row) if row >= 0 else self.made[id]

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator[int]:
        return iter(self._ids)

    def __contains__(self, id: object) -> bool:
        return isinstance(id, int | np.integer) and self._rows[int(id)] != NONE

    def look(self, id: int) -> Track | int | None:
        """The track, or the number of its spawn if nobody has asked for it; None if it is not known."""
        row = self._rows[id]
        return row if row >= 0 else self.made.get(id)

    def look_all(self) -> Iterator[tuple[int, Track | int]]:
        """The same of all tracks, with their ids."""
        for id, row in zip(self._ids, self._rows.take(np.array(self._ids)).tolist(), strict=True):
            yield id, row if row >= 0 else self.made[id]

    def are_known(self, ids: Column) -> Column:
        """Whether there is a track with each of these ids."""
        found: Column = self._rows.take(ids) != NONE
        return found

    def are_over(self, ids: Column) -> Column:
        """Whether the track with each of these ids has ended."""
        found: Column = self.over.take(ids) != NONE
        return found

    def are_made(self, ids: Column) -> Column:
        """Whether the track with each of these ids is there, and no row."""
        found: Column = self._rows.take(ids) == _MADE
        return found

    def add(self, track: Track) -> None:
        """A track of which no spawn was told."""
        self.made[track.id] = track
        self._rows[track.id] = _MADE
        self._ids.append(track.id)

    def end(self, id: int) -> None:
        """The track has ended, and no line told of that."""
        if self.over[id] == NONE:
            self.over[id] = _UNTOLD

    def values(self) -> ValuesView[Track]:
        return _Values(self)

    def spawn(self, ids: Column, t_ns: Column, births: Column, creators: Column) -> None:
        """Tracks begin that were not known. `Names` is to give them numbers."""
        spawns, first = self.spawns, len(self.spawns.ns)
        append(spawns.ns, t_ns)
        append(spawns.birth, births)
        append(spawns.creator, creators)
        append(spawns.track, ids)
        append(self._ids, ids)
        self._rows.put(ids, np.arange(first, first + len(ids)))

    def spawn_again(self, track: Track, t_ns: int) -> None:
        """Count a track that is known among those that were spawned."""
        spawns = self.spawns
        spawns.ns.append(t_ns)
        spawns.track.append(track.id)
        for column in (spawns.birth, spawns.creator, spawns.number):
            column.append(-1)

    def exit(self, ids: Column, t_ns: Column, outcomes: Column, values: Column) -> None:
        """Tracks end."""
        exits, first = self.exits, len(self.exits.ns)
        append(exits.ns, t_ns)
        append(exits.outcome, outcomes)
        append(exits.value, values)
        append(exits.track, ids)
        self.over.put(ids, np.arange(first, first + len(ids)))
        for at in nonzero(self.are_made(ids)).tolist():
            self._end(self.made[int(ids[at])], first + at)

    def reached(self, ids: Column) -> Column:
        """Where the last slices are of tracks that nobody has asked for: for `in_blocks`, and `Block.previous`."""
        return self._last.take(ids)

    def keep(self, block: Block, some: Column) -> Column:
        """Those that stand at `some` in the block have slices there. Return who of them is to be told of that: those
        that somebody has asked for, and who had some in so many blocks that they are better together."""
        ids, previous = block.ids[some], block.previous[some]
        is_made = self.are_made(ids)
        has_many = ~is_made & (previous >= 0) & (previous & _LAST_OF_THEM == _LAST_OF_THEM)
        for id in ids[has_many].tolist():
            self._make(id, self._rows[id])
        is_made |= has_many
        if not is_made.all():
            others = ~is_made
            in_front = np.where(previous < 0, 0, (previous & _LAST_OF_THEM) + 1)[others]
            self._last.put(ids[others], len(self._blocks) << _BITS | in_front)
            self._blocks.append(block)
        return some[is_made]

    def in_blocks(self, ids: Column, at: Column) -> Iterator[tuple[Column, Block, Column]]:
        """Those tracks that have slices there (`reached`, `Block.previous`), by the block: which they are, the block,
        and where they stand in it."""
        number = at >> _BITS
        for one in unique(number[at >= 0]).tolist():
            those, block = nonzero(number == one), self._blocks[one]
            yield those, block, block.ids.searchsorted(ids[those].astype(block.ids.dtype))

    def changed(self, id: int) -> None:
        """Something of a track is another thing now: whoever has looked at it has to look again."""
        if (known := self.made.get(id)) is not None:
            known.version += 1

    def lasting(self, *outcomes: str) -> Iterator[Track]:
        """All tracks but most of those that ended, and not by one of these outcomes: who looks for what has not ended,
        or ended so, need not have a million others made."""
        is_wanted = np.array([outcome in outcomes for outcome, _ in self.exits.outcomes.known] + [False])
        ids = np.array(self._ids)
        exit = self.over.take(ids)
        those = self.are_made(ids) | (exit == NONE)
        told = nonzero(exit >= 0)
        those[told] |= is_wanted[np.array(self.exits.outcome)[exit[told]]]
        return map(self.__getitem__, ids[those].tolist())

    def of_kind(self, kind: str) -> Iterator[Track]:
        """All tracks of that kind; no others are made."""
        return map(self.__getitem__, self.ids_of_kind(kind))

    def ids_of_kind(self, kind: str) -> list[int]:
        return self._those(lambda one: one.kind == kind)

    def _those(self, are: Callable[[Birth | Track], bool]) -> list[int]:
        """Ids of all tracks for which that is so; none is made for that."""
        ids, are_of = np.array(self._ids), np.array([*map(are, self.spawns.births.known), False])
        row = self._rows.take(ids)
        found, made = np.zeros(len(ids), dtype=bool), nonzero(row == _MADE)
        unmade = nonzero(row >= 0)
        found[unmade] = are_of[np.array(self.spawns.birth)[row[unmade]]]
        found[made] = [are(self.made[id]) for id in ids[made].tolist()]
        listed: list[int] = ids[found].tolist()
        return listed

    def ended(self, outcome: str) -> list[Track]:
        """Those that ended so, in the order in which they did."""
        exits = self.exits
        wanted = {number for number, (one, _) in enumerate(exits.outcomes.known) if one == outcome}
        return [self[id] for id, number in zip(exits.track, exits.outcome, strict=True) if number in wanted]

    def ended_after_steps(self, kinds: Container[str]) -> Iterator[tuple[int, str, Place | None, int]]:
        """Id, name without a number, place of the spawn and length of life of each track of these kinds that ran and
        ended, in the order in which they did. None is made for that."""
        spawns, exits = self.spawns, self.exits
        births = [(birth.name, self._places.get(birth.place)) for birth in spawns.births.known]
        is_one = np.array([birth.kind in kinds for birth in spawns.births.known] + [False])
        ids = np.array(exits.track)
        row, has_run = self._rows.take(ids), np.zeros(len(ids), dtype=bool)
        at = self._last.take(ids)
        at[(row < 0) | ~is_one[np.array(spawns.birth)[np.maximum(row, 0)]]] = NONE
        while (at >= 0).any():
            for those, block, where in self.in_blocks(ids, at):
                bounds = np.asarray(block.run_bounds)
                has_run[those] |= bounds[where + 1] > bounds[where]
                at[those] = block.previous[where]
        made = nonzero(row < 0)
        of_made = (self.made[id] for id in ids[made].tolist())
        has_run[made] = [one.kind in kinds and len(one.step_slices) > 0 for one in of_made]
        ran = nonzero(has_run)
        columns = (column[ran].tolist() for column in (ids, row, np.array(exits.ns)))
        for id, spawn, exit_ns in zip(*columns, strict=True):
            if spawn < 0:
                known = self.made[id]
                yield id, known.base_name, known.place, known.exit_ns - known.spawn_ns
            else:
                yield id, *births[spawns.birth[spawn]], exit_ns - spawns.ns[spawn]

    def outlines(self, giving: Container[str]) -> Iterator[tuple[Column, Outline, list[str | None]]]:
        """All tracks, many that are alike at a time: their ids, what they have in common, and the value of each, if
        they ended by one of the outcomes `giving`. None is made for that."""
        spawns, exits, ids = self.spawns, self.exits, np.array(self._ids)
        row = self._rows.take(ids)
        for id in ids[row < 0].tolist():
            one = self.made[id]
            outline = Outline(one.kind, one.schedules, one.exit_ns >= 0, one.outcome, one.inferred)
            yield np.array([id]), outline, [one.value] if one.outcome in giving else []
        unmade = nonzero(row >= 0)
        ids, exit = ids.take(unmade), self.over.take(ids.take(unmade))
        kinds, outcomes, told = Interned[tuple[str, bool]](), exits.outcomes.known, nonzero(exit >= 0)
        of_birth = np.array([kinds.number((one.kind, one.schedules)) for one in spawns.births.known], dtype=np.int64)
        # Who has not ended; and who has, by outcome and whether it is said when.
        how = np.zeros(len(ids), dtype=np.int64)
        how[told] = 1 + 2 * np.asarray(exits.outcome)[exit[told]] + (np.asarray(exits.ns)[exit[told]] >= 0)
        width = 1 + 2 * len(outcomes)
        different, which = numbered(of_birth[np.asarray(spawns.birth)[row[unmade]]] * width + how)
        order, edges = grouped(which, len(different))
        for pair, (first, stop) in zip(different.tolist(), pairwise(edges.tolist()), strict=True):
            (kind, schedules), number, those = kinds.known[pair // width], pair % width - 1, order[first:stop]
            if number < 0:
                yield ids[those], Outline(kind, schedules, False, None, None), []
                continue
            outcome, inferred = outcomes[number >> 1]
            values = np.asarray(exits.value)[exit[those]].tolist() if outcome in giving else []
            outline = Outline(kind, schedules, bool(number & 1), outcome, self._texts.get(inferred))
            yield ids[those], outline, [*map(self._texts.get, values)]

    def parents(self, ids: Sequence[int] | Column) -> Column:
        """Id of the parent of each track."""
        of_birth = np.array([birth.parent for birth in self.spawns.births.known], dtype=np.int64)
        return self._of_each(ids, lambda rows: of_birth[np.asarray(self.spawns.birth)[rows]], lambda one: one.parent)

    def creators(self, ids: Sequence[int]) -> list[int]:
        """Id of the creator of each track."""
        found = self._of_each(ids, lambda rows: np.asarray(self.spawns.creator)[rows], lambda one: one.creator)
        listed: list[int] = found.tolist()
        return listed

    def _of_each(
        self, ids: Sequence[int] | Column, of_rows: Callable[[Column], Column], of_track: Callable[[Track], int]
    ) -> Column:
        """A number of each track: of those that are rows, or of one that is made."""
        asked = np.asarray(ids, dtype=np.int64)
        row, found = self._rows.take(asked), np.empty(len(asked), dtype=np.int64)
        unmade, others = nonzero(row >= 0), nonzero(row < 0)
        if len(unmade):
            found[unmade] = of_rows(row[unmade])
        found[others] = [of_track(self.made[id]) for id in asked[others].tolist()]
        return found

    def birth(self, id: int) -> Birth:
        """What is known of a track since its spawn; it is not made for that. The place is left out."""
        return self.births((id,))[0]

    def births(self, ids: Sequence[int]) -> list[Birth]:
        """The same of many."""
        births, birth = self.spawns.births.known, self.spawns.birth
        return [
            Birth(one.kind, one.base_name, one.parent, words.NOTHING, one.schedules)
            if type(one) is Track else births[birth[one]]
            for one in map(self._look, ids)
        ]

    def origin(self, id: int) -> Origin:
        """How the track began; it is not made for that."""
        known, spawns = self._look(id), self.spawns
        if isinstance(known, Track):
            return Origin(known.kind, known.parent, known.creator, known.place, known.doubt)
        birth = spawns.births.known[spawns.birth[known]]
        return Origin(birth.kind, birth.parent, spawns.creator[known], self._places.get(birth.place), None)

    def ending(self, exit: int) -> tuple[str | None, str | None, str | None]:
        """How the track ended whose exit has this number, with which value, and why that is inferred; it is not made
        for that."""
        known, exits, text = self._look(self.exits.track[exit]), self.exits, self._texts.get
        if isinstance(known, Track):
            return known.outcome, known.value, known.inferred
        outcome, inferred = exits.outcomes.known[exits.outcome[exit]]
        return outcome, text(exits.value[exit]), text(inferred)

    def copy_of(self, id: int) -> int:
        """Which track of the parent process the track was before the fork, NOBODY if none."""
        known = self._look(id)
        return known.copy_of if isinstance(known, Track) else words.NOBODY

    def process(self, id: int) -> int:
        """Number of the track's process."""
        known = self._look(id)
        return known.process if isinstance(known, Track) else 0

    def scheduling(self, others: bool = True) -> list[int]:
        """Ids of all tracks that schedule others, or of all that do not."""
        return self._those(lambda one: one.schedules == others)

    def slices(self, ids: Sequence[int]) -> Iterator[SlicesOfMany]:
        """The slices of these tracks in their order, of many that follow one another together; no track is made for
        that, and what is made comes alone."""
        asked = np.asarray(ids, dtype=np.int64)
        is_made, apart = self.are_made(asked), np.ones(len(asked), dtype=bool)
        apart[1:] = is_made[1:] | is_made[:-1]
        apart[::_TOGETHER] = True
        for first, stop in pairwise([*nonzero(apart).tolist(), len(asked)]):
            if not is_made[first]:
                yield self._gathered(asked[first:stop])
                continue
            track = self.made[ids[first]]
            slices, steps = track.slices, track.step_slices
            columns = (
                memoryview(column).cast("B") if column else b""
                for column in (slices.start_ns, slices.state, slices.about, steps)
            )
            start_ns, state, about, own = columns
            yield SlicesOfMany(np.array([len(slices)]), start_ns, state, about, np.array([len(steps)]), own)

    def _gathered(self, ids: Column) -> SlicesOfMany:
        """The slices of tracks that are not made."""
        at, parts = self._last.take(ids), list[tuple[Column, SlicesOfMany]]()
        while (at >= 0).any():
            before = np.full(len(ids), NONE, dtype=np.int32)
            for those, block, where in self.in_blocks(ids, at):
                parts.append((those, block.of_tracks(where)))
                before[those] = block.previous[where]
            at = before
        return SlicesOfMany.joined(len(ids), parts)

    def first_switches(self, ids: Sequence[int]) -> list[int]:
        """Which switch to each of these tracks was the first, -1 if there was none."""
        found: list[int] = []
        for part in self.slices(ids):
            about, steps = np.frombuffer(part.about, dtype=np.int32), np.frombuffer(part.steps, dtype=np.int32)
            first, own = np.cumsum(part.counts) - part.counts, np.cumsum(part.step_counts) - part.step_counts
            switches, some = np.full(len(first), -1), part.step_counts > 0
            switches[some] = about[first[some] + steps[own[some]]]
            found += switches.tolist()
        return found

    def life(self, id: int) -> tuple[int, int]:
        """When the track was spawned, and when it ended, -1 if it has not; it is not made for that."""
        known = self._look(id)
        if isinstance(known, Track):
            return known.spawn_ns, known.exit_ns
        exit = self.over[id]
        return self.spawns.ns[known], self.exits.ns[exit] if exit >= 0 else -1

    def version_of(self, ids: Iterable[int]) -> int:
        """Another number whenever anything of these tracks has changed."""
        return sum(self.made[id].version if id in self.made else self._version(id) for id in ids)

    def _version(self, id: int) -> int:
        """That of a track that is not made: it changes only by getting slices."""
        return self._last[id] + 2

    def _look(self, id: int) -> Track | int:
        """As `look`. Raise KeyError if it is not known."""
        row = self._rows[id]
        return row if row >= 0 else self.made[id]

    def _make(self, id: int, spawn: int) -> Track:
        spawns = self.spawns
        kind, name, parent, place, schedules = spawns.births.known[spawns.birth[spawn]]
        track = self.made[id] = Track(id, kind, spawns.ns[spawn])
        self._rows[id] = _MADE
        track.base_name, track.number, track.version = name, spawns.number[spawn], self._version(id)
        track.parent, track.creator, track.schedules = parent, spawns.creator[spawn], schedules
        track.place = self._places.get(place)
        if (exit := self.over[id]) >= 0:
            self._end(track, exit)
        parts, at = list[tuple[Block, int]](), self._last[id]
        while at >= 0:
            block = self._blocks[at >> _BITS]
            where = int(block.ids.searchsorted(id))
            parts.append((block, where))
            at = int(block.previous[where])
        for block, where in reversed(parts):
            track.extend(block, where, None)
        return track

    def _end(self, track: Track, exit: int) -> None:
        exits = self.exits
        track.outcome, inferred = exits.outcomes.known[exits.outcome[exit]]
        track.exit_ns, track.value = exits.ns[exit], self._texts.get(exits.value[exit])
        if inferred != words.NOTHING:
            track.inferred = self._texts.get(inferred)


class _Values(ValuesView[Track]):
    """All tracks. Those that are there already are looped over as those of a dictionary."""

    _mapping: Tracks

    def __iter__(self) -> Iterator[Track]:
        tracks = self._mapping
        return (one if isinstance(one, Track) else tracks[id] for id, one in tracks.look_all())
