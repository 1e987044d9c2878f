"""What rows are grouped and sorted by, which of them stay on top, which are hidden. A row in GROUPINGS each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence, Set
from enum import Enum
from typing import Any

from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.text.process_words import has_failed, title
from visualizer.paint.rows.order import Group, Row, RowList, Wish
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
        return -sum(called(timeline, track).spent_ns(state, timeline.last_ns) for track in counted)

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


def _by_process(timeline: Timeline, known: RowList, wish: Wish) -> list[Row]:
    """A group of each process, and in it what is under a thread. A process of one track stands for itself, unless there
    is more to tell of it: how it failed."""
    members: dict[int, list[int]] = {}
    for track in wish.wanted(timeline.tracks):
        members.setdefault(timeline.tracks[track].process, []).append(track)
    blocks = by_process(timeline, known.arrange(wish, grouped=True))
    found: list[Row] = []
    for number, tracks in sorted(members.items()):
        process, block = timeline.processes[number], blocks.get(number, [])
        if len(block) == len(tracks) == 1 and not has_failed(process):
            found += block
            continue
        row = wish.group(Group(process.track, words.PROCESS, title(timeline, process)), tracks, 0)
        found += [row] if row.collapsed else [row, *(one._replace(depth=one.depth + 1) for one in block)]
    return found


def by_process(timeline: Timeline, found: Iterable[Row]) -> dict[int, list[Row]]:
    """The rows of threads, with what is under each, by the number of their process."""
    blocks: dict[int, list[Row]] = {}
    block: list[Row] = []
    for row in found:
        if row.depth == 0:
            block = blocks.setdefault(timeline.process_of(row.track).number, [])
        block.append(row)
    return blocks


def _by_kind(timeline: Timeline, _: RowList, wish: Wish) -> list[Row]:
    kinds: dict[str, list[int]] = {}
    for track in wish.wanted(timeline.tracks):
        kinds.setdefault(timeline.tracks[track].kind, []).append(track)
    found: list[Row] = []
    for kind, tracks in kinds.items():
        row = wish.group(Group(words.NOBODY, kind, kind), tracks, 0)
        found += [row] if row.collapsed else [row, *wish.rows(tracks, 1)]
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
            waiting += [(child, depth + 1, away or hidden) for child in reversed(wish.in_order(below))]

    climb_down(wish.in_order(roots))
    # A damaged trace may say that two spawned one another.
    climb_down([track for track in wanted if track not in seen])
    return found


#: Each arranges the rows of a timeline, of which the RowList has those by thread and function.
GROUPINGS: dict[By, Callable[[Timeline, RowList, Wish], list[Row]]] = {
    By.FUNCTION: lambda _, known, wish: known.arrange(wish, grouped=True),
    By.THREAD: lambda _, known, wish: known.arrange(wish),
    By.KIND: _by_kind,
    By.SPAWN: _by_spawn,
    By.PROCESS: _by_process,
    By.NONE: lambda timeline, _, wish: wish.rows(wish.wanted(timeline.tracks), 0),
}
