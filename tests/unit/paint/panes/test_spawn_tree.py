"""The tree as lines."""

from __future__ import annotations

from tests.tui.traces import crowd
from tests.unit.analysis.tape import Tape, sleeps
from visualizer.analysis.explore.spawn_tree import Family, Kin
from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.panes.spawn_tree import node_runs, nodes
from visualizer.paint.text.cell_width import cell_width
from visualizer.trace import words


def drawn(
    timeline: Timeline, t_ns: int, unfolded: frozenset[Kin] = frozenset(), width: int = 60, *, ascii: bool = False
) -> list[str]:
    family = Family(timeline)
    family.take()
    lines = []
    for node in nodes(family, unfolded):
        crowd_ = TrackGroup(timeline)
        crowd_.follow(node.members)
        line = "".join(run.text for run in node_runs(timeline, node, t_ns, width, group=crowd_, ascii=ascii))
        assert cell_width(line) <= width
        lines.append(line.rstrip())
    return lines


def test_what_each_does_at_a_moment() -> None:
    timeline = sleeps().timeline()
    assert drawn(timeline, timeline.switch_ns[3]) == [
        "┈ main  waits: gevent.joinall(all), for 3 µs",
        "├ ┈ hub  waits",
        "├ ┈ foo  waits: sleep 2 s, for 1 µs",
        "└ █ bar  runs",
    ]
    assert drawn(timeline, 1_000)[2:] == ["├   foo  not created yet", "└   bar  not created yet"]
    assert drawn(timeline, timeline.last_ns, ascii=True) == [
        "v main  returned",
        "| - hub  waits, for 2 us",
        "| v foo  returned None",
        "` v bar  returned None",
    ]


def test_in_a_narrow_pane_what_each_does_is_told_in_fewer_words_before_it_is_cut() -> None:
    timeline = sleeps().timeline()
    assert drawn(timeline, timeline.switch_ns[3], width=38)[0] == "┈ main  waits: gevent.joinall(all)"
    tape = Tape().spawn("worker", words.GREENLET, "a_worker_with_a_long_name-1", parent="main", creator="main")
    assert drawn(tape.timeline(), 10**9, width=40)[1] == "└ · a_worker_wit…name-1  has not run yet"


def test_branches_go_on_where_more_come_below() -> None:
    tape = Tape()
    for key, creator in (("a", "main"), ("b", "a"), ("c", "b"), ("d", "main")):
        tape.spawn(key, words.GREENLET, parent="main", creator=creator)
    assert [
        line.partition(" ·")[0] + line.partition("·")[2].split("  ")[0] for line in drawn(tape.timeline(), 10**9)[1:]
    ] == [
        "├ a",
        "│ └ b",
        "│   └ c",
        "└ d",
    ]


def test_many_of_a_kind_share_a_line_until_they_are_unfolded() -> None:
    timeline = crowd(100).timeline()
    assert drawn(timeline, 400_000_000) == [
        "┈ main  waits: joinall, for 0.34 s",
        "├ █ hub  runs, for 1 ms",
        "├ ▸ worker ×100  100 wait",
        "└ · boss  has not run yet, for 0.37 s",
    ]
    kin = Kin(0, words.GREENLET, "worker")
    lines = drawn(timeline, 400_000_000, frozenset([kin]))
    assert lines[2] == "├ ▾ worker ×100  100 wait"
    assert lines[3].startswith("│ ├ ┈ worker-1  waits: sleep 0.5 s")
    assert lines[102].startswith("│ └ ┈ worker-100  waits: sleep 0.5 s")
    assert len(lines) == 104


def test_a_deep_tree_leaves_room_for_the_names() -> None:
    tape = Tape()
    before = "main"
    for number in range(60):
        tape.spawn(f"t{number}", words.GREENLET, parent="main", creator=before)
        before = f"t{number}"
    lines = drawn(tape.timeline(), 10**9, width=40)
    assert len(lines) == 61
    assert lines[60].startswith("…")
    assert "· t59  has not run" in lines[60]
