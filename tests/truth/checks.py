"""What must hold between a program's own log and its trace. Each check raises AssertionError with what it found."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from tests.tracers.traced import LATE, Traced
from tests.truth.fault_language import Planted
from tests.truth.program import AFTER, BEFORE, END, GONE, SIDES, START, Meaning, Program, Span, Step, own_name, side_of
from visualizer.analysis.findings import findings, grouped
from visualizer.analysis.model.processes import Process
from visualizer.analysis.model.timeline import State, Suspension, Track, Wakeup
from visualizer.trace import events as ev
from visualizer.trace import words

_ON_THREAD = (State.RUNNING, State.IDLE)
#: Of a step that tells what it has got.
_GETS = re.compile(r"\br\b")
#: A program that the machine has kept from running for so long is late.
_BUSY_NS = 20_000_000
#: What the interpreter says of a generator that is not to be resumed so.
_REFUSED = ("already executing", "just-started", "cannot reuse already awaited", "being awaited already")


@dataclass(frozen=True)
class Attempt:
    """A step as the log tells it: `after` is the next entry of whoever makes it, None if it never came back."""

    before: Step
    after: Step | None

    def holds(self, t_ns: int) -> bool:
        return self.before.t_ns <= t_ns and (self.after is None or t_ns <= self.after.t_ns)


def _start_ns(process: Process) -> int:
    return process.start_ns


class Recorded:
    """A process in which programs ran one after another, and its trace; what is asked for of each of them."""

    def __init__(self, traced: Traced) -> None:
        self.traced = traced
        self.timeline = timeline = traced.timeline
        assert timeline.header is not None
        #: What its clock showed at t = 0.
        self.began_ns = timeline.header.monotonic_ns
        self.suspensions = list(timeline.suspensions)
        #: When the wakes were, ascending.
        self.wake_ns = sorted(wake.t_ns for wake in timeline.wakeups)
        self.tracks = list(timeline.tracks.values())


class Truth:
    """A program, its log, with times as in the trace, and its trace: what of that is of the span in which it ran.

    What became of a track is what the trace tells up to the end of the span.
    """

    def __init__(self, program: Program, log: list[Step], recorded: Recorded, span: Span) -> None:
        self.program = program
        self.recorded = recorded
        self.timeline = recorded.timeline
        self.begin_ns, self.end_ns = (t_ns - recorded.began_ns for t_ns in span)
        every = [step._replace(t_ns=step.t_ns - recorded.began_ns) for step in log]
        self.log = [step for step in every if step.phase != GONE]
        self.gone = {step.who: step for step in every if step.phase == GONE}
        #: The forked children, as whoever makes a step in them is called behind its own name.
        begun = (one for one in recorded.timeline.processes[1:] if self.is_within(one.start_ns))
        self.children = {one.number: f"@{count}" for count, one in enumerate(sorted(begun, key=_start_ns), 1)}
        #: Those that lived during the span.
        self.tracks = [
            track
            for track in recorded.tracks
            if track.spawn_ns <= self.end_ns and (track.exit_ns < 0 or self.begin_ns <= track.exit_ns)
        ]
        self.names = {self.name(track.id): track for track in self.tracks if self.begin_ns <= track.spawn_ns}
        self.names.setdefault("main", recorded.tracks[0])
        #: The suspensions of each track.
        self.waits: dict[int, list[Suspension]] = {}
        for suspension in recorded.suspensions:
            if self.is_within(suspension.t_ns):
                self.waits.setdefault(suspension.track, []).append(suspension)
        self.attempts = list(self._attempts())

    def _attempts(self) -> Iterator[Attempt]:
        for index, step in enumerate(self.log):
            if step.phase == BEFORE:
                later = (s for s in self.log[index + 1 :] if s.who == step.who)
                yield Attempt(step, next(later, None))

    def is_within(self, t_ns: int) -> bool:
        return self.begin_ns <= t_ns <= self.end_ns

    def name(self, track: int) -> str:
        """As the program calls it; other programs of the same process have tracks of that name, too."""
        known = self.timeline.tracks.get(track)
        if known is None:
            return "unknown"
        child = self.children.get(known.process, "")
        is_main = child and track == self.timeline.process_of(track).track
        return (own_name("a") if is_main else self.timeline.own_name(track)) + child

    def exit_ns(self, track: Track) -> int:
        """When it ended; -1 if it had not by then."""
        return track.exit_ns if track.exit_ns <= self.end_ns else -1

    def outcome(self, track: Track) -> str | None:
        return track.outcome if self.exit_ns(track) >= 0 else None

    def state(self, track: Track) -> State:
        return State(track.slices.state[track.slices.at(self.end_ns)])

    def states(self, track: Track) -> Iterator[tuple[int, int, State, int]]:
        """(start_ns, end_ns, state, about) of each slice of a track; the last lasts to the end of the span."""
        known = track.slices
        for at in range(max(known.at(self.begin_ns), 0), known.at(self.end_ns) + 1):
            end_ns = known.start_ns[at + 1] if at + 1 < len(known) else self.end_ns
            yield (
                max(known.start_ns[at], self.begin_ns), min(end_ns, self.end_ns), State(known.state[at]),
                known.about[at],
            )

    def side(self, track: Track) -> str:
        """The side on whose thread a track runs: by its name, or (a hub, a greenlet never entered) its parent's."""
        name = self.name(track.id)
        if name.startswith("main@"):
            return side_of(name)
        if name[0] not in SIDES or name[1:2] not in "_0123456789":
            if track.kind == words.THREAD and track.base_name != "main":
                return name  # One of a pool.
            parent = self.timeline.tracks.get(track.parent)
            # A copy has no parent if that has none: it had ended, or nothing was seen of it.
            return self.side(parent) if parent is not None else side_of(f"a{self.children.get(track.process, '')}")
        return side_of(name)

    def meaning(self, step: Step) -> Meaning:
        return self.program.meanings[step.line]

    def suspensions(self, attempt: Attempt) -> list[Suspension]:
        """The suspensions of whoever makes a step, while it makes it."""
        who = self.names[attempt.before.who].id
        return [one for one in self.waits.get(who, ()) if attempt.holds(one.t_ns)]

    def wakes(self, suspension: Suspension) -> Iterator[Wakeup]:
        """Each wake that made the track of a suspension ready again; of several all but the last were taken back.

        One may stand before the suspension: who is about to wait is made ready by what others did already.
        """
        for (_, _, state, about), (_, _, then, by) in pairwise(self.states(self.timeline.tracks[suspension.track])):
            if state == State.WAITING and then == State.READY and self.timeline.suspensions[about] == suspension:
                yield self.timeline.wakeups[by]


