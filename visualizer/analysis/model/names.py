"""Names of tracks: by what they serve, if that is known, and told apart by a number where several share one."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np

from visualizer.analysis.model.columns import Interned, append
from visualizer.analysis.model.tracks import Tracks
from visualizer.analysis.model.types import Track
from visualizer.trace import words
from visualizer.trace.columns import Column, grouped, nonzero, numbered


@dataclass(slots=True)
class _Namesakes:
    """The tracks of one name: how many there are, the sum of their ids, and the number that was given last."""

    count: int = 0
    ids: int = 0
    last: int = 0


class Renames(NamedTuple):
    """Columns: which track (its id) is called otherwise, and how (text id); `at`: when, ascending, in the order of what
    is told."""

    at: Column
    track: Column
    name: Column


class _Changes(NamedTuple):
    """The same, of tracks that are known. `spawn`: number of the track's spawn, -1 if it has been asked for; the names
    that it had and has are numbers."""

    at: Column
    track: Column
    spawn: Column
    own: Column
    name: Column


class Service(NamedTuple):
    """A track served `what`, such as "GET /report", from `start_ns` to `end_ns`, which is -1 if that is not known."""

    start_ns: int
    end_ns: int
    what: str


class _Serving:
    """What a track serves: from each of these times on, that or nothing. `name`: what it is called apart from that."""

    __slots__ = ("different", "name", "start_ns", "what")

    def __init__(self, name: str) -> None:
        self.name = name
        self.start_ns: list[int] = []
        self.what: list[str | None] = []
        self.different: set[str] = set()

    def between(self, start_ns: int, end_ns: int) -> str | None:
        """What is served for the longest between the two, or, if they are one, at that time."""
        first = max(0, bisect_right(self.start_ns, start_ns) - 1)
        last = bisect_right(self.start_ns, end_ns)
        edges_ns = [*(max(start_ns, edge_ns) for edge_ns in self.start_ns[first:last]), end_ns]
        lasted = zip((after - before for before, after in pairwise(edges_ns)), self.what[first:last], strict=True)
        # Of two that last as long the later one: that is what it goes on with.
        return max(((ns, number, what) for number, (ns, what) in enumerate(lasted)), default=(0, 0, None))[2]

    def services(self, exit_ns: int) -> list[Service]:
        """`exit_ns`: when the track ended, -1 if it has not."""
        ends = [*self.start_ns[1:], exit_ns]
        said = zip(self.start_ns, ends, self.what, strict=True)
        return [Service(start_ns, end_ns, what) for start_ns, end_ns, what in said if what is not None]


#: What the main thread is called; and often what it runs, as in `asyncio.run(main())`.
_MAIN = "main"


class Names:
    """The names of tracks. A number stays once it is given: tracks that share a name are not renumbered. The main
    thread needs none, and what it runs under its own name is a call: "main()".

    A track that serves one thing all its life goes by that, with its own name behind it; of one that serves several it
    depends on the time.
    """

    def __init__(self, tracks: Tracks, texts: Mapping[int, str]) -> None:
        self._tracks = tracks
        self._texts = texts
        self._namesakes: dict[str, _Namesakes] = {}
        self._serving: dict[int, _Serving] = {}
        #: The same of loops: the callbacks that they run. No name depends on that, but in what is said of a moment.
        self.calling: dict[int, _Serving] = {}
        #: Ids of those that serve different things at different times.
        self.changing: set[int] = set()
        #: How many names were changed.
        self.changed = 0
        #: Tracks that the user calls otherwise.
        self._called: dict[int, str] = {}

    def of(self, track: Track, at_ns: int | None = None, until_ns: int | None = None) -> str:
        """The name, with the track's number if others are called so, too; with what it serves at that time."""
        if at_ns is not None and track.id in self.calling:
            name = self.of(track)
            what = self.calling[track.id].between(at_ns, at_ns if until_ns is None else until_ns)
            return f"{what} ({name})" if what is not None else name
        if track.id in self._called:
            return self._called[track.id]
        serving = self._serving.get(track.id) if self._serving else None
        if serving is None:
            return self._numbered(track, track.base_name)
        name = self._numbered(track, serving.name)
        what = None
        if at_ns is not None:
            what = serving.between(at_ns, at_ns if until_ns is None else until_ns)
        if track.base_name != serving.name:
            what = track.base_name
        return f"{what} ({_unqualified(name)})" if what is not None else name

    def of_spawn(self, spawn: int) -> str:
        """The same of a track that nobody has asked for: by the number of its spawn."""
        spawns = self._tracks.spawns
        birth = spawns.births.known[spawns.birth[spawn]]
        return self._with_number(birth.name, birth.kind, spawns.number[spawn])

    @property
    def serving(self) -> Collection[int]:
        """Ids of the tracks that serve, or have served, anything."""
        return self._serving.keys()

    def all(self) -> dict[int, str]:
        """The names of all tracks, by id. None is made for that."""
        spawns, births, of = self._tracks.spawns, self._tracks.spawns.births.known, self.of
        shared = {name for name, namesakes in self._namesakes.items() if namesakes.count > 1}
        names = [birth.name for birth in births]
        in_front = [f"{name}-" if name in shared else "" for name in names]
        birth, number = spawns.birth, spawns.number
        found = {
            id: of(known) if isinstance(known, Track)
            else f"{front}{number[known]}" if (front := in_front[birth[known]]) else names[birth[known]]
            for id, known in self._tracks.look_all()
        }
        called_main = [number for number, name in enumerate(names) if name == _MAIN]
        for spawn in nonzero(np.isin(np.asarray(birth), called_main)).tolist():
            id = int(spawns.track[spawn])
            if self._tracks.look(id) == spawn:
                found[id] = self.of_spawn(spawn)
        return found

    def own(self, track: Track) -> str:
        """The name without a number, and without what the track serves."""
        serving = self._serving.get(track.id)
        return serving.name if serving is not None else track.base_name

    def all_of(self, track: Track) -> set[str]:
        """What the track may be asked for by: its name, that without its number, and what it serves."""
        own, serving = self.own(track), self._serving.get(track.id)
        return {self.of(track), self._numbered(track, own), own} | (serving.different if serving is not None else set())

    def services(self, track: Track) -> list[Service]:
        """What the track served, in order of time: the last at the longest up to its end."""
        serving = self._serving.get(track.id)
        return serving.services(track.exit_ns) if serving is not None else []

    def _numbered(self, track: Track, name: str) -> str:
        return self._with_number(name, track.kind, track.number)

    def _with_number(self, name: str, kind: str, number: int) -> str:
        if self._namesakes[name].count == 1:
            return name
        if name == _MAIN and (kind == words.THREAD) == (number == 1):
            return _MAIN if number == 1 else f"{_MAIN}()" if number == 2 else f"{_MAIN}()-{number - 1}"
        return f"{name}-{number}"

    def give(self, name: str, count: int, ids: int) -> int:
        """Name so many tracks that have no name yet, the sum of whose ids is `ids`. Return the number of the first; the
        next ones follow."""
        namesakes = self._namesakes.setdefault(name, _Namesakes())
        if namesakes.count == 1:
            # From now on its name has a number.
            self._tracks.changed(namesakes.ids)
        namesakes.count += count
        namesakes.ids += ids
        namesakes.last += count
        return namesakes.last - count + 1

    def begin(self, first: int, at: Column, renames: Renames) -> None:
        """Name the tracks from this number of a spawn on, which began at these places in the order of what is told, and
        give others another name. None is made for that."""
        spawns, names = self._tracks.spawns, Interned[str]()
        births, count = spawns.births, len(at)
        different, which = numbered(np.array(spawns.birth[first:]))
        begun = np.array([names.number(births.known[one].name) for one in different.tolist()], dtype=np.int64)[which]
        changes = self._changes(first, at, renames, names)
        ids = np.concatenate((np.array(spawns.track[first:], dtype=np.int64), changes.track))
        order = np.concatenate((at, changes.at)).argsort(kind="stable")
        numbers = np.empty(len(ids), dtype=np.int64)
        numbers[order] = self._give(ids[order], np.concatenate((begun, changes.name))[order], names.known)
        append(spawns.number, numbers[:count])
        if len(changes.at):
            self._change(changes, numbers[count:], names.known)

    def _give(self, ids: Column, which: Column, names: list[str]) -> Column:
        """Give each of these tracks one of the names. Return the number of each."""
        order, edges = grouped(which, len(names))
        counts, sums = np.diff(edges), np.zeros(len(names), dtype=np.int64)
        np.add.at(sums, which, ids)
        given = zip(names, counts.tolist(), sums.tolist(), strict=True)
        first = np.array([self.give(*one) if one[1] else 0 for one in given], dtype=np.int64)
        numbers = np.empty(len(ids), dtype=np.int64)
        numbers[order] = np.arange(len(ids)) + np.repeat(first - edges[:-1], counts)
        return numbers

    def _changes(self, first: int, at: Column, renames: Renames, names: Interned[str]) -> _Changes:
        """`first`, `at`: as above. `names`: numbers of names, to which those are added that are met here."""
        spawns, births, text = self._tracks.spawns, self._tracks.spawns.births.known, self._texts.get
        different, which = np.unique(renames.name, return_inverse=True)
        texts = [text(one) for one in different.tolist()]
        name = np.array([-1 if one is None else names.number(one) for one in texts], dtype=np.int64)[which]
        known: list[Any] = [*map(self._tracks.look, renames.track.tolist())]
        own = np.full(len(known), -1, dtype=np.int64)
        if not {int}.issuperset(map(type, known)):
            for number, one in enumerate(known):
                if not isinstance(one, int):
                    known[number] = -1
                    own[number] = names.number(self.own(one)) if one is not None else -1
        spawn = np.array(known, dtype=np.int64)
        unmade = nonzero(spawn >= 0)
        of_birth, whose = numbered(np.asarray(spawns.birth)[spawn[unmade]])
        own[unmade] = np.array([names.number(births[one].name) for one in of_birth.tolist()], dtype=np.int64)[whose]
        is_known = (name >= 0) & (own >= 0)
        # In a damaged trace the track may begin only later.
        new = nonzero(spawn >= first)
        is_known[new] &= at[spawn[new] - first] <= renames.at[new]
        some = nonzero(is_known)
        some = some[renames.track[some].argsort(kind="stable")]
        again = nonzero(np.diff(renames.track[some]) == 0) + 1
        own[some[again]] = name[some[again - 1]]
        some = np.sort(some[own[some] != name[some]])
        return _Changes(renames.at[some], renames.track[some], spawn[some], own[some], name[some])

    def _change(self, changes: _Changes, numbers: Column, names: list[str]) -> None:
        """Tracks have been given these numbers of their new names."""
        spawns, births = self._tracks.spawns, self._tracks.spawns.births
        sums = np.zeros(len(names), dtype=np.int64)
        np.add.at(sums, changes.own, changes.track)
        counts = np.bincount(changes.own, minlength=len(names))
        for name, count, ids in zip(names, counts.tolist(), sums.tolist(), strict=True):
            if count:
                self._take_back(name, count, ids)
        for one in nonzero(changes.spawn < 0).tolist():
            track = self._tracks[int(changes.track[one])]
            self._put(track, names[changes.name[one]], int(numbers[one]))
        those = nonzero(changes.spawn >= 0)
        if len(those):
            spawn, birth = changes.spawn[those], np.frombuffer(spawns.birth, dtype=np.int32)
            different, which = numbered(birth[spawn] * len(names) + changes.name[those])
            pairs = [divmod(pair, len(names)) for pair in different.tolist()]
            like = [births.number(births.known[one]._replace(name=names[name])) for one, name in pairs]
            # Of a track that is renamed again the last counts.
            birth[spawn] = np.array(like, dtype=np.int32)[which]
            np.frombuffer(spawns.number, dtype=np.int32)[spawn] = numbers[those]

    def _take_back(self, name: str, count: int, ids: int) -> None:
        """So many tracks, the sum of whose ids is `ids`, are not called so any more."""
        self.changed += count
        namesakes = self._namesakes[name]
        namesakes.count -= count
        namesakes.ids -= ids
        if namesakes.count == 1:
            self._tracks.changed(namesakes.ids)

    def change(self, track: Track, name: str) -> None:
        """Give a track another name."""
        self._take_back(self.own(track), 1, track.id)
        self._put(track, name, self.give(name, 1, track.id))

    def _put(self, track: Track, name: str, number: int) -> None:
        """The track has this name now, and that number."""
        track.base_name, track.number = name, number
        track.version += 1
        serving = self._serving.get(track.id)
        if serving is not None:
            serving.name = name
            self._call(track, serving)

    def serve(self, track: Track, t_ns: int, what: str | None) -> None:
        """The track serves that from `t_ns` on, or nothing any more; of a loop: it runs that callback."""
        if track.kind == words.LOOP:
            calling = self.calling.setdefault(track.id, _Serving(track.base_name))
            calling.start_ns.append(max(t_ns, calling.start_ns[-1]) if calling.start_ns else t_ns)
            calling.what.append(what)
            track.version += 1
            return
        serving = self._serving.get(track.id)
        if serving is None:
            serving = self._serving[track.id] = _Serving(track.base_name)
        serving.start_ns.append(max(t_ns, serving.start_ns[-1]) if serving.start_ns else t_ns)
        serving.what.append(what)
        if what is not None:
            serving.different.add(what)
        track.version += 1
        self._call(track, serving)

    def _call(self, track: Track, serving: _Serving) -> None:
        """Have a track be called by what it serves, if that is one thing. A thread is more than that."""
        if track.id in self.changing:
            return
        if len(serving.different) > 1 or track.kind == words.THREAD:
            self.changing.add(track.id)
        name = next(iter(serving.different), serving.name) if track.id not in self.changing else serving.name
        if name != track.base_name:
            track.base_name = name
            self.changed += 1

    def call(self, tracks: Iterable[Track], name: str, text: str) -> bool:
        """Call the track of that name, or all that share it, `text` from now on. Return whether there is one."""
        known = list(tracks)
        for track in known:
            if name in self.all_of(track) - {track.base_name, self.own(track)}:
                self._called[track.id] = text
                return True
        named = [track for track in known if name in (track.base_name, self.own(track))]
        for track in named:
            self.change(track, text)
            if self._serving.pop(track.id, None) is not None:
                # Whatever it serves.
                self.changing.discard(track.id)
                track.base_name = text
        return bool(named)


def _unqualified(name: str) -> str:
    """The name of a function without its class."""
    return name.rpartition(".")[2] if name.partition("-")[0].replace(".", "_").isidentifier() else name
