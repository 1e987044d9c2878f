"""What comes of lines does not depend on how many of them come at a time."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.soak import count
from tests.unit.analysis.load.programs import program
from tests.unit.analysis.tape import Tape
from visualizer.analysis.load.loader import Loader
from visualizer.analysis.model.all_slices import AllSlices
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.trace import events as ev
from visualizer.trace import words
from visualizer.trace.columns import Columnizer
from visualizer.trace.source import Line

#: Greenlets 1 (the hub) to 5 of thread 0, and generators from 6 on.
GREENLETS = range(1, 6)
GENERATORS = range(6, 9)
TEXTS = ["None", "1", "track 2", "tracks 2, 3", "Event 1"]
#: So many lines at a time.
SIZES = (1, 2, 7, 50)
OUTCOMES = (words.RETURNED, words.RAISED, words.CLOSED, words.KILLED)
HUB_HOG_NS = 150_000_000

Record = dict[str, Any]


def beginning() -> list[Line]:
    lines: list[Line] = [ev.Text(number, text) for number, text in enumerate(TEXTS)]
    lines += [ev.Place(number, 0, 0, 10 + number) for number in range(3)]
    lines.append(ev.Spawn(0, 0, words.THREAD, 1, words.NOBODY, words.NOBODY, words.NOTHING))
    for track in GREENLETS:
        kind = words.HUB if track == 1 else words.GREENLET
        lines.append(ev.Spawn(track, track, kind, 1, 1 if track > 1 else 0, 0, words.NOTHING))
    lines += [ev.Spawn(track, track, words.GENERATOR, 1, words.NOBODY, 0, words.NOTHING) for track in GENERATORS]
    return lines


def abouts(track: Track) -> list[int]:
    """Without whom a hub is blocked by that still is: that depends on when one looks."""
    known = list(track.slices.about)
    return known[:-1] if track.state is State.BLOCKED else known


def outlined(timeline: Timeline) -> list[Any]:
    """What is told of many tracks at a time, track by track."""
    found = [
        (id, outline, value)
        for ids, outline, values in timeline.tracks.outlines(OUTCOMES)
        for id, value in zip(ids.tolist(), values or [None] * len(ids), strict=True)
    ]
    return sorted(found, key=itemgetter(0))


def record(timeline: Timeline) -> Record:
    """All that a timeline has; at first what is read of tracks without making them."""
    unmade = outlined(timeline)
    every = AllSlices(timeline.tracks, [*timeline.tracks])
    # As in `abouts`.
    about, lasts = every.about.copy(), every.lasts
    about[lasts[every.state[lasts] == State.BLOCKED]] = -1
    columns = every.bounds, every.start_ns, every.state, about, every.step_bounds, every.runs
    found = {
        "slices": [column.tolist() for column in columns],
        "ended": [*timeline.tracks.ended_after_steps({one.kind for _, one, _ in timeline.tracks.outlines(())})],
        "tracks": [
            (track.id, track.kind, timeline.name(track.id), track.parent, track.creator, track.place, track.spawn_ns,
             list(track.slices.start_ns), list(track.slices.state), abouts(track), list(track.steps),
             list(track.step_slices), track.exit_ns, track.outcome, track.value, track.inferred)
            for track in timeline.tracks.values()
        ],
        "lives": (timeline.spawns, timeline.exits),
        "switches": [timeline.switch(index) for index in range(timeline.switch_count)],
        "suspensions": list(timeline.suspensions),
        "wakeups": list(timeline.wakeups),
        "order": list(timeline.order()),
        "outputs": timeline.outputs,
        "samples": (timeline.samples.ns, timeline.samples.track, timeline.samples.place),
        "occurred": timeline.occurred,
        "last": timeline.last_ns,
        "schedulers": timeline.schedulers.known,
    }
    assert outlined(timeline) == unmade
    return found


def defined(lines: Sequence[Line]) -> int:
    """How many texts and places they begin with."""
    return next((at for at, line in enumerate(lines) if not isinstance(line, (ev.Text, ev.Place))), len(lines))


def taken(lines: Sequence[Line], size: int) -> Timeline:
    """What comes of these lines where so many are taken in at a time, the first with what is defined before them."""
    loader = Loader()
    begin, end = 0, defined(lines) + size
    while begin < len(lines):
        loader.take(lines[begin:end])
        begin, end = end, end + size
    return loader.timeline


def agree(one: Timeline, other: Timeline) -> None:
    found, expected = record(one), record(other)
    for what in expected:
        assert found[what] == expected[what], what


def check(lines: Sequence[Line]) -> Timeline:
    """However the lines are divided, the same comes of them; one of those of SIZES that divide them is tried."""
    timeline = taken(lines, max(1, len(lines)))
    sizes = [size for size in SIZES if size < len(lines) - defined(lines)] or SIZES[:1]
    agree(taken(lines, sizes[len(lines) % len(sizes)]), timeline)
    return timeline


#: How long after the line before it comes; now and then long enough for a hub to be blocked.
PAUSES = st.sampled_from([0, 0, 1, 5, 100, HUB_HOG_NS])
STEP = st.tuples(st.integers(0, 10), st.sampled_from(GREENLETS), st.integers(-1, 4), PAUSES)


def greenlet_lines(steps: list[tuple[int, int, int, int]]) -> list[Line]:
    """Waits, wakes, wakes taken back, and switches, as gevent makes them; also such as never fit together."""
    lines: list[Line] = []
    t_ns, current = 100, 0
    for what, track, number, pause in steps:
        t_ns += pause
        if what == 0:
            lines.append(ev.Wait(t_ns, words.CURRENT, words.SLEEP, 1, 50 if number > 2 else -1, max(number, 0)))
        elif what == 1:
            lines.append(ev.Wake(t_ns, track, words.CURRENT, words.CALLBACK))
        elif what == 2:
            lines.append(ev.Wake(t_ns, track, number, words.TIMER))
        elif what == 3:
            lines.append(ev.Unready(t_ns, track))
        elif what == 10:
            lines.append(ev.Sample(t_ns, words.CURRENT, max(number, 0) % 3))
        elif track != current:
            origin = words.CURRENT if what % 2 else current
            lines.append(ev.Switch(t_ns, origin, track, words.SWITCH, number, max(number, 0) % 3))
            current = track
    return lines


@given(st.lists(STEP, max_size=60))
def test_greenlets(steps: list[tuple[int, int, int, int]]) -> None:
    check(beginning() + greenlet_lines(steps))


@given(st.lists(st.tuples(st.sampled_from(GENERATORS), st.integers(0, 2), st.integers(-1, 1), PAUSES), max_size=40))
def test_generators(turns: list[tuple[int, int, int, int]]) -> None:
    """One track resumes generators, at several places, in turn or not, and some of them give nothing."""
    lines: list[Line] = []
    t_ns = 100
    for track, place, value, pause in turns:
        lines.append(ev.Resume(t_ns, track, words.NEXT, -1, place))
        lines.append(ev.Yield(t_ns + pause, track, value, place))
        t_ns += pause + 1
    check(beginning() + lines)
    check(beginning() + lines[:-1])
    check(beginning() + lines[:1] + greenlet_lines([(5, 2, 1, 1), (5, 3, 1, 1), (5, 0, 1, 1)]) + lines[1:])


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(0, 40), PAUSES), min_size=1, max_size=120),
    st.integers(0, 80),
    st.booleans(),
)
def test_generators_inside_one_another(steps: list[tuple[int, int, int]], cut: int, with_greenlets: bool) -> None:
    """Chains that grow and are left again, inside greenlets that switch in the middle of them, or of one thread."""
    lines: list[Line] = []
    t_ns, bottom, stacks = 100, 0, {track: [track] for track in (0, *GREENLETS)}
    for what, number, pause in steps:
        t_ns += pause
        stack = stacks[bottom]
        resumed = {track for others in stacks.values() for track in others}
        idle = [track for track in range(6, 14) if track not in resumed]
        if what <= 4 and idle:
            track = idle[number % len(idle)]
            lines.append(ev.Resume(t_ns, track, words.NEXT, number % 3 - 1, number % 2))
            stack.append(track)
        elif what <= 7 and len(stack) > 1:
            lines.append(ev.Yield(t_ns, stack.pop(), number % 5 - 1, number % 3))
        elif what == 8 and len(stack) > 1 and number < 10:
            lines.append(ev.Exit(t_ns, stack.pop(), OUTCOMES[number % 2], -1))
        elif with_greenlets and number % 6 != bottom:
            lines.append(ev.Switch(t_ns, words.CURRENT, number % 6, words.SWITCH, -1, number % 3))
            bottom = number % 6
    start = beginning() + [ev.Spawn(50, track, words.GENERATOR, 1, -1, 0, -1) for track in range(9, 14)]
    check(start + lines)
    check(start + lines[:cut] + [ev.Note(t_ns, "between")] + lines[cut:])


@pytest.mark.parametrize("depth", [1, 2, 3, 150])
def test_a_chain_of_generators(depth: int) -> None:
    """Steps through all of a chain, the last of which is not over."""
    chain = range(20, 20 + depth)
    lines: list[Line] = [ev.Spawn(50, track, words.GENERATOR, 1, -1, 0, -1) for track in chain]
    for step in range(max(2, 40 // depth)):
        lines += [ev.Resume(100 + step, track, words.NEXT, -1, 1) for track in chain]
        lines += [ev.Yield(100 + step, track, 1, 2) for track in reversed(chain)]
    for cut in {len(lines), len(lines) - 1, len(lines) - depth, len(lines) - depth - 1}:
        check(beginning() + lines[:cut])


@given(st.lists(st.tuples(st.integers(0, 13), st.integers(0, 40), PAUSES), min_size=1, max_size=80))
def test_greenlets_that_begin_and_end(steps: list[tuple[int, int, int]]) -> None:
    """As programs make them, and now and then as no program does."""
    lines = beginning()
    t_ns, current, new, alive = 100, 0, 20, [0, *GREENLETS]
    for what, number, pause in steps:
        t_ns += pause
        other = alive[number % len(alive)]
        if what <= 2:
            creator = words.CURRENT if what else other
            lines.append(ev.Spawn(t_ns, new, words.GREENLET, number % 3, 1, creator, number % 4 - 1))
            alive.append(new)
            new += 1
        elif what == 3:
            lines.append(ev.Name(t_ns, other, number % 3))
        elif what == 4:
            lines.append(ev.Wake(t_ns, other, words.CURRENT, words.SPAWN))
        elif what == 5:
            lines.append(ev.Wait(t_ns, words.CURRENT, words.SLEEP, 1, 50, number % 5))
        elif what <= 8 and current > 1:
            lines.append(ev.Exit(t_ns, current, OUTCOMES[number % 4], number % 3, number % 5 - 4))
            lines.append(ev.Switch(t_ns, current, 1, words.SWITCH, -1, -1))
            alive.remove(current)
            current = 1
        elif what == 9 and other not in (0, 1, current):
            lines.append(ev.Exit(t_ns, other, OUTCOMES[number % 4], -1))
            alive.remove(other)
        elif what == 10 and number == 7:
            # Twice the same, of a track that is not known, or of one that has ended.
            lines.append(ev.Exit(t_ns, (other, new + 5, 20)[pause % 3], words.RETURNED, -1))
        elif other != current:
            lines.append(ev.Switch(t_ns, words.CURRENT, other, words.SWITCH, -1, number % 3))
            current = other
    check(lines)


@given(st.lists(st.tuples(st.integers(0, 11), st.integers(0, 40), st.integers(0, 1)), min_size=1, max_size=80))
def test_generators_that_begin_and_end(steps: list[tuple[int, int, int]]) -> None:
    lines = beginning()
    t_ns, new, alive = 100, 20, [*GENERATORS]
    for what, number, pause in steps:
        t_ns += pause
        if what <= 1 or not alive:
            lines.append(ev.Spawn(t_ns, new, words.GENERATOR, number % 3, -1, (words.CURRENT, 0, -1)[number % 3], -1))
            alive.append(new)
            new += 1
            continue
        track = alive[number % len(alive)]
        place, value = number % 2, number % 5 - 1
        if what == 2:
            lines.append(ev.Name(t_ns, track, number % 3))
        elif what == 3:
            lines.append(ev.Exit(t_ns, track, words.CLOSED, -1, 1))
            alive.remove(track)
        elif what <= 5:
            cause = words.CLOSE if what == 4 else words.NEXT
            lines.append(ev.Resume(t_ns, track, cause, -1, place))
            lines.append(ev.Exit(t_ns, track, OUTCOMES[number % 3], value))
            alive.remove(track)
        elif what == 6 and number == 7:
            lines.append(ev.Resume(t_ns, track, words.NEXT, -1, place))
            lines.append(ev.Spawn(t_ns, new, words.GENERATOR, 0, -1, words.CURRENT, -1))
            alive.append(new)
            new += 1
            lines.append(ev.Yield(t_ns, track, value, place))
        elif what == 7 and number == 8:
            lines.append(ev.Exit(t_ns, (0, track + 50, 6)[pause], words.RETURNED, -1))
        else:
            cause = words.CLOSE if number == 9 else words.SEND
            lines.append(ev.Resume(t_ns, track, cause, value, place))
            lines.append(ev.Yield(t_ns, track, value, place + 1))
    check(lines)
    check(lines[:-1])


@given(st.lists(st.tuples(st.integers(0, 15), st.sampled_from(GREENLETS), PAUSES), min_size=1, max_size=60), st.data())
def test_rows(rows: list[tuple[int, int, int]], data: st.DataObject) -> None:
    """Shapes of one line and of several; some rows have a value of their own, and some are of no known shape."""
    switch = ev.Switch(0, words.CURRENT, words.SUBJECT, words.SWITCH, -1, 1)
    shapes = [
        ev.Shape(0, [switch]),
        ev.Shape(1, [ev.Wait(0, words.CURRENT, words.SLEEP, 1, 0), ev.Wake(0, words.CURRENT, 1, words.TIMER), switch]),
        ev.Shape(2, [ev.Wake(0, words.SUBJECT, words.CURRENT, words.CALLBACK)]),
        ev.Shape(3, [ev.Unready(0, words.SUBJECT)]),
        ev.Shape(4, [ev.Resume(0, words.SUBJECT, words.NEXT, -1, 2), ev.Yield(0, words.SUBJECT, 0, 2)]),
        ev.Shape(5, [ev.Wait(0, words.CURRENT, words.EVENT, 1, -1, 4), switch]),
        ev.Shape(7, [ev.Resume(0, words.SUBJECT, words.SEND, -1, 2)]),
        ev.Shape(8, [ev.Yield(0, words.SUBJECT, 0, 2)]),
        ev.Shape(9, [ev.Spawn(0, words.SUBJECT, words.GENERATOR, 1, -1, words.CURRENT, 1)]),
        ev.Shape(10, [ev.Exit(0, words.SUBJECT, words.RETURNED, -1)]),
        ev.Shape(12, [ev.Wait(0, words.CURRENT, words.LOCK, 1, -1, 4), ev.Park(0, words.CURRENT, 1)]),
        ev.Shape(14, [ev.Wait(0, words.CURRENT, words.FUTURE, 1, -1, words.SUBJECT), ev.Yield(0, words.CURRENT, 3, 1)]),
        ev.Shape(15, [ev.Name(0, words.SUBJECT, 2)]),
        ev.Shape(13, [ev.Wake(0, words.CURRENT, words.SUBJECT, words.CALLBACK), ev.Unpark(0, words.CURRENT)]),
    ]
    cut = data.draw(st.integers(0, len(rows)))
    t_ns, packed = 100, []
    for shape, track, pause in rows:
        t_ns += pause
        # From the eighth shape on it is of tracks that are not known yet.
        value = (track + pause) % 5 if shape > 6 else 0
        packed.append(struct.pack("<qqq", t_ns, track + 4 * (shape > 6), shape + (value << 32)))
    some, others = ev.Rows(b"".join(packed[:cut])), ev.Rows(b"".join(packed[cut:]))
    lines = [*beginning(), *shapes, some, ev.Note(t_ns, "between"), others]
    source = Columnizer()
    for told_of in shapes:
        source.learn(told_of)
    told = [event for line in lines for event in (source.events_of(line) if type(line) is ev.Rows else [line])]
    agree(check(lines), taken([line for line in told if type(line) is not ev.Shape], 1000))


def test_generators_whose_ids_are_far_apart() -> None:
    """As only a damaged trace has them: what is kept by ids is not kept for all in between."""
    lines, t_ns, far = beginning(), 100, [11, 2**29, 12, 2**29 + 5]
    for number, track in enumerate(far):
        lines.append(ev.Spawn(t_ns, track, words.GENERATOR, 1, words.NOBODY, 0, number % 2))
    for turn in range(3):
        for track in far:
            t_ns += 10
            lines.append(ev.Resume(t_ns, track, words.NEXT, words.NOTHING, 1))
            if turn == 2 and track != 12:
                lines.append(ev.Exit(t_ns + 5, track, words.RETURNED, words.NOTHING))
            else:
                lines.append(ev.Yield(t_ns + 5, track, 0, 2))
    timeline = check(lines)
    assert [track for tracks in timeline.schedulers.known.values() for track in tracks] == sorted(far)
    assert [*timeline.exits] == [11, 2**29, 2**29 + 5]
    for size in SIZES:
        agree(taken(lines, size), timeline)


def test_names_that_come_later_than_their_tracks() -> None:
    """Of two tracks, one of which a damaged trace spawns twice; between them something is printed."""
    lines: list[Line] = []
    for t_ns, track in ((100, 20), (200, 20), (300, 21)):
        lines += [ev.Spawn(t_ns, track, words.GREENLET, 1, 1, 0, -1), ev.Output(t_ns, "stdout", "hello")]
    lines += [ev.Name(400, 20, 2), ev.Spawn(500, 22, words.GREENLET, 1, 1, 0, -1), ev.Name(600, 22, 2)]
    timeline = check(beginning() + lines)
    assert [timeline.name(track) for track in (20, 21, 22)] == ["track 2-1", "1-12", "track 2-2"]


def test_a_thread_that_waits_in_a_call() -> None:
    """Another thread runs meanwhile, and ends that; what stands on its stack is what waits."""
    tape = Tape().spawn("worker", words.THREAD).spawn("items", words.GENERATOR)
    tape.waits("worker", words.LOCK, "lock", thing="lock 1").parks(line=7).thread("main").prints("hello")
    tape.thread("worker").wake("worker", "main", words.CALLBACK).unparks()
    tape.resume("items", line=9).parks(line=3).unparks().yields("items", "1", line=4)
    timeline = check(tape.events)
    assert [name for _, name in tape.states(timeline, "worker")] == [
        "RUNNING", "WAITING", "READY", "RUNNING", "WAITING", "RUNNING",
    ]
    states = [name for _, name in tape.states(timeline, "items")]
    assert states == ["CREATED", "RUNNING", "WAITING", "RUNNING", "WAITING"]
    assert [name for _, name in tape.states(timeline, "main")] == ["RUNNING"]
    goes_on, _, again, _ = (timeline.switch(index) for index in range(timeline.switch_count))
    assert (goes_on.origin, goes_on.target, goes_on.suspension) == (tape.ids["worker"], tape.ids["worker"], -1)
    assert (goes_on.cause, again.cause, again.target) == (words.UNPARK, words.UNPARK, tape.ids["items"])
    waits = timeline.suspensions[0]
    assert (waits.reason, waits.object, waits.place and waits.place.line) == (words.LOCK, "lock 1", 7)
    assert (timeline.suspensions[2].reason, timeline.suspensions[2].on_track) == (words.UNKNOWN, words.NOBODY)


def test_a_hub_that_a_track_kept_from_running_is_blocked() -> None:
    steps = [(5, 1, 0, 1), (5, 2, 0, 1), (5, 1, 0, HUB_HOG_NS), (5, 3, 0, 1), (5, 1, 0, 1)]
    timeline = check(beginning() + greenlet_lines(steps))
    assert State.BLOCKED in timeline.tracks[1].slices.state


@pytest.mark.parametrize("group", range(4))
def test_programs_that_nest(group: int) -> None:
    """Many short ones; each is divided in one way."""
    many = count(20, 4000)
    for seed in range(many * group, many * group + many):
        check(program(seed, 8 + seed % 13, lose=max(0, seed % 7 - 4)))


def test_a_long_program_that_nests() -> None:
    lines = program(1, 4_000)
    timeline = taken(lines, len(lines))
    for size in (50, 997):
        agree(taken(lines, size), timeline)
    assert {State.READY, State.IDLE, State.FAILED} <= timeline.occurred


def test_what_is_remembered_of_tracks_ends_with_them() -> None:
    """A hundred generators at a time resume one of their own each, and are over in the next batch."""
    loader = Loader()
    loader.take(beginning())
    for first in range(100, 4_100, 200):
        outer, inner = range(first, first + 100), range(first + 100, first + 200)
        lines: list[Line] = [ev.Spawn(first, one, words.GENERATOR, 1, -1, 0, -1) for one in (*outer, *inner)]
        for one, own in zip(outer, inner, strict=True):
            lines += [ev.Resume(first, one, words.NEXT, -1, 0), ev.Resume(first, own, words.NEXT, -1, 1)]
            lines += [ev.Yield(first, own, 1, 2), ev.Yield(first, one, 1, 1)]
        loader.take(lines)
        ends: list[Line] = []
        for one, own in zip(outer, inner, strict=True):
            ends += [ev.Resume(first, one, words.NEXT, -1, 0), ev.Resume(first, own, words.NEXT, -1, 1)]
            ends += [ev.Exit(first, own, words.RETURNED, -1), ev.Exit(first, one, words.RETURNED, -1)]
        loader.take(ends)
    timeline = loader.timeline
    assert len(timeline.exits) == 4_000
    assert timeline.schedulers.remembered + len(loader._batches.resumed) < 2_000