def check_order(truth: Truth) -> None:
    """At each step of the log exactly the one who made it runs, on its thread.

    A thread is not known before its first switch.
    """
    tracks = [(track, truth.side(track)) for track in truth.tracks]
    for step in truth.log:
        side = side_of(step.who)
        running = [
            truth.name(track.id)
            for track, beside in tracks
            if beside == side and (at := track.slices.at(step.t_ns)) >= 0 and track.slices.state[at] in _ON_THREAD
        ]
        known = step.who in truth.names and step.t_ns >= truth.names[step.who].spawn_ns
        expected = [step.who] if known or not _is_beside(step.who) else []
        assert running == expected, f"{step} was made while the trace says that {running} ran"


def check_slices(truth: Truth) -> None:
    """On each thread somebody runs at any time, and never two; unless the thread waits."""
    spans: dict[str, list[tuple[int, int, str]]] = {side: [] for side in SIDES}
    for track in truth.tracks:
        of_side = spans.setdefault(truth.side(track), [])
        waited_ns = -1
        for begin, end, state, about in truth.states(track):
            if state in _ON_THREAD:
                of_side.append((begin, end, truth.name(track.id)))
                if waited_ns >= 0 and about >= 0 and truth.timeline.switch(about).cause == words.UNPARK:
                    of_side.append((waited_ns, begin, "waits"))
            # Of a thread that goes on after a wait, which was made ready meanwhile.
            waited_ns = begin if state == State.WAITING else waited_ns if state == State.READY else -1
    for side in (one for one in spans if one.partition("@")[0] in SIDES):
        known = sorted(span for span in spans[side] if span[0] != span[1])
        for one, next_one in pairwise(known):
            assert one[1] == next_one[0], f"on thread {side} {one} is followed by {next_one}"


def check_times(recorded: Recorded) -> None:
    """On each thread the lines stand in order of time. (A poll and an idle time are told afterwards, a sample while the
    thread waits may be later than what has woken it by then, and a line that says which thread comes next has the time
    of what follows it, which may be one of those.)"""
    last: dict[int, int] = {}
    thread = words.NOBODY
    for event in recorded.traced.events:
        if isinstance(event, ev.Thread) or (isinstance(event, ev.Spawn) and event.kind == words.THREAD):
            thread = event.track
        untimed = ev.Text | ev.Place | ev.Listing | ev.Poll | ev.Idle | ev.Delayed | ev.Sample | ev.Thread
        if not isinstance(event, untimed):
            assert event.t_ns >= last.get(thread, 0), f"{event} stands after {last[thread]} ns"
            last[thread] = event.t_ns


