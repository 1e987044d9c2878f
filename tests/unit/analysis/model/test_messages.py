"""Whose message one is that was received: the n-th of the n-th, or nobody's."""

from __future__ import annotations

from visualizer.analysis.load.loader import Loader
from visualizer.trace import events as ev
from visualizer.trace import words

PIPE, MAIN, CHILD, OTHER = 7, 0, 1, 2
#: (sender or receiver, time, when it began, content)
End = tuple[int, int, int, int]


def messages(sent: list[End], received: list[End], *more: ev.Event) -> list[tuple[int, int, int]]:
    """(sender, receiver, time of receipt) of those whose sender is known: of a pipe that was made at 1."""
    lines: list[ev.Event] = [ev.Spawn(0, MAIN, words.THREAD, -1, -1, -1, -1)]
    for track in (CHILD, OTHER):
        lines += [ev.Process(0, track, 70 + track, 70, MAIN), ev.Spawn(0, track, words.THREAD, -1, -1, MAIN, -1)]
    told: list[ev.Event] = [ev.Pair(1, PIPE, PIPE), *more]
    told += [ev.Sent(t_ns, track, PIPE, began_ns, 4, content) for track, t_ns, began_ns, content in sent]
    told += [ev.Received(t_ns, track, PIPE, began_ns, 4, content) for track, t_ns, began_ns, content in received]
    loader = Loader()
    # What was received may be told first.
    loader.take(lines + sorted(told, key=lambda line: getattr(line, "t_ns", 0)))
    return [(one.sender, one.receiver, one.received_ns) for one in loader.timeline.messages]


def test_the_first_is_the_first() -> None:
    sent = [(CHILD, 10, 8, 1), (OTHER, 20, 18, 2), (CHILD, 30, 28, 3)]
    received = [(MAIN, 9, 2, 1), (MAIN, 25, 11, 2)]
    assert messages(sent, received) == [(CHILD, MAIN, 9), (OTHER, MAIN, 25)]


def test_from_the_first_that_is_another_one_nothing_is_said() -> None:
    sent = [(CHILD, 10, 8, 1), (CHILD, 20, 18, 2), (CHILD, 30, 28, 3)]
    assert messages(sent, [(MAIN, 12, 11, 1), (MAIN, 32, 31, 3)]) == [(CHILD, MAIN, 12)]
    assert not messages(sent, [(MAIN, 7, 2, 1)]), "it was received before anybody began to send it"


def test_of_two_at_the_same_time_nobody_knows_the_first() -> None:
    sent = [(CHILD, 10, 5, 1), (OTHER, 11, 6, 1), (CHILD, 30, 28, 1)]
    received = [(MAIN, 40, 39, 1), (MAIN, 50, 49, 1), (MAIN, 60, 59, 1)]
    assert messages(sent, received) == [(CHILD, MAIN, 60)]
    assert messages([(CHILD, 10, 8, 1), (CHILD, 20, 18, 1)], [(MAIN, 40, 30, 1), (OTHER, 41, 31, 1)]) == []


def test_what_a_killed_process_did_at_last_is_not_known() -> None:
    sent = [(CHILD, 10, 8, 1), (OTHER, 200_000_000, 199_000_000, 1), (OTHER, 500_000_000, 499_000_000, 1)]
    received = [(MAIN, 12, 11, 1), (MAIN, 210_000_000, 205_000_000, 1), (MAIN, 600_000_000, 599_000_000, 1)]
    known = [(CHILD, MAIN, 12), (OTHER, MAIN, 210_000_000), (OTHER, MAIN, 600_000_000)]
    assert messages(sent, received) == known
    # It may have sent what was received at 0.21 s, and what came later may be what the other one sent before.
    killed = ev.Exit(250_000_000, CHILD, words.KILLED, -1)
    assert messages(sent, received, killed) == known[:1]
    last = ev.Thread(220_000_000, CHILD), ev.Park(220_000_000, words.CURRENT, -1)
    assert messages(sent, received, *last, killed) == known[:2], "up to what it told last it has told all"
    assert messages(sent, received, ev.Ended(250_000_000, 99, -1, 9)) == known[:1], "it had told nothing at all"
    assert messages(sent, received, ev.Ended(250_000_000, 99, 0, 0)) == known
