"""The spawn tree as lines: which are folded, and what each track does at a moment."""

from __future__ import annotations

from collections.abc import Set
from typing import NamedTuple

from visualizer.analysis.explore.spawn_tree import Family, Kin
from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import FINAL, State, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.paint.rows.group_row import state_counts
from visualizer.paint.rows.order import GROUP_FROM
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_cells, cell_width, fit, fit_name, is_wider
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.paint.text.wait_labels import wait_label
from visualizer.trace import words

#: Branches in front of a name, by whether more come below on that level.
_BRANCH, _TRUNK = {True: "├ ", False: "└ "}, {True: "│ ", False: "  "}
_IN_ASCII = str.maketrans("├└│▸▾", "|`|+-")
_VERBS = {
    State.CREATED: "has not run yet",
    State.READY: "ready",
    State.RUNNING: "runs",
    State.WAITING: "waits",
    State.IDLE: "idle",
    State.BLOCKED: "blocked",
    State.UNKNOWN: "unknown",
}


class Node(NamedTuple):
    """A line: that of `track`, or with `kin` that of a group: then `members` are its tracks, `track` the first of them.

    `trunk` says for each level above it whether more follow below on that level.
    """

    track: int
    trunk: tuple[bool, ...]
    kin: Kin | None = None
    members: tuple[int, ...] = ()
    folded: bool = False


def nodes(family: Family, unfolded: Set[Kin]) -> list[Node]:
    """All lines, each track below the one that spawned it. Many of a kind are one line, unless they are `unfolded`."""
    found: list[Node] = []
    waiting = _below(family, words.NOBODY, (), unfolded)
    while waiting:
        node = waiting.pop()
        found.append(node)
        if node.kin is None:
            # A damaged trace may have a track of that number.
            waiting += [] if node.track == words.NOBODY else _below(family, node.track, node.trunk, unfolded)
        elif not node.folded:
            last = len(node.members) - 1
            waiting += [Node(track, (*node.trunk, at < last)) for at, track in enumerate(node.members)][::-1]
    return found


def _below(family: Family, creator: int, trunk: tuple[bool, ...], unfolded: Set[Kin]) -> list[Node]:
    """The children of a track, the last first."""
    found: list[tuple[int, Kin | None, tuple[int, ...]]] = []
    for kin, tracks in family.children(creator):
        if len(tracks) >= GROUP_FROM:
            found.append((family.position(tracks[0]), kin, tuple(tracks)))
        else:
            found += [(family.position(track), None, (track,)) for track in tracks]
    found.sort(key=lambda one: one[0])
    # Tracks without a creator are at the left edge.
    levels = [() if creator == words.NOBODY else (*trunk, at < len(found) - 1) for at in range(len(found))]
    made = [
        Node(members[0], level, kin, members if kin is not None else (), kin is not None and kin not in unfolded)
        for (_, kin, members), level in zip(found, levels, strict=True)
    ]
    return made[::-1]


def node_runs(
    timeline: Timeline, node: Node, t_ns: int, width: int, *, group: TrackGroup | None = None, selected: bool = False,
    ascii: bool = False,
) -> list[Run]:
    """A line of `width` cells: the branch, then its name and what it does at `t_ns`. `group`: of a group's tracks."""
    branch = "".join([_TRUNK[more] for more in node.trunk[:-1]] + [_BRANCH[more] for more in node.trunk[-1:]])
    most = width // 2
    if len(branch) > most:
        branch = "…" + branch[-most:]
    if node.kin is not None:
        assert group is not None, "a group's line shows what its tracks do"
        branch += "▸ " if node.folded else "▾ "
        name = plain(f"{node.kin.name} ×{len(node.members)}")
        runs = [Run(branch, "dim"), Run(name, "selected" if selected else "name")]
        runs.append(Run(f"  {state_counts(group, t_ns)}", "ruler"))
    else:
        track = timeline.tracks[node.track]
        at = track.slices.at(t_ns)
        state = State(called(timeline, track).state[at]) if at >= 0 else None
        style = "selected" if selected else "dim" if state is None else "thread" if not node.trunk else "name"
        mark = Run(" ", "dim") if state is None else Run(glyphs(ascii)[state], STYLE_OF[state])
        name, said = plain(timeline.name(node.track, t_ns)), ""
        room = width - cell_width(branch) - len("?   ")
        for since in (True, False):
            said = _said(timeline, node.track, at, t_ns, since)
            if cell_width(name) + cell_width(said) <= room:
                break
        else:
            # What it does matters more than the middle of its name.
            most = max(width // 3, room - cell_width(said))
            name = fit_name(name, most) if is_wider(name, most) else name
        runs = [Run(branch, "dim"), mark, Run(" ", "dim"), Run(name, style)]
        runs.append(Run(f"  {said}", "dim" if state is None or state in FINAL else "ruler"))
    return _cut(runs, width, ascii)


def _said(timeline: Timeline, track_id: int, at: int, t_ns: int, how_long: bool) -> str:
    """In a few words, what a track does in slice number `at`, and for how long."""
    track = timeline.tracks[track_id]
    if at < 0:
        return "not created yet"
    state, about = State(called(timeline, track).state[at]), track.slices.about[at]
    if state in FINAL:
        value = f" {track.value}" if track.value is not None else ""
        return plain((track.outcome or "ended") + value)
    since_ns = t_ns - track.slices.start_ns[at]
    since = f", for {duration(since_ns, 2)}" if since_ns > 0 and how_long else ""
    if track.slices.state[at] == State.WAITING and not track.schedules and about >= 0:
        return f"{_VERBS[state]}: {wait_label(timeline, timeline.suspensions[about])}{since}"
    if state is State.BLOCKED:
        return plain(f"blocked by {timeline.name(about, t_ns)}{since}")
    return f"{_VERBS[state]}{since}"


def _cut(runs: list[Run], width: int, ascii: bool) -> list[Run]:
    """The runs in at most `width` cells."""
    found = []
    for text, style in runs:
        if cell_width(text) > width:
            text = fit(text, width)
        width -= cell_width(text)
        found.append(Run(ascii_cells(text.translate(_IN_ASCII)) if ascii else text, style))
    return found