def check_values(truth: Truth) -> None:
    """A value that the trace shows to have crossed is the one that arrived."""
    arrivals = [step for step in truth.log if step.phase in (START, AFTER) and isinstance(step.detail, str)]
    for step in arrivals:
        track = truth.names.get(step.who)
        if track is None or step.t_ns < track.spawn_ns:
            continue
        if step.phase == AFTER and not _GETS.search(truth.program.lines[step.line - 1]):
            continue
        at = track.slices.at(step.t_ns)
        index = track.slices.about[at]
        earlier = [s for s in truth.log if s.who == step.who and track.slices.start_ns[at] <= s.t_ns < step.t_ns]
        if index < 0 or earlier:
            continue
        switch = truth.timeline.switch(index)
        if switch.t_ns < track.slices.start_ns[at]:
            continue  # It goes on after it was idle.
        if switch.cause == words.SEND and any(word in truth.program.lines[step.line - 1] for word in ("from", "await")):
            continue  # What it waits for gets the value, which may have ended by way of somebody else.
        if switch.value is not None and switch.cause in (words.SWITCH, words.SEND, words.YIELD):
            # An asynchronous generator hands a value over as that of a StopIteration. gevent says what it did not want.
            arrived = step.detail in (switch.value, f"StopIteration({switch.value})")
            refused = str(step.detail).startswith("InvalidSwitchError") and switch.value in str(step.detail)
            assert arrived or refused, f"{step} and {switch}"


def check_ends(truth: Truth) -> None:
    """Who ended has ended in the trace, at that moment and in that way; who did not, has not."""
    for name, track in truth.names.items():
        outcome, exit_ns = truth.outcome(track), truth.exit_ns(track)
        if name[0] not in SIDES or _is_beside(name) or track.inferred is not None:
            continue
        ends = [step for step in truth.log if step.who == name and step.phase == END]
        if not ends and f'"{name}", 0, "{END}", repr(error)' not in truth.program.source:
            _check_gone(truth, name, track)
            continue
        if not ends:
            started = any(step.who == name for step in truth.log)
            assert not started or outcome is None, f"{name} did not end, and was {outcome}"
            continue
        assert outcome is not None, f"{name} ended, and is {truth.state(track).name} in the trace"
        assert ends[-1].t_ns <= exit_ns, f"{ends[-1]} comes after its exit at {exit_ns}"
        later = [step for step in truth.log if step.t_ns > ends[-1].t_ns and side_of(step.who) == truth.side(track)]
        assert not later or exit_ns <= later[0].t_ns, f"{name} ended before {later[0]}, not at {exit_ns}"
        if ends[-1].detail is None:
            allowed = {words.RETURNED}
        elif "CancelledError" in str(ends[-1].detail):
            allowed = {words.CANCELLED}
        elif "Exit" in str(ends[-1].detail) and track.kind != words.GREENLET:
            # What ends by GeneratorExit was closed, unless that was thrown by a `throw`.
            allowed = {words.CLOSED, words.RAISED}
        elif "Exit" in str(ends[-1].detail):
            allowed = {words.KILLED, words.CLOSED, words.RAISED}
        else:
            allowed = {words.RAISED}
        # A generator that is closed may end the close by returning.
        if track.kind in (words.GENERATOR, words.COROUTINE) and words.RETURNED in allowed:
            allowed.add(words.CLOSED)
        # A task that is to be cancelled, also by way of one that waits for it, is so even if it returns instead; in a
        # child also if that was asked for before the fork.
        own = name.partition("@")[0]
        if track.kind == words.TASK and any(
            truth.meaning(step).gives == f"kill {own}"
            or (step.who.partition("@")[0] == own and ".cancel()" in truth.program.lines[step.line - 1])
            for step in truth.log
            if step.phase == BEFORE
        ):
            allowed.add(words.CANCELLED)
        assert outcome in allowed, f"{ends[-1]} and outcome {outcome}"


