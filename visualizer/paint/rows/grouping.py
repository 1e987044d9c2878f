"""What rows are grouped and sorted by, which of them stay on top, which are hidden. A row in GROUPINGS each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence, Set
from enum import Enum
from typing import Any, NamedTuple

from visualizer.analysis.model.timeline import State, Timeline
from visualizer.paint.rows.order import Group, Row, RowList
from visualizer.trace import words

_DIGITS = re.compile("([0-9]+)")
#: What a row is of: a track, or a group.
Subject = int | Group


class By(Enum):
    """What the rows are grouped by; the value is its name on the screen."""

    FUNCTION = "function"
    THREAD = "thread"
    KIND = "kind"
    SPAWN = "spawn tree"
    PROCESS = "process"
    NONE = "nothing"


class RowOrder(Enum):
    """What the rows are sorted by, within their group; the value is its name on the screen."""

    START = "start"
    NAME = "name"
    RUNNING = "most running"
    READY = "most ready"
    WAITING = "most waiting"


_STATE_OF = {RowOrder.RUNNING: State.RUNNING, RowOrder.READY: State.READY, RowOrder.WAITING: State.WAITING}


class Wish(NamedTuple):
    """`collapsed`: tracks whose children are not wanted; `folded`: groups whose members are not, None for all groups.

    `only`: which tracks are wanted, None for all. `key`: what rows are sorted by, given the tracks of each.
    """

    collapsed: Set[int] = frozenset()
    folded: Set[Group] | None = frozenset()
    only: Callable[[int], bool] | None = None
    key: Callable[[Sequence[int]], Any] | None = None


def arranged(timeline: Timeline, known: RowList, by: By, wish: Wish) -> list[Row]:
    """The rows of `timeline`, of which `known` are those by thread and function."""
    return GROUPINGS[by](timeline, known, wish)


def sorting(timeline: Timeline, order: RowOrder) -> Callable[[Sequence[int]], Any] | None:
    """What to sort rows by, given the tracks of each; None: as they began. The longest time comes first."""
    if order is RowOrder.START:
        return None
    if order is RowOrder.NAME:
        return lambda tracks: _natural(timeline.name(tracks[0]))
    state = _STATE_OF[order]

    def spent(tracks: Sequence[int]) -> int:
        found = (timeline.tracks[track] for track in tracks)
        # A hub waits whenever another track runs: of no interest.
        counted = (track for track in found if state is not State.WAITING or not track.schedules)
        return -sum(track.slices.spent_ns(state, timeline.last_ns) for track in counted)

    return spent


def _natural(name: str) -> list[tuple[int, str]]:
    """So that worker-2 comes before worker-10."""
    parts = _DIGITS.split(name.casefold())
    return [(len(part.lstrip("0")), part.lstrip("0")) if at % 2 else (0, part) for at, part in enumerate(parts)]


def subject(row: Row) -> Subject:
    """What `row` is of."""
    return row.track if row.group is None else row.group


def lifted(found: Sequence[Row], pinned: Sequence[Subject], hidden: Set[Subject]) -> tuple[list[Row], int]:
    """The rows without hidden ones, pinned ones first with their children; and how many are pinned.

    A track that is pinned has a row also where it would be folded away.
    """
    blocks: dict[Subject, list[Row]] = {}
    rest: list[Row] = []
    #: What is open: into which list its rows go, and how deep it stands. One that is pinned may be in another.
    into = [(rest, 0)]
    skipped = -1
    for row in found:
        if skipped >= 0 and row.depth > skipped:
            continue
        skipped = -1
        while len(into) > 1 and row.depth <= into[-1][1]:
            into.pop()
        if subject(row) in hidden:
            skipped = row.depth if row.group is not None else -1
            continue
        if subject(row) in pinned:
            into.append((blocks.setdefault(subject(row), []), row.depth))
        block, depth = into[-1]
        block.append(row._replace(depth=row.depth - depth))
    top: list[Row] = []
    for one in pinned:
        if one in blocks:
            top += blocks[one]
        elif isinstance(one, int) and one not in hidden:
            top.append(Row(one, 0, False))
    return [*top, *rest], len(top)


def _by_function(_: Timeline, known: RowList, wish: Wish) -> list[Row]:
    return known.arrange(wish.collapsed, wish.folded, grouped=True, only=wish.only, key=wish.key)


def _by_thread(_: Timeline, known: RowList, wish: Wish) -> list[Row]:
    return known.arrange(wish.collapsed, wish.folded, only=wish.only, key=wish.key)


def _by_process(timeline: Timeline, known: RowList, wish: Wish) -> list[Row]:
    """A group of each process; in it the threads, and under each what runs on it."""
    blocks: dict[int, list[Row]] = {}
    for row in known.arrange(wish.collapsed, wish.folded, only=wish.only, key=wish.key):
        if row.depth == 0:
            block = blocks.setdefault(timeline.process_of(row.track).number, [])
        block.append(row._replace(depth=row.depth + 1))
    members: dict[int, list[int]] = {}
    for track in timeline.tracks.values():
        if wish.only is None or wish.only(track.id):
            members.setdefault(track.process, []).append(track.id)
    found: list[Row] = []
    for number, tracks in sorted(members.items()):
        process = timeline.processes[number]
        group = Group(process.track, words.PROCESS, process.name)
        hidden = wish.folded is None or group in wish.folded
        found.append(Row(tracks[0], 0, True, hidden, group, tuple(tracks)))
        if not hidden:
            found += blocks.get(number, ())
    return found


def _by_kind(timeline: Timeline, _: RowList, wish: Wish) -> list[Row]:
    groups: dict[Group, list[int]] = {}
    for track in timeline.tracks.values():
        if wish.only is None or wish.only(track.id):
            groups.setdefault(Group(words.NOBODY, track.kind, track.kind), []).append(track.id)
    found: list[Row] = []
    for group, tracks in groups.items():
        hidden = wish.folded is None or group in wish.folded
        found.append(Row(tracks[0], 0, True, hidden, group, tuple(tracks)))
        if not hidden:
            found += (Row(track, 1, False) for track in _in_order(tracks, wish))
    return found


def _by_spawn(timeline: Timeline, _: RowList, wish: Wish) -> list[Row]:
    tracks = timeline.tracks
    wanted: Iterable[int] = tracks
    if wish.only is not None:
        climbed: set[int] = set()
        for track in filter(wish.only, tracks):
            while track in tracks and track not in climbed:
                climbed.add(track)
                track = tracks[track].creator
        wanted = [track for track in tracks if track in climbed]
    children: dict[int, list[int]] = {}
    roots: list[int] = []
    for track in wanted:
        creator = tracks[track].creator
        (children.setdefault(creator, []) if creator in tracks and creator != track else roots).append(track)
    found: list[Row] = []
    seen: set[int] = set()

    def climb_down(begin: list[int]) -> None:
        # Not by recursion: a spawn chain may be thousands long.
        waiting = [(track, 0, False) for track in reversed(begin)]
        while waiting:
            track, depth, away = waiting.pop()
            if track in seen:
                continue
            seen.add(track)
            below = children.get(track, ())
            hidden = track in wish.collapsed and bool(below)
            if not away:
                found.append(Row(track, depth, bool(below), hidden))
            waiting += [(child, depth + 1, away or hidden) for child in reversed(_in_order(below, wish))]

    climb_down(_in_order(roots, wish))
    # A damaged trace may say that two spawned one another.
    climb_down([track for track in wanted if track not in seen])
    return found


def _by_nothing(timeline: Timeline, _: RowList, wish: Wish) -> list[Row]:
    wanted = [track for track in timeline.tracks if wish.only is None or wish.only(track)]
    return [Row(track, 0, False) for track in _in_order(wanted, wish)]


def _in_order(tracks: Sequence[int], wish: Wish) -> list[int]:
    key = wish.key
    return list(tracks) if key is None else sorted(tracks, key=lambda track: key((track,)))


GROUPINGS: dict[By, Callable[[Timeline, RowList, Wish], list[Row]]] = {
    By.FUNCTION: _by_function,
    By.THREAD: _by_thread,
    By.KIND: _by_kind,
    By.SPAWN: _by_spawn,
    By.PROCESS: _by_process,
    By.NONE: _by_nothing,
}
