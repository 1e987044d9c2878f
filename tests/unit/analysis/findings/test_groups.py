"""What many tracks have alike is told once, the worst first, and nothing is lost."""

from __future__ import annotations

import pytest

from tests.unit.analysis.tape import Tape
from visualizer.analysis.findings import Finding, Group, findings, grouped
from visualizer.analysis.findings.base import POLLS
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace import words

MS = 1_000_000


def service(workers: int, lines: int = 1) -> Tape:
    """Workers that poll, the last of them the longest, and wait for ever at one of so many lines."""
    tape = Tape().spawn("hub", words.HUB)
    names = [f"w{number}" for number in range(workers)]
    for name in names:
        tape.spawn(name, words.GREENLET, "worker", parent="hub")
    tape.switch("main", "hub")
    for number, name in enumerate(names):
        tape.switch("hub", name)
        for _ in range(POLLS + number):
            tape.at(tape.t_ns + MS // 9).waits(name, words.SLEEP, "sleep(0)", 0).switch(name, "hub", line=5)
            tape.wake(name, "hub", words.TIMER).switch("hub", name)
        tape.waits(name, words.EVENT, "event.wait()").switch(name, "hub", line=10 + number % lines)
    return tape.switch("hub", "main").exits("main").end()


def groups(timeline: Timeline) -> list[Group]:
    found = grouped(timeline, findings(timeline))
    every = [one for group in found for one in (group.worst, *group.others)]
    assert sorted(every) == sorted(findings(timeline)), "none is lost, and none told twice"
    return found


def test_what_is_the_same_of_many_tracks_is_one() -> None:
    waits, polls = sorted(groups(service(9).timeline()), key=lambda group: group.worst.kind, reverse=True)
    assert (waits.tracks, waits.worst.kind, len(waits.others)) == (9, "never_resumed", 8)
    assert waits.sentence == f"9 × worker, the longest: {waits.worst.sentence}"
    assert waits.worst.sentence.startswith("worker-1 was never resumed")
    assert (polls.tracks, polls.worst.kind) == (9, "busy_poll")
    assert polls.sentence == f"9 × worker, the longest: {polls.worst.sentence}"
    assert f"worker-9 polls: it slept 0 s {POLLS + 8} times" in polls.sentence


def test_thousands() -> None:
    tape = Tape()
    for number in range(1200):
        tape.spawn(f"w{number}", words.GREENLET, "worker")
    [group] = groups(tape.exits("main").end().timeline())
    assert group.sentence == f"1,200 × worker, the first: {group.worst.sentence}"


@pytest.mark.parametrize("lines", [1, 2, 3])
def test_other_lines_are_other_problems(lines: int) -> None:
    found = [group for group in groups(service(6, lines).timeline()) if group.worst.kind == "never_resumed"]
    assert [(group.tracks, group.worst.line) for group in found] == [(6 // lines, 10 + line) for line in range(lines)]


@pytest.mark.parametrize(("calls", "tracks"), [((12, 12), [2]), ((12, 14), [1, 1])])
def test_tracks_that_are_seen_at_different_lines_of_one_call_are_one_group(
    calls: tuple[int, ...], tracks: list[int]
) -> None:
    tape = Tape().spawn("hub", words.HUB).switch("main", "hub")
    for number, called in enumerate(calls):
        tape.spawn(f"g{number}", words.GREENLET, "worker", parent="hub").switch("hub", f"g{number}")
        tape.at((50 + 200 * number) * MS).sample(3 + number, function="fib", called=called)
        tape.at((150 + 200 * number) * MS).switch(f"g{number}", "hub", line=13)
    found = [group for group in groups(tape.timeline()) if group.worst.kind == "hog"]
    assert [group.tracks for group in found] == tracks


def test_what_is_found_once_is_told_as_it_is() -> None:
    for group in groups(service(1).timeline()):
        assert (group.tracks, group.sentence, group.others) == (1, group.worst.sentence, [])


def test_exceptions_of_other_types_are_told_apart() -> None:
    tape = Tape().spawn("hub", words.HUB)
    for number, value in enumerate(["KeyError('a')", "ValueError('b')", "KeyError('c')"]):
        tape.spawn(f"g{number}", words.GREENLET, "fail", parent="hub")
        tape.switch("hub" if number else "main", f"g{number}")
        tape.exits(f"g{number}", words.RAISED, value).switch(f"g{number}", "hub")
    found = groups(tape.switch("hub", "main").exits("main").end().timeline())
    assert [(group.worst.kind, group.tracks) for group in found] == [("unretrieved", 2), ("unretrieved", 1)]


def test_the_worst_comes_first() -> None:
    timeline = service(3).timeline()
    first, second, third = (track.id for track in timeline.tracks.values() if track.kind == words.GREENLET)
    found = [
        Finding("hog", "short", (first,), 1, "a.py", 1, 200 * MS),
        Finding("starvation", "long", (second,), 2, "a.py", 2, 900 * MS),
        Finding("never_started", "never", (third,), 3, "a.py", 3),
        Finding("deadlock", "stuck", (third,), 4, "a.py", 4),
        Finding("incomplete", "cut", (), 5, None, None),
        Finding("incomplete", "cut again", (), 6, None, None),
        Finding("never_resumed", "waits", (third,), 6, "a.py", 8, 500 * MS),
        Finding("starvation", "longer", (first,), 7, "a.py", 9, 901 * MS),
    ]
    told = [(group.worst.sentence, group.tracks) for group in grouped(timeline, found)]
    assert told == [("stuck", 1), ("cut", 0), ("cut again", 0), ("longer", 2), ("waits", 1), ("short", 1), ("never", 1)]