def _check_gone(truth: Truth, name: str, track: Track) -> None:
    """One that does not log how it ends was closed when its variables were gone, if it did not raise before."""
    gone, outcome, exit_ns = truth.gone.get(name), truth.outcome(track), truth.exit_ns(track)
    if gone is None:
        started = any(step.who == name for step in truth.log)
        assert not started or outcome in (None, words.RAISED), f"{name} did not end, and was {outcome}"
        return
    assert outcome in (words.CLOSED, words.RAISED), f"{gone}, and its outcome is {outcome}"
    if outcome == words.RAISED:
        assert exit_ns <= gone.t_ns, f"{gone}, and its exit is at {exit_ns}"
        return
    if not truth.program.repeatable:
        # Whoever samples the threads may hold its frame for a moment longer.
        return
    first, last = sorted((gone.t_ns, exit_ns))
    between = [step for step in truth.log if first < step.t_ns < last and side_of(step.who) == truth.side(track)]
    assert not between, f"{gone}, and its exit is at {exit_ns}, with {between[0]} in between"


def check_causes(truth: Truth) -> None:
    """What a generator finds where it goes on after a yield is what resumed it by the trace."""
    yields = {number for number, line in enumerate(truth.program.lines, 1) if "= yield" in line and "from" not in line}
    for attempt in truth.attempts:
        track = truth.names.get(attempt.before.who)
        step = attempt.after
        if attempt.before.line not in yields or track is None or step is None:
            continue
        at = track.slices.at(step.t_ns)
        if not attempt.before.t_ns < track.slices.start_ns[at]:
            continue
        switch = truth.timeline.switch(track.slices.about[at])
        found = str(step.detail)
        if found == "None":
            allowed = {(words.NEXT, None), (words.SEND, "None")}
        elif found == "GeneratorExit()":
            allowed = {(words.CLOSE, None), (words.THROW, found), (words.THROW, None)}
        elif found.endswith(")"):
            allowed = {(words.THROW, found), (words.THROW, None)}
        else:
            allowed = {(words.SEND, found)}
        assert (switch.cause, switch.value) in allowed, f"{step} and {switch}"


def check_refusals(truth: Truth) -> None:
    """Each call that is refused is told at its line, and none that is not (from 3.12 on)."""
    if sys.version_info < (3, 12):
        return
    told = [one for one in truth.timeline.remarks if isinstance(one, ev.Refused) and truth.is_within(one.t_ns)]
    for attempt in truth.attempts:
        after = attempt.after
        refused = after is not None and any(text in str(after.detail) for text in _REFUSED)
        meanwhile = [one for one in told if attempt.holds(one.t_ns)]
        # Whoever was refused meanwhile may have passed it on.
        assert meanwhile or not refused, f"{attempt} was refused, but not in the trace"
        for one in (one for one in meanwhile if truth.name(one.by) == attempt.before.who):
            place = truth.timeline.place(one.place)
            assert place is not None
            if place.line == attempt.before.line:
                assert after is None or "Error(" in str(after.detail), f"{attempt} was not refused, but {one}"


def check_dropped(truth: Truth) -> None:
    """A generator that never ran, and that nobody else has, is over as soon as it is dropped, if it is known when."""
    for attempt in truth.attempts:
        code = truth.program.lines[attempt.before.line - 1].strip()
        name = code.partition('"')[2].partition('"')[0]
        track = truth.names.get(beside(attempt.before, name))
        if not code.endswith('"] = None') or track is None or attempt.after is None or track.steps:
            continue
        # What a forked child has may have run before the fork.
        if track.inferred is not None or track.slices.state[0] != State.CREATED:
            continue
        exit_ns, dropped_ns = truth.exit_ns(track), attempt.before.t_ns
        if track.spawn_ns < dropped_ns and (exit_ns < 0 or exit_ns > dropped_ns):
            assert dropped_ns <= exit_ns <= attempt.after.t_ns, f"{attempt} and its exit at {exit_ns}"


def beside(step: Step, name: str) -> str:
    """What a worker is called that is in the same process as whoever makes the step."""
    return name + "".join(step.who.partition("@")[1:])


def _is_beside(who: str) -> bool:
    """Whether that is the code of a thread beside the main one."""
    return who in map(own_name, SIDES[1:])


# What is true of gevent's greenlets alone.


def check_suspensions(truth: Truth) -> None:
    """A greenlet that is to suspend does so, on the line that it is at; one that is not does not."""
    for attempt in truth.attempts:
        suspensions = truth.suspensions(attempt)
        where = [suspension.place.line if suspension.place is not None else -1 for suspension in suspensions]
        if attempt.before.detail is True:
            assert where, f"{attempt} waits, but not in the trace"
        if attempt.before.detail is False and attempt.after is not None:
            assert not where, f"{attempt} does not wait, but did at {where} in the trace"
        # Or in a function that the step calls.
        elsewhere = {line for line in where if line < 0 or line in truth.program.meanings} - {attempt.before.line}
        assert not elsewhere, f"{attempt} was suspended at lines {where}"


