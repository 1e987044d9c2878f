"""Who gave a lock of multiprocessing's back: the last one who is told to have; or nobody, where it may have been
another."""

from __future__ import annotations

from visualizer.analysis.load.loader import Loader
from visualizer.trace import events as ev
from visualizer.trace import words

MAIN, CHILD, OTHER = 0, 1, 2
SECOND_NS = 1_000_000_000


def wakers(
    given: list[tuple[int, int]], is_lock: int = 1, *more: ev.Event, by: int = words.NOBODY
) -> list[tuple[int, str]]:
    """(waker, cause) of MAIN, which waits for it from 1 s to 2 s and from 3 s to 4 s. `given`: who gives it back, and
    when. `more`: lines that come in when they happen. `by`: who gave it back the second time, as MAIN has seen."""
    begun: list[ev.Event] = [ev.Text(1, "4711.1"), ev.Text(2, "4711.1")]
    begun.append(ev.Spawn(0, MAIN, words.THREAD, -1, -1, -1, -1))
    for track in (CHILD, OTHER):
        begun += [ev.Process(0, track, 70 + track, 70, MAIN), ev.Spawn(0, track, words.THREAD, -1, -1, MAIN, -1)]
    told = list(more)
    for since_ns, t_ns in ((SECOND_NS, 2 * SECOND_NS), (3 * SECOND_NS, 4 * SECOND_NS)):
        told += [
            ev.Thread(since_ns, MAIN), ev.Wait(since_ns, words.CURRENT, words.LOCK, -1, -1),
            ev.Park(since_ns, words.CURRENT, -1), ev.Thread(t_ns, MAIN),
            ev.Wake(t_ns, words.CURRENT, words.NOBODY, words.UNKNOWN), ev.Unpark(t_ns, words.CURRENT),
            ev.Gets(t_ns, MAIN, 1, since_ns, is_lock, by if since_ns > SECOND_NS else words.NOBODY),
        ]
    # Another process has a number of its own for the text.
    told += [ev.Gives(t_ns, track, 2) for track, t_ns in given]
    loader = Loader()
    loader.take(begun + sorted(told, key=lambda line: getattr(line, "t_ns", 0)))
    return [(wake.waker, wake.cause) for wake in loader.timeline.wakeups if wake.track == MAIN]


UNKNOWN = words.NOBODY, words.UNKNOWN
FIRST, SECOND = 1_500_000_000, 3_500_000_000


def test_a_lock_comes_from_who_gave_it_back_last() -> None:
    given = [(CHILD, FIRST), (OTHER, FIRST + 1), (CHILD, SECOND)]
    assert wakers(given) == [(OTHER, words.CALLBACK), (CHILD, words.CALLBACK)]
    assert wakers([(CHILD, FIRST)]) == [(CHILD, words.CALLBACK), UNKNOWN], "who gave it back before gave it to another"


def test_of_several_who_give_a_semaphore_back_nobody_knows_whose_it_was() -> None:
    given = [(CHILD, FIRST), (OTHER, FIRST + 1), (OTHER, SECOND), (OTHER, SECOND + 1)]
    assert wakers(given, 0) == [UNKNOWN, (OTHER, words.CALLBACK)]


def test_what_a_killed_process_gave_back_at_last_is_not_known() -> None:
    given = [(CHILD, 1_950_000_000), (CHILD, SECOND)]
    known = [(CHILD, words.CALLBACK)] * 2
    assert wakers(given) == known
    assert wakers(given, 1, ev.Exit(2_050_000_000, OTHER, words.KILLED, -1)) == [UNKNOWN, known[1]]
    assert wakers(given, 1, ev.Ended(2_050_000_000, 99, -1, 9)) == [UNKNOWN, known[1]], "it had told nothing at all"
    assert wakers(given, 1, ev.Exit(2_200_000_000, OTHER, words.KILLED, -1)) == known
    killed = ev.Exit(2_050_000_000, OTHER, words.KILLED, -1)
    for last_ns, expected in ((1_990_000_000, UNKNOWN), (2_010_000_000, known[0])):
        last = ev.Thread(last_ns, OTHER), ev.Park(last_ns, words.CURRENT, -1)
        assert wakers(given, 1, *last, killed)[0] == expected, "up to what it told last it has told all"
    while_waiting = ev.Exit(3_400_000_000, OTHER, words.KILLED, -1)
    assert wakers(given, 1, while_waiting) == known
    assert wakers(given, 0, while_waiting) == [known[0], UNKNOWN], "or it was the semaphore of who was killed"


def test_who_has_got_it_knows_from_whom_whatever_that_one_has_told() -> None:
    killed = ev.Exit(4_050_000_000, OTHER, words.KILLED, -1)
    assert wakers([(CHILD, FIRST)], 1, killed, by=OTHER) == [(CHILD, words.CALLBACK), (OTHER, words.CALLBACK)]
    assert wakers([(CHILD, FIRST)], 1, killed, by=99) == [(CHILD, words.CALLBACK), UNKNOWN], "of which nothing is told"
    assert wakers([(CHILD, FIRST), (CHILD, SECOND)], by=OTHER) == [(CHILD, words.CALLBACK), (OTHER, words.CALLBACK)]
