"""The tracks of a trace. Most of a million are never looked at: such a one is a number in columns until somebody asks
for it."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence, ValuesView
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from visualizer.analysis.model.columns import Interned, append
from visualizer.analysis.model.types import Block, Place, SlicesOfMany, Track
from visualizer.trace import words
from visualizer.trace.columns import Column, unique


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


class Spawns:
    """Columns: when which tracks were spawned. `birth`: by number in `births`; `number`: ordinal among those of its
    name."""

    def __init__(self) -> None:
        self.ns = array("q")
        self.track: list[int] = []
        self.birth = array("i")
        self.creator = array("i")
        self.number = array("i")
        self.births: Interned[Birth] = Interned()


class Exits:
    """Columns: when which tracks ended. `outcome`: that and the text id of why it is inferred, by number in `outcomes`;
    `value`: text id."""

    def __init__(self) -> None:
        self.ns = array("q")
        self.track: list[int] = []
        self.outcome = array("i")
        self.value = array("i")
        self.outcomes: Interned[tuple[str, int]] = Interned()


class Tracks(Mapping[int, Track]):
    """By id, in order of appearance."""

    def __init__(self, texts: dict[int, str], places: dict[int, Place]) -> None:
        self.spawns = Spawns()
        self.exits = Exits()
        #: The track, or the number of its spawn if it has not been asked for.
        self.known: dict[int, Track | int] = {}
        #: Those that have ended: the number of the exit, -1 if it was not told of.
        self.over: dict[int, int] = {}
        self._texts = texts
        self._places = places
        #: Where slices are of tracks that nobody had asked for; and how many spawns there were.
        self._blocks: list[Block] = []
        self._spawned: list[int] = []
        #: Of those that did not end in the first block that they are in: in which they did.
        self._ended_in: dict[int, int] = {}

    def __getitem__(self, id: int) -> Track:
        known = self.known[id]
        return known if isinstance(known, Track) else self._make(id, known)

    def __len__(self) -> int:
        return len(self.known)

    def __iter__(self) -> Iterator[int]:
        return iter(self.known)

    def __contains__(self, id: object) -> bool:
        return id in self.known

    def values(self) -> ValuesView[Track]:
        return _Values(self)

    def spawn(self, ids: Column, t_ns: Column, births: Column, creators: Column) -> None:
        """Tracks begin that were not known. `Names` is to give them numbers."""
        spawns, first = self.spawns, len(self.spawns.ns)
        append(spawns.ns, t_ns)
        append(spawns.birth, births)
        append(spawns.creator, creators)
        spawns.track += ids.tolist()
        self.known.update(zip(spawns.track[first:], range(first, first + len(ids)), strict=True))

    def spawn_again(self, track: Track, t_ns: int) -> None:
        """Count a track that is known among those that were spawned."""
        spawns = self.spawns
        spawns.ns.append(t_ns)
        spawns.track.append(track.id)
        for column in (spawns.birth, spawns.creator, spawns.number):
            column.append(-1)

    def exit(self, ids: Column, t_ns: Column, outcomes: Column, values: Column) -> None:
        """Tracks end."""
        exits, first, listed = self.exits, len(self.exits.ns), ids.tolist()
        append(exits.ns, t_ns)
        append(exits.outcome, outcomes)
        append(exits.value, values)
        exits.track += listed
        self.over.update(zip(listed, range(first, first + len(listed)), strict=True))
        for at, track in self._made(listed):
            self._end(track, first + at)

    def _made(self, ids: list[int]) -> list[tuple[int, Track]]:
        """Those of these tracks that were asked for, and where each stands."""
        known = [*map(self.known.__getitem__, ids)]
        return [(at, one) for at, one in enumerate(known) if type(one) is Track] if Track in map(type, known) else []

    def keep(self, block: Block, ended: Sequence[int]) -> None:
        """Tracks that nobody has asked for have slices there: their first ones or, of those that `ended`, their last.
        Whoever is to get others in between is asked for."""
        self._ended_in.update(dict.fromkeys(ended, len(self._blocks)))
        self._blocks.append(block)
        self._spawned.append(len(self.spawns.ns))

    def found(self, ids: list[int]) -> tuple[list[tuple[int, Track]], list[tuple[Column, Block, Column]]]:
        """Where those of these tracks stand that are known, and have not ended unless they were asked for: such a
        track; and of others the block that has all slices of theirs, and where they stand there."""
        known = [*map(self.known.get, ids)]
        there = [at for at, one in enumerate(known) if one is not None]
        made = [(at, self[ids[at]]) for at in there if type(known[at]) is Track or ids[at] in self.over]
        if len(made) == len(there):
            return made, []
        those = np.array(sorted({*there}.difference(at for at, _ in made)))
        wanted, spawns = (np.array([column[at] for at in those.tolist()]) for column in (ids, known))
        which, where = self._find(wanted, spawns)
        in_blocks = [(which == number).nonzero()[0] for number in unique(which[which >= 0]).tolist()]
        return made, [(those[some], self._blocks[which[some[0]]], where[some]) for some in in_blocks]

    def _find(self, ids: Column, spawns: Column) -> tuple[Column, Column]:
        """In which block the first slices are of tracks that nobody has asked for, and where they stand there; -1 if
        they have none. `spawns`: the numbers of their spawns, -1 for whoever is none of these."""
        which, at = np.full((2, len(ids)), -1, dtype=np.int64)
        batch = np.searchsorted(np.array(self._spawned, dtype=np.int64), spawns, side="right")
        for number in unique(batch[spawns >= 0]).tolist():
            if number < len(self._blocks):
                (those,) = ((spawns >= 0) & (batch == number)).nonzero()
                its = self._blocks[number].ids
                wanted = ids[those].astype(its.dtype)
                found = np.minimum(its.searchsorted(wanted), len(its) - 1)
                has = its[found] == wanted
                which[those[has]], at[those[has]] = number, found[has]
        return which, at

    def changed(self, id: int) -> None:
        """Something of a track is another thing now: whoever has looked at it has to look again."""
        known = self.known.get(id)
        if isinstance(known, Track):
            known.version += 1

    def lasting(self, *outcomes: str) -> Iterator[Track]:
        """All tracks but most of those that ended, and not by one of these outcomes: who looks for what has not ended,
        or ended so, need not have a million others made."""
        exits, over = self.exits, self.over
        wanted = {number for number, (outcome, _) in enumerate(exits.outcomes.known) if outcome in outcomes}
        those = [
            id for id, one in self.known.items()
            if type(one) is Track or id not in over or (wanted and exits.outcome[over[id]] in wanted)
        ]
        return map(self.__getitem__, those)

    def of_kind(self, kind: str) -> Iterator[Track]:
        """All tracks of that kind; no others are made."""
        births, birth = self.spawns.births.known, self.spawns.birth
        wanted = {number for number, one in enumerate(births) if one.kind == kind}
        those = [
            id for id, one in self.known.items()
            if (one.kind == kind if type(one) is Track else birth[one] in wanted)
        ]
        return map(self.__getitem__, those)

    def ended(self, outcome: str) -> list[Track]:
        """Those that ended so, in the order in which they did."""
        exits = self.exits
        wanted = {number for number, (one, _) in enumerate(exits.outcomes.known) if one == outcome}
        return [self[id] for id, number in zip(exits.track, exits.outcome, strict=True) if number in wanted]

    def ended_after_steps(self) -> Iterator[tuple[int, str, str, Place | None, int]]:
        """Id, kind, name without a number, place of the spawn and length of life of each track that ran and ended, in
        the order in which they did. None is made for that."""
        spawns, exits = self.spawns, self.exits
        births = [(birth.kind, birth.name, self._places.get(birth.place)) for birth in spawns.births.known]
        steps = np.concatenate([np.zeros(0, dtype=np.int64), *(part.step_counts for part in self.slices(exits.track))])
        for id, exit_ns, count in zip(exits.track, exits.ns, steps.tolist(), strict=True):
            known = self.known[id]
            if not count:
                continue
            if isinstance(known, Track):
                yield id, known.kind, known.base_name, known.place, known.exit_ns - known.spawn_ns
            else:
                yield id, *births[spawns.birth[known]], exit_ns - spawns.ns[known]

    def outlines(self) -> Iterator[tuple[int, str, bool, int, str | None, str | None, str | None]]:
        """Of each track its id, its kind, whether it schedules others, when it ended (-1: not), how, why that is
        inferred, and its value. None is made for that."""
        births, birth, exits, text = self.spawns.births.known, self.spawns.birth, self.exits, self._texts.get
        for id, one in self.known.items():
            if isinstance(one, Track):
                yield id, one.kind, one.schedules, one.exit_ns, one.outcome, one.inferred, one.value
                continue
            kind, _, _, _, schedules = births[birth[one]]
            exit = self.over.get(id, -1)
            if exit < 0:
                yield id, kind, schedules, -1, None, None, None
            else:
                outcome, inferred = exits.outcomes.known[exits.outcome[exit]]
                yield id, kind, schedules, exits.ns[exit], outcome, text(inferred), text(exits.value[exit])

    def parents(self, ids: list[int]) -> Column:
        """Id of the parent of each track."""
        known: list[Any] = [*map(self.known.__getitem__, ids)]
        made: list[tuple[int, int]] = []
        if Track in map(type, known):
            made = [(at, one.parent) for at, one in enumerate(known) if isinstance(one, Track)]
            for at, _ in made:
                known[at] = -1
        spawn = np.array(known, dtype=np.int64)
        parents = np.full(len(spawn), words.NOBODY, dtype=np.int64)
        (rows,) = (spawn >= 0).nonzero()
        if len(rows):
            of_birth = np.array([birth.parent for birth in self.spawns.births.known], dtype=np.int64)
            parents[rows] = of_birth[np.asarray(self.spawns.birth)[spawn[rows]]]
        for at, parent in made:
            parents[at] = parent
        return parents

    def creators(self, ids: list[int]) -> list[int]:
        """Id of the creator of each track."""
        creators, known = self.spawns.creator, map(self.known.__getitem__, ids)
        return [one.creator if isinstance(one, Track) else creators[one] for one in known]

    def birth(self, id: int) -> Birth:
        """What is known of a track since its spawn; it is not made for that. The place is left out."""
        return self.births((id,))[0]

    def births(self, ids: Sequence[int]) -> list[Birth]:
        """The same of many."""
        births, birth = self.spawns.births.known, self.spawns.birth
        return [
            Birth(one.kind, one.base_name, one.parent, words.NOTHING, one.schedules)
            if type(one) is Track else births[birth[one]]
            for one in map(self.known.__getitem__, ids)
        ]

    def origin(self, id: int) -> Origin:
        """How the track began; it is not made for that."""
        known, spawns = self.known[id], self.spawns
        if isinstance(known, Track):
            return Origin(known.kind, known.parent, known.creator, known.place, known.doubt)
        birth = spawns.births.known[spawns.birth[known]]
        return Origin(birth.kind, birth.parent, spawns.creator[known], self._places.get(birth.place), None)

    def ending(self, exit: int) -> tuple[str | None, str | None, str | None]:
        """How the track ended whose exit has this number, with which value, and why that is inferred; it is not made
        for that."""
        known, exits, text = self.known[self.exits.track[exit]], self.exits, self._texts.get
        if isinstance(known, Track):
            return known.outcome, known.value, known.inferred
        outcome, inferred = exits.outcomes.known[exits.outcome[exit]]
        return outcome, text(exits.value[exit]), text(inferred)

    def copy_of(self, id: int) -> int:
        """Which track of the parent process the track was before the fork, NOBODY if none."""
        known = self.known[id]
        return known.copy_of if isinstance(known, Track) else words.NOBODY

    def process(self, id: int) -> int:
        """Number of the track's process."""
        known = self.known[id]
        return known.process if isinstance(known, Track) else 0

    def scheduling(self, others: bool = True) -> list[int]:
        """Ids of all tracks that schedule others, or of all that do not."""
        schedules, birth = [one.schedules for one in self.spawns.births.known], self.spawns.birth
        return [
            id for id, one in self.known.items()
            if (one.schedules if type(one) is Track else schedules[birth[one]]) == others
        ]

    def slices(self, ids: Sequence[int]) -> Iterator[SlicesOfMany]:
        """The slices of these tracks in their order, those that follow one another and are in a block together; no
        track is made for that."""
        for id in self._ended_in.keys() & ids:
            self.get(id)
        known = [*map(self.known.__getitem__, ids)]
        rows = np.array([-1 if type(one) is Track else one for one in known], dtype=np.int64)
        which, at = self._find(np.array(ids, dtype=np.int64), rows)
        apart = np.ones(len(rows), dtype=bool)
        apart[1:] = (which[1:] < 0) | (which[1:] != which[:-1])
        edges = [*apart.nonzero()[0].tolist(), len(rows)]
        for first, stop in pairwise(edges):
            track = known[first]
            if isinstance(track, Track):
                slices, steps = track.slices, track.step_slices
                columns = (
                    memoryview(column).cast("B") if column else b""
                    for column in (slices.start_ns, slices.state, slices.about, steps)
                )
                start_ns, state, about, own = columns
                yield SlicesOfMany(np.array([len(slices)]), start_ns, state, about, np.array([len(steps)]), own)
            elif which[first] < 0:
                yield SlicesOfMany(np.array([0]), b"", b"", b"", np.array([0]), b"")
            else:
                yield self._blocks[which[first]].of_tracks(at[first:stop])

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
        known = self.known[id]
        if isinstance(known, Track):
            return known.spawn_ns, known.exit_ns
        exit = self.over.get(id, -1)
        return self.spawns.ns[known], self.exits.ns[exit] if exit >= 0 else -1

    def version_of(self, ids: Iterable[int]) -> int:
        """Another number whenever anything of these tracks has changed; those that are not made change no more."""
        known = map(self.known.__getitem__, ids)
        return sum(one.version for one in known if isinstance(one, Track))

    def _make(self, id: int, spawn: int) -> Track:
        spawns = self.spawns
        kind, name, parent, place, schedules = spawns.births.known[spawns.birth[spawn]]
        track = self.known[id] = Track(id, kind, spawns.ns[spawn])
        track.base_name, track.number, track.version = name, spawns.number[spawn], 1
        track.parent, track.creator, track.schedules = parent, spawns.creator[spawn], schedules
        track.place = self._places.get(place)
        if (exit := self.over.get(id, -1)) >= 0:
            self._end(track, exit)
        for number in (bisect_right(self._spawned, spawn), self._ended_in.pop(id, len(self._blocks))):
            if number < len(self._blocks):
                block = self._blocks[number]
                at = int(block.ids.searchsorted(id))
                if at < len(block.ids) and block.ids[at] == id:
                    track.extend(block, at, None)
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
        return (one if isinstance(one, Track) else tracks[id] for id, one in tracks.known.items())
