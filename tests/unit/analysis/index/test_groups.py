"""Many tracks as one, against a count of each."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.analysis.tape import STEP_NS, Tape, feed
from tests.unit.paint.events import greenlet_runs
from visualizer.analysis.index import group_runs, groups
from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.trace import events as ev
from visualizer.trace import words


def track_group_of(timeline: Timeline, *tracks: int) -> TrackGroup:
    group = TrackGroup(timeline)
    group.follow(tracks)
    return group


def counted(timeline: Timeline, tracks: tuple[int, ...], state: State, t_ns: int) -> int:
    """How many of the tracks are in that state, by looking at each."""
    found = 0
    for track in tracks:
        slices = timeline.tracks[track].slices
        index = slices.at(t_ns)
        found += index >= 0 and slices.state[index] == state
    return found


def two() -> Tape:
    """a runs from 3 to 4 and from 7 to 8 us, b from 5 to 6 us; then both have ended."""
    tape = Tape().spawn("a", words.GREENLET, parent="main").spawn("b", words.GREENLET, parent="main")
    tape.switch("main", "a").switch("a", "main").switch("main", "b").switch("b", "main").switch("main", "a")
    tape.exits("a").switch("a", "main").switch("main", "b").exits("b").switch("b", "main")
    return tape


def test_how_many_are_in_each_state_at_each_moment() -> None:
    group = track_group_of(two().timeline(), 1, 2)
    counts = {
        state.name: [group.count(state, us * STEP_NS) for us in range(13)]
        for state in (State.CREATED, State.RUNNING, State.WAITING, State.DONE)
    }
    assert counts == {
        "CREATED": [0, 1, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0],
        "RUNNING": [0, 0, 0, 1, 0, 1, 0, 1, 0, 0, 1, 0, 0],
        "WAITING": [0, 0, 0, 0, 1, 1, 2, 1, 1, 1, 0, 0, 0],
        "DONE": [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2],
    }
    assert (group.ended_ns, group.end) == (11 * STEP_NS, State.DONE)
    assert [group.changes(State.RUNNING, us * STEP_NS, (us + 1) * STEP_NS) for us in (1, 3, 5)] == [False] * 3
    assert group.changes(State.RUNNING, 3 * STEP_NS, 6 * STEP_NS)


def test_time_spent_is_that_of_all_together() -> None:
    group = track_group_of(two().timeline(), 1, 2)
    assert [group.spent_ns(State.WAITING, us * STEP_NS) // STEP_NS for us in (4, 5, 6, 7, 20)] == [0, 1, 2, 4, 7]


def test_runs_on_the_switch_axis() -> None:
    group = track_group_of(two().timeline(), 1, 2)
    assert group.runs.filled(np.array([0, 1, 1.5, 2, 3, 3.25, 4, 5, 6, 100])).tolist() == [
        0, 0, 0.5, 1, 1, 1.25, 2, 2, 3, 4,
    ]


def test_of_an_open_run_as_much_as_there_is() -> None:
    timeline = Tape().spawn("a", words.GREENLET, parent="main").switch("main", "a").timeline()
    group = track_group_of(timeline, 1)
    assert group.runs.filled(np.array([1, 1.5, 2])).tolist() == [0, 0.5, 1]
    assert group.ended_ns == -1


def test_nobody_and_the_worst_of_their_ends() -> None:
    timeline = two().timeline()
    assert track_group_of(timeline).ended_ns == -1
    for number, outcome in enumerate((words.CANCELLED, words.RAISED, words.RETURNED)):
        feed(timeline, [ev.Spawn(20_000 + number, 3 + number, words.GREENLET, -1, 0, -1, -1)])
        feed(timeline, [ev.Exit(21_000 + number, 3 + number, outcome, -1)])
    for tracks, ended_ns, end in (
        ((1, 2), 11 * STEP_NS, State.DONE), ((1, 2, 3), 21_000, State.STOPPED), ((3, 4, 5), 21_002, State.FAILED),
    ):
        group = track_group_of(timeline, *tracks)
        assert (group.ended_ns, group.end) == (ended_ns, end)


@given(greenlet_runs(), st.lists(st.integers(0, 10**7), min_size=1, max_size=5))
def test_it_agrees_with_a_count_of_each(timeline: Timeline, times_ns: list[int]) -> None:
    tracks = (1, 2, 3)
    group = track_group_of(timeline, *tracks)
    for t_ns in times_ns:
        for state in State:
            assert group.count(state, t_ns) == counted(timeline, tracks, state, t_ns)
        for state in (State.RUNNING, State.WAITING):
            each = sum(timeline.tracks[track].slices.spent_ns(state, t_ns) for track in tracks)
            assert group.spent_ns(state, t_ns) == each
    # Of the three, one runs between any two switches, unless it is the thread.
    runs = sum(len(timeline.tracks[track].steps) for track in tracks)
    assert group.runs.filled(np.array([timeline.switch_count + 1.0])).tolist() == [runs]


@given(greenlet_runs(), st.data())
def test_it_is_the_same_however_it_came_in(timeline: Timeline, data: st.DataObject) -> None:
    """A crowd that is followed while its timeline grows, in pieces, and gets more tracks, is one made at the end."""
    growing = Timeline()
    group = TrackGroup(growing)
    monkeypatch = pytest.MonkeyPatch()
    monkeypatch.setattr(groups, "_PIECE", groups._STRIDE)
    monkeypatch.setattr(group_runs, "_PIECE", 2)
    for track in timeline.tracks.values():
        feed(growing, [ev.Spawn(track.spawn_ns, track.id, track.kind, -1, track.parent, -1, -1)])
    for index in range(timeline.switch_count):
        switch = timeline.switch(index)
        feed(growing, [ev.Switch(switch.t_ns, switch.origin, switch.target, switch.cause, -1, -1)])
        if data.draw(st.booleans()):
            group.follow((1, 2, 3)[: data.draw(st.integers(1, 3))])
            if data.draw(st.booleans()):
                group.runs.filled(np.zeros(1))
    group.follow((1, 2, 3))
    monkeypatch.undo()
    whole = track_group_of(growing, 1, 2, 3)
    for t_ns in (*growing.switch_ns, growing.last_ns + 5):
        for state in State:
            assert group.count(state, t_ns) == whole.count(state, t_ns)
            assert group.spent_ns(state, t_ns) == whole.spent_ns(state, t_ns)
    places = np.arange(2 * growing.switch_count + 3) / 2
    assert group.runs.filled(places).tolist() == whole.runs.filled(places).tolist()


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 60)), min_size=200, max_size=600), st.data())
def test_many_changes_agree_with_a_count_of_each(steps: list[tuple[int, int]], data: st.DataObject) -> None:
    """More than are kept added up, and taken in with several passes."""
    timeline, t_ns, current = Timeline(), 0, 0
    lines: list[ev.Event] = [
        ev.Spawn(track, track, words.GREENLET if track else words.THREAD, 0 if track else -1, min(track, 1) - 1, -1, -1)
        for track in range(6)
    ]
    for target, passed_ns in steps:
        t_ns += passed_ns
        if target != current:
            lines.append(ev.Switch(t_ns, current, target, "switch", -1, -1))
            current = target
    feed(timeline, lines)
    tracks = tuple(range(1, 6))
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(groups, "_PIECE", 2 * groups._STRIDE)
        group = track_group_of(timeline, *tracks)
    times_ns = data.draw(st.lists(st.integers(0, t_ns + 10), min_size=1, max_size=20))
    counts, spent_ns = group.at(np.array(times_ns, dtype=np.float64))
    for place, at_ns in enumerate(times_ns):
        for state in (State.CREATED, State.READY, State.RUNNING, State.WAITING):
            assert counts[state, place] == counted(timeline, tracks, state, at_ns)
            each = sum(timeline.tracks[track].slices.spent_ns(state, at_ns) for track in tracks)
            assert spent_ns[state, place] == each