def check_wakes(truth: Truth) -> None:
    """Between a suspension and the next run stands a wake; who did not come back still waits at the end.

    What a thread does by itself while it is idle (a lock, a sleep) suspends nobody; and who makes an eager task gets
    control back from it without a wake.
    """
    suspensions = truth.timeline.suspensions
    for name, track in truth.names.items():
        if track.kind not in (words.GREENLET, words.TASK, words.THREAD):
            continue
        for (_, _, before, waited), (since_ns, _, state, about) in pairwise(truth.states(track)):
            if state == State.RUNNING:
                known = before in (State.READY, State.IDLE)
                if before == State.WAITING and track.kind == words.TASK:
                    known = suspensions[waited].reason == words.SWITCHED
                elif before in (State.WAITING, State.CREATED):
                    # eventlet's `kill` throws at once.
                    known = truth.timeline.switch(about).cause == words.THROW
                assert known, f"{name} ran without a wake at {since_ns}, it was {before.name}"
    for attempt in truth.attempts:
        last = [step for step in truth.log if step.who == attempt.before.who][-1]
        if last is attempt.before and attempt.before.who != "main" and not _is_beside(attempt.before.who):
            state = truth.state(truth.names[last.who])
            assert state in (State.WAITING, State.READY), f"{last} was its last, and it is {state.name} at the end"


def check_wakers(truth: Truth) -> None:
    """Whoever the trace says woke somebody had made a step before that can wake it."""
    for attempt in truth.attempts:
        for suspension in truth.suspensions(attempt):
            for wake in truth.wakes(suspension):
                _check_waker(truth, attempt, wake)


def _check_waker(truth: Truth, attempt: Attempt, wake: Wakeup) -> None:
    meaning, who = truth.meaning(attempt.before), attempt.before.who
    tracks = truth.timeline.tracks
    waker = truth.name(wake.waker)
    steps = [step for step in truth.log if step.who == waker and step.t_ns <= wake.t_ns]
    given = {truth.meaning(step).gives for step in steps if step.phase == BEFORE} - {""}
    killed_unstarted = wake.waker in tracks and not tracks[wake.waker].steps
    if any(step.phase == END for step in steps) or killed_unstarted:
        given.add(f"end of {waker}")
    # Who kills one that never began ends it on the spot.
    given |= {f"end of {gift[5:]}" for gift in given if gift.startswith("kill ")}
    given |= {"every end" for gift in given if gift.startswith("end of ")}
    wanted = {*meaning.waits_for.split(" or "), f"kill {who}"} - {""}
    # Who joins greenlets that have ended before, waits for several things of which one is there, or until one is
    # killed, has itself called back.
    is_about_several = meaning.waits_for == "every end" or len(wanted) > 2
    # So has who has asked several things of which one is there, which may come in the next wait for that.
    has_asked = any(
        step.who == who and " or " in asked and wanted & {*asked.split(" or ")}
        for step in truth.log
        if step.phase == BEFORE and step.t_ns < attempt.before.t_ns
        if (asked := truth.meaning(step).waits_for)
    )
    by_itself = waker == who and (is_about_several or has_asked or meaning.gives.startswith("kill"))
    by_hub = wake.waker in tracks and tracks[wake.waker].schedules
    # A task, or a thread, that asyncio has work for it: it logs nothing.
    by_helper = wake.waker in tracks and tracks[wake.waker].kind in (words.TASK, words.THREAD) and not steps
    # Whom the one waits for that was cancelled is cancelled too.
    by_cancel = wake.cause == words.CANCEL and any(gift.startswith("kill ") for gift in given)
    # The main greenlet is woken by its hub, too, if nobody is left who could wake it (LoopExit).
    # So is a task by its loop, for what it has asked the loop to call.
    timed = by_hub and (meaning.timed or who == "main" or _is_beside(who) or wake.cause == words.CALLBACK)
    known = timed or by_itself or by_helper or by_cancel or given & wanted
    assert known, f"{attempt} was woken by {waker} ({wake}), who gave only {given}"


