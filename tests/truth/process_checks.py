"""What must hold between the logs of a program of processes and its trace (processes_language.py)."""

from __future__ import annotations

from tests.truth.checks import Attempt, Truth
from tests.truth.program import END
from visualizer.analysis.model.timeline import State, Suspension, Wakeup
from visualizer.trace import words


def _process(truth: Truth, track: int) -> str:
    """The name of the process that a track belongs to."""
    return truth.timeline.own_name(truth.timeline.process_of(track).track).partition(" ")[0]


def _by_process(truth: Truth) -> Truth:
    """The same, with the main thread of each process by the name of that."""
    truth.names = {_process(truth, track): truth.timeline.tracks[track] for track in _mains(truth)}
    return truth


def _mains(truth: Truth) -> list[int]:
    """The main threads of the processes that the program has started."""
    mains = [process.track for process in truth.timeline.processes[1:]]
    return [track for track in mains if truth.is_within(truth.timeline.tracks[track].spawn_ns)]


def check_runs(truth: Truth) -> None:
    """Who makes a step runs, and so does nobody else of its process but the thread that sends what it has put."""
    for step in _by_process(truth).log:
        track = truth.names[step.who]
        state = State(track.slices.state[track.slices.at(step.t_ns)])
        assert state in (State.RUNNING, State.IDLE), f"{step} was made by who is {state.name}"


def check_waits(truth: Truth) -> None:
    """Whoever waits does so at its line; and who sleeps waits."""
    for attempt in _by_process(truth).attempts:
        waits = truth.suspensions(attempt)
        lines = {wait.place.line if wait.place is not None else -1 for wait in waits}
        assert lines <= {attempt.before.line}, f"{attempt} waits at lines {lines}"
        assert waits or attempt.before.detail is not True, f"{attempt} waits, but not in the trace"


def check_wakes(truth: Truth) -> None:
    """Who is said to have ended a wait did meanwhile what ends it; a time limit did only if it was over."""
    for attempt in _by_process(truth).attempts:
        for suspension in truth.suspensions(attempt):
            for wake in truth.wakes(suspension):
                _check_wake(truth, attempt, suspension, wake)


def _check_wake(truth: Truth, attempt: Attempt, suspension: Suspension, wake: Wakeup) -> None:
    wanted, told = truth.meaning(attempt.before).waits_for, f"{attempt}, {suspension} and {wake}"
    if wake.cause in (words.TIMER, words.TIMEOUT):
        assert 0 <= suspension.asked_ns <= wake.t_ns - attempt.before.t_ns, told
    elif wake.cause in (words.CALLBACK, words.RELEASE, words.MESSAGE):
        waker = _process(truth, wake.waker)
        told = f"{told} by {waker}"
        given = [one for one in truth.attempts if one.before.who == waker and truth.meaning(one.before).gives == wanted]
        if wake.cause == words.MESSAGE:
            # What was put is sent by another thread, maybe later.
            assert any(one.before.t_ns <= wake.t_ns for one in given), told
        elif waker != attempt.before.who:
            meanwhile = (one.after is None or suspension.t_ns <= one.after.t_ns for one in given)
            assert any(is_so for is_so, one in zip(meanwhile, given, strict=True) if one.before.t_ns <= wake.t_ns), told
        else:
            # The thread that sends what this one has put; or it has taken back its own lock, of threads.
            assert wake.waker != suspension.track or wake.t_ns == suspension.t_ns, told
    else:
        # Nobody sees when a pipe has something; and some releases are not seen.
        assert wake.cause in (words.IO, words.UNKNOWN), told


def check_ends(truth: Truth) -> None:
    """Each process ends after its last step, as it says."""
    for name, track in _by_process(truth).names.items():
        (end,) = (step for step in truth.log if step.who == name and step.phase == END)
        process = truth.timeline.process_of(track.id)
        assert process.end == "exit code 0", f"{name}: {process.end}"
        assert end.t_ns <= track.exit_ns, f"{end} comes after the end of {name}"


OF_PROCESSES = (check_runs, check_waits, check_wakes, check_ends)
