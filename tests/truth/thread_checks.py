"""What must hold between the log of a program of threads and its trace (threads_language.py)."""

from __future__ import annotations

from tests.truth.checks import Attempt, Truth, check_spawns
from tests.truth.program import END, Step
from visualizer.analysis.model.timeline import State, Suspension, Wakeup
from visualizer.trace import words


def check_runs(truth: Truth) -> None:
    """Who makes a step runs."""
    for step in truth.log:
        track = truth.names[step.who]
        at = track.slices.at(step.t_ns)
        state = State(track.slices.state[at]) if at >= 0 else State.UNKNOWN
        assert state in (State.RUNNING, State.IDLE), f"{step} was made by who is {state.name}"


def check_waits(truth: Truth) -> None:
    """Who sleeps waits; whoever waits does so at its line, for what it asks for, or for a lock inside of that."""
    for attempt in truth.attempts:
        waits = truth.suspensions(attempt)
        lines = {wait.place.line if wait.place is not None else -1 for wait in waits}
        assert lines <= {attempt.before.line}, f"{attempt} waits at lines {lines}"
        assert waits or attempt.before.detail is not True, f"{attempt} waits, but not in the trace"
        if not truth.meaning(attempt.before).timed:
            assert {wait.reason for wait in waits} <= {words.LOCK}, f"{attempt} waits for {waits}"


def check_wakes(truth: Truth) -> None:
    """Each wait is ended by who does then what ends it, by the end of whom one joins, or by its time limit."""
    for attempt in truth.attempts:
        for suspension in truth.suspensions(attempt):
            for wake in truth.wakes(suspension):
                _check_wake(truth, attempt, suspension, wake)


def _check_wake(truth: Truth, attempt: Attempt, suspension: Suspension, wake: Wakeup) -> None:
    meaning, waker = truth.meaning(attempt.before), truth.name(wake.waker)
    told = f"{attempt}, {suspension} and {wake} by {waker}"
    if attempt.after is not None and attempt.after.detail == "'at last'":
        # What frees one that would wait for good.
        assert (waker, wake.cause) == ("main", words.CALLBACK), told
    elif wake.cause in (words.TIMER, words.TIMEOUT):
        # A queue counts from when it was called.
        known = suspension.asked_ns != words.UNKNOWN_LIMIT
        assert not known or 0 <= suspension.asked_ns <= wake.t_ns - attempt.before.t_ns, told
    elif wake.cause == words.FINISHED:
        ended = [step for step in truth.log if step.who == waker and step.phase == END and step.t_ns <= wake.t_ns]
        assert ended, told
        assert meaning.waits_for == f"end of {waker}", told
    elif wake.cause == words.UNKNOWN:
        # Of a lock whose release had been seen when one began to wait, and had not taken effect; or a signal's handler
        # may have raised.
        known = suspension.reason == words.LOCK or suspension.asked_ns == words.UNKNOWN_LIMIT
        assert known, told
        assert wake.waker == words.NOBODY, told
    else:
        assert wake.cause == words.CALLBACK, told
        wanted = meaning.waits_for or meaning.gives
        gives = [one for one in truth.attempts if one.before.who == waker and truth.meaning(one.before).gives == wanted]
        # What was given before is told with the beginning of the wait. One may take back one's own lock.
        early = wake.t_ns == suspension.t_ns
        assert early or waker != attempt.before.who, told
        assert any(one.holds(wake.t_ns) or (early and one.before.t_ns < wake.t_ns) for one in gives), told


def check_items(truth: Truth) -> None:
    """Who waited for an item of a SimpleQueue was woken by who put it."""
    put = {
        code.partition("put(")[2].rstrip(")"): step.who
        for step in truth.log
        if (code := truth.program.lines[step.line - 1].strip()).startswith("simple.put(")
    }
    for attempt in truth.attempts:
        code = truth.program.lines[attempt.before.line - 1].strip()
        waits = truth.suspensions(attempt)
        if code.startswith("r = simple.get(") and waits and attempt.after is not None and attempt.after.detail in put:
            wakers = [truth.name(wake.waker) for wait in waits for wake in truth.wakes(wait)]
            # Putters run after one another in the order of the queue, unless they do it at the same time.
            assert wakers == [put[str(attempt.after.detail)]], f"{attempt} was woken by {wakers}"


def check_ends(truth: Truth) -> None:
    """A thread ends after its last step, and is over before whoever has joined it goes on."""
    ends: dict[str, Step] = {step.who: step for step in truth.log if step.phase == END}
    for name, track in truth.names.items():
        if name in ends:
            assert truth.outcome(track) == words.RETURNED, f"{name}: {track.outcome}"
            assert ends[name].t_ns <= truth.exit_ns(track), f"{ends[name]} comes after its exit at {track.exit_ns}"


OF_THREADS = (check_spawns, check_runs, check_waits, check_wakes, check_items, check_ends)