def check_spawns(truth: Truth) -> None:
    """Each greenlet was spawned by whoever spawned it, where it did."""
    for step in truth.log:
        spawned = truth.meaning(step).spawns if step.phase == BEFORE else ""
        track = truth.names.get(beside(step, spawned))
        # Of a coroutine of which no task came it may not be known: in a forked child asyncio refuses to make one.
        if track is not None and not track.doubt:
            told = truth.name(track.creator), track.place.line if track.place is not None else -1
            assert told == (step.who, step.line), f"{spawned} was spawned by {step}, in the trace by {told}"


def check_killed_unstarted(truth: Truth) -> None:
    """Who was killed before it ran has ended when the killer gives control away, and not before it was killed."""
    for name, track in truth.names.items():
        exit_ns = truth.exit_ns(track)
        if exit_ns < 0 or track.inferred is not None or any(step.who == name for step in truth.log):
            continue
        if track.kind != words.GREENLET:
            continue
        kills = [attempt.before for attempt in truth.attempts if truth.meaning(attempt.before).gives == f"kill {name}"]
        assert kills, f"{name} never ran, nobody killed it, and it ended ({track.outcome})"
        killed = kills[0]
        assert killed.t_ns <= exit_ns, f"{name} ended at {exit_ns}, before {killed}"
        others = (step for step in truth.log if side_of(step.who) == side_of(killed.who) and step.who != killed.who)
        later = next((step for step in others if step.t_ns > killed.t_ns), None)
        assert later is None or exit_ns <= later.t_ns, f"{name}, killed by {killed}, ended after {later}"


def check_children(truth: Truth) -> None:
    """Each forked child ends with the exit code that the process has seen which waited for it.

    That of one that ended by Python's own exit is known where there is the recorder in C.
    """
    lines = {number for number, line in enumerate(truth.program.lines, 1) if line.endswith("r = fork()")}
    seen = [str(step.detail) for step in truth.log if step.phase == AFTER and step.line in lines]
    # A child may have forked as well, and ends before who forked it.
    forks = sorted(int(detail) for detail in seen if detail.isdigit())
    codes = [truth.timeline.processes[number].exit_code for number in truth.children]
    assert len(codes) == len(forks), f"{codes} and {forks}"
    is_known = truth.timeline.header is not None and truth.timeline.header.recorder == "C"
    for code, fork in zip(codes, forks, strict=True):
        assert fork == code or (code is None and not is_known), f"{codes} and {forks}"


def check_fault(truth: Truth) -> None:
    """What is planted is found, with who did it first, and where; and nothing else is.

    On a machine that has not let the program run it was late, which is told, and true; and what is told of times may be
    due to that, but for how long a processor was used.
    """
    program, timeline = truth.program, truth.timeline
    assert isinstance(program, Planted)
    delays = (one.length_ns for one in truth.recorded.traced.events if isinstance(one, ev.Delayed))
    is_busy = sum(delays) >= _BUSY_NS
    told = [
        (group.worst.kind, [*map(timeline.own_name, group.worst.tracks[:1])], group.worst.line, group.sentence)
        for group in grouped(timeline, findings(timeline))
    ]
    if is_busy and program.kind == "leak":
        return  # It may have stood still for longer than new ones came.
    # Where the machine is busy, others may seem to do the same.
    is_late = is_busy and program.kind in LATE
    planted = [one for one in told if one[0] == program.kind and (not is_late or "guilty" in "".join(one[1]))]
    others = [one for one in told if one not in planted and not (one[0] in LATE and is_busy)]
    assert not others, others
    may_lack = is_late and program.kind != "hog"
    assert len(planted) == bool(program.kind) or (may_lack and not planted), f"{program.kind}: {told}"
    for _, first, line, sentence in planted:
        assert first[0].startswith("guilty"), sentence
        # Who was not sampled began there.
        assert line == program.line or (program.kind == "hog" and "sampled" not in sentence), sentence


#: Of all that ran in one process.
OF_PROCESS = (check_times,)
ALWAYS = (check_order, check_slices, check_values, check_ends)
OF_GENERATORS = (*ALWAYS, check_causes, check_dropped, check_refusals)
OF_ASYNCIO = (check_suspensions, check_wakes, check_wakers, check_spawns)
OF_GEVENT = (check_suspensions, check_wakes, check_wakers, check_spawns, check_killed_unstarted)
OF_MIXTURES = (*OF_GENERATORS, check_suspensions, check_spawns)
OF_FORKS = (*OF_MIXTURES, check_children)
EVERY_CHECK = (*ALWAYS, *OF_GEVENT)
