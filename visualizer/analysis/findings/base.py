"""What a finding is, and the thresholds."""

from __future__ import annotations

import ntpath
import re
import signal
from collections.abc import Hashable, Iterable
from enum import StrEnum
from typing import NamedTuple

from visualizer.analysis.model import blocking
from visualizer.analysis.model.timeline import RUNS, Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.hot_lines import sampled_at
from visualizer.analysis.text.printable import plain
from visualizer.trace import words

_MS = 1_000_000

#: A track that keeps its hub from running for this long hogs it.
HOG_NS = blocking.HOG_NS
#: A delay of this length between being woken and running is lost time.
LOST_NS = 50 * _MS
#: A track that is ready for this long in total, and for this share of its life, starves.
STARVED_NS = 100 * _MS
STARVED_SHARE = 0.1
#: With this share of it in one wait it was late once.
ONCE_SHARE = 0.9
#: What hogs explain of that counts only if it happened so often, and for half of its life.
STARVED_AGAIN = 3
#: A timer is late from this delay on, if its hub was blocked meanwhile.
LATE_NS = blocking.LATE_NS
#: Such delays are reported from this length in total on, or where one of them is lost time.
LATE_IN_ALL_NS = 200 * _MS
#: A track polls with this many sleeps of 0 s in a row that take so long in all, if at most this share of the steps
#: between is longer than that.
POLLS = 100
POLLS_NS = 10 * _MS
POLL_STEP_NS = 200_000
POLL_BUSY_SHARE = 0.05
#: A thread polls that tries in vain in so many of its samples.
VAIN_SHARE = 0.8
#: Of at least this many answers at a line, one is slow if it took so much longer than the average, and so many times
#: as long.
SLOW_OF = 3
SLOW_NS = 50 * _MS
SLOW_FACTOR = 1.25
#: All are, if who gives them sleeps, and they take so long on average.
LONG_ANSWER_NS = 100 * _MS
#: So many tracks of one place leak, if at most this share of all that it spawned has ended, each of them waits for this
#: share of its life, and there was no time longer than this share of the whole without a new one.
LEAK_OF = 8
LEAK_ENDED_SHARE = 0.1
LEAK_IDLE_SHARE = 0.8
LEAK_GAP_SHARE = 0.5
#: Others lose so much in total by a lock that is held while its holder waits.
HELD_NS = 100 * _MS
#: Tracks lose so much in total by a pool of threads that is full; a hub's has so many unless it is told otherwise.
POOL_NS = 100 * _MS
POOL_THREADS = 10
#: A queue only grows that has grown to so many items, from the first to the last quarter of at least this time.
GREW_TO = 50
GREW_NS = 500 * _MS
#: Waits for locks are told as endless in a program that still runs from this length on.
STUCK_NS = 1_000 * _MS
#: Of so many tracks of a line, one is slow if it took this much longer than half of them, and so many times as long.
OUTLIER_OF = 5
OUTLIER_NS = 500 * _MS
OUTLIER_FACTOR = 5
#: Of so many tracks whose ends are waited for together, one is slow that ends so much after the others.
MEMBERS_OF = 3
#: Shorter turns are not named as the cause of a delay.
NAMED_NS = 10 * _MS

#: How the library calls a thread that has no name.
_THREAD = re.compile(r"Thread-\d+ \((.+)\)")
#: What a program calls one of many: a name, and numbers behind it.
_NUMBERED = re.compile(r"(.*?[^\W\d_])[\W_]*\d+(?:[\W_]+\d+)*\W*")
#: Generators that resume one another are followed so far.
_DEEPEST = 100
#: At most this many other tracks are named in a sentence; the rest is counted.
_NAMED = 3

#: Waits for what one track at a time has.
LOCKS = frozenset((words.SEMAPHORE, words.LOCK))
#: Waits that something outside of the trace ends: no track in it has to end them.
FROM_OUTSIDE = frozenset(
    (words.SLEEP, words.IO, words.DNS, words.SELECT, words.SUBPROCESS, words.THREADPOOL, words.SIGNAL, words.ASYNC)
)


class Severity(StrEnum):
    """How bad a kind of problem is, the worst first."""

    #: An exception, or a deadlock, ended the program or a part of it.
    CRASH = "crash"
    #: Part of the trace is missing, and so may other problems be.
    MISSING = "missing"
    #: Something never went on.
    STUCK = "stuck"
    #: Time was lost.
    SLOW = "slow"


class Finding(NamedTuple):
    """One problem, in one sentence.

    `tracks`: ids, the affected one first. `t_ns`: the moment. `file`, `line`: None if unknown. `cost_ns`: the time that
    was lost by it, in total, by the tracks `lost_by`; 0 if it is not known that any was. `alike`: what it has in common
    with the same problem of other tracks; None if that is its line.
    """

    kind: str
    sentence: str
    tracks: tuple[int, ...]
    t_ns: int
    file: str | None
    line: int | None
    cost_ns: int = 0
    lost_by: tuple[int, ...] = ()
    alike: Hashable = None


def finding(
    kind: str, sentence: str, tracks: Iterable[int], t_ns: int, place: Place | None, cost_ns: int = 0,
    lost_by: Iterable[int] = (), alike: Hashable = None,
) -> Finding:  # fmt: skip
    """A finding at `place`; each track once."""
    known = place is not None and place.file and place.line > 0
    file, line = (place.file, place.line) if place is not None and known else (None, None)
    those, losers = (tuple(dict.fromkeys(ids)) for ids in (tracks, lost_by))
    return Finding(kind, plain(sentence), those, t_ns, file, line, max(0, cost_ns), losers, alike)


def at(place: Place | None) -> str:
    """The place as " (demo.py:12)", or nothing where it is not known."""
    shown = spot(place)
    return f" ({shown})" if shown else ""


def spot(place: Place | None) -> str:
    """The place as "demo.py:12", or nothing where it is not known."""
    # A trace may come from a machine with other separators; this one knows both.
    return f"{ntpath.basename(place.file)}:{place.line}" if place is not None and place.file else ""


def spawned_told(place: Place | None) -> str:
    """Where something was spawned, as "spawned in audit() (service.py:69)"; "spawned" where that is not known."""
    if place is None or not spot(place):
        return "spawned"
    function = place.function.rpartition(".")[2]
    return f"spawned in {function}() ({spot(place)})" if function.isidentifier() else f"spawned at {spot(place)}"


def listed(parts: list[str], most: int = _NAMED) -> str:
    """The parts as "a", "a and b", "a, b, c and 4 others"."""
    if len(parts) > most + 1:
        parts = [*parts[:most], f"{len(parts) - most} others"]
    return f"{', '.join(parts[:-1])} and {parts[-1]}" if len(parts) > 1 else "".join(parts)


def function_of(timeline: Timeline, track: Track) -> str:
    """What tracks that do the same are called, whatever each of them serves: of a thread with a name of the library's,
    its function; and of what the program numbers by name ("worker-3", "client 3.1"), what is in front of the number."""
    name = timeline.own_name(track.id)
    found = _THREAD.fullmatch(name) if track.kind == words.THREAD else None
    if found is not None:
        return found[1]
    is_function = track.kind != words.THREAD and name.replace(".", "_").isidentifier()
    numbered = None if is_function else _NUMBERED.fullmatch(name)
    return numbered[1] if numbered is not None else name


def worst_of(count: int, what: str) -> str:
    """The end of a sentence about the longest of several."""
    return f"; the longest of {count} {what}" if count > 1 else ""


def is_over(timeline: Timeline) -> bool:
    """Whether the program ended by itself, so that what was left undone at the end was left undone for good."""
    if (timeline.end is not None and timeline.end.signal) or is_interrupted(timeline):
        return False
    mains = main_threads(timeline)
    return bool(mains) and all(track.exit_ns >= 0 for track in mains)


def is_cut_short(timeline: Timeline) -> bool:
    """Whether another track than the main thread ended the program: what that waited for raised its SystemExit."""
    main = next(iter(timeline.tracks.values()), None)
    switch = timeline.switch(main.steps[-1]) if main is not None and len(main.steps) else None
    return switch is not None and switch.cause == words.THROW and (switch.value or "").startswith("SystemExit(")


def main_threads(timeline: Timeline) -> list[Track]:
    """The first of each process. It waits for the others at its end, but for daemons, which are cut off."""
    mains: dict[int, Track] = {}
    for track in timeline.tracks.of_kind(words.THREAD):
        mains.setdefault(track.process, track)
    return [*mains.values()]


def is_interrupted(timeline: Timeline) -> bool:
    """Whether Ctrl-C ended the program."""
    return timeline.uncaught is not None and timeline.uncaught[0] == "KeyboardInterrupt"


def end_told(timeline: Timeline) -> str:
    """What ended the program, or that it has not ended, as "SIGTERM ended the program"."""
    if is_interrupted(timeline):
        return "Ctrl-C ended the program"
    if timeline.end is None and not is_over(timeline):
        return "the end of the trace"
    if timeline.end is None or not timeline.end.signal:
        return "the program ended"
    try:
        return f"{signal.Signals(timeline.end.signal).name} ended the program"
    except ValueError:
        return f"signal {timeline.end.signal} ended the program"


def has_failed(timeline: Timeline) -> bool:
    """Whether the tracer of a runtime was taken out, so that its tracks went on unseen."""
    if not timeline.unsupported:
        return False
    tracers = timeline.header.tracers if timeline.header is not None else {}
    return any(name in tracers for name in timeline.unsupported)


def suspended(timeline: Timeline, track: Track) -> Suspension | None:
    """What the track waits for in its last slice; None if it does not wait, or what it did then is not known."""
    if has_failed(timeline):
        return None
    slices = track.slices
    if track.state is not State.WAITING or slices.about[-1] < 0:
        return None
    return timeline.suspensions[slices.about[-1]]


def last_known(timeline: Timeline, track: Track) -> tuple[State, int]:
    """State and `about` of its last slice; where its process lived on as the program ended, those up to then."""
    slices = track.slices
    if not len(slices):
        return State.UNKNOWN, -1
    process = timeline.process_of(track.id)
    main = timeline.tracks.get(process.track) if process.number else None
    lived_on = track.state is State.UNKNOWN and main is not None and main.exit_ns < 0 and len(slices) > 1
    index = len(slices) - (2 if lived_on else 1)
    return State(slices.state[index]), slices.about[index]


def thread_waits(timeline: Timeline, thread: Track) -> Suspension | None:
    """What the thread waits for in its last slice, also if a generator does that it has resumed."""
    found = suspended(timeline, thread)
    for _ in range(_DEEPEST):
        inner = timeline.tracks.get(found.on_track) if found is not None and found.reason == words.RESUMED else None
        if inner is None:
            break
        found = suspended(timeline, inner)
    return found._replace(track=thread.id) if found is not None else None


def left_waiting(timeline: Timeline, track: Track, whoever_cancelled: bool = False) -> Suspension | None:
    """What the track waits for in its last slice, or did when whoever ends its loop cancelled it, or anybody did."""
    if track.outcome != words.CANCELLED:
        return suspended(timeline, track)
    slices = track.slices
    # It waits, is ready, runs once more, and ends.
    for at in range(len(slices) - 2, max(0, len(slices) - 4), -1):
        if slices.state[at] == State.READY and slices.state[at - 1] == State.WAITING:
            wakeup = timeline.wakeups[slices.about[at]]
            waker = timeline.tracks.get(wakeup.waker)
            if wakeup.cause != words.CANCEL:
                continue
            if whoever_cancelled or (waker is not None and (waker.schedules or waker.kind == words.THREAD)):
                return timeline.suspensions[slices.about[at - 1]]
    return None


def lived_on_waiting(timeline: Timeline, track: Track) -> Suspension | None:
    """What the track waited for as the program ended, if its process lived on."""
    if track.state is not State.UNKNOWN or has_failed(timeline):
        return None
    state, about = last_known(timeline, track)
    return timeline.suspensions[about] if state is State.WAITING and about >= 0 else None


def waited_told(timeline: Timeline, tracks: Iterable[Track]) -> str:
    """What those of the tracks that wait waited for up to the end, those alike together; "" if none does."""
    alike: dict[tuple[str, str, Place | None], list[int]] = {}
    for track in tracks:
        suspension = None if track.schedules else left_waiting(timeline, track) or lived_on_waiting(timeline, track)
        if suspension is not None:
            did = "slept" if suspension.reason == words.SLEEP else "waited in" if "(" in suspension.on else "waited for"
            did = f"{did} {suspension.on}" if suspension.on else "waited"
            alike.setdefault((track.base_name, did, suspension.place), []).append(track.id)
    return listed(
        [
            f"{timeline.name(those[0]) if len(those) == 1 else f'{len(those):,} × {name}'} {did}{at(place)}"
            for (name, did, place), those in alike.items()
        ]
    )


def cut_off(timeline: Timeline) -> str:
    """A sentence on what a program that did not end by itself was last seen doing; "" if it did, or none is known.

    What it did not write any more before it was killed is not known.
    """
    ended = end_told(timeline)
    if timeline.end is None or ended == "the program ended":
        return ""
    running = timeline.running_at(timeline.switch_count - 1)
    track = timeline.tracks[running]
    state, _ = last_known(timeline, track)
    did = "waited in a call" if state is State.IDLE else "ran"
    seen = sampled_at(timeline, timeline.samples.latest(running, track.slices.start_ns[-1], timeline.last_ns))
    # Who ran a loop that is over was to end the tasks that were left.
    ended_loop = any(loop.parent == running and loop.exit_ns >= 0 for loop in timeline.tracks.of_kind(words.LOOP))
    others = track.schedules or ended_loop or state is State.WAITING or track.exit_ns >= 0
    doing = [] if others else [f"{timeline.name(running)} {did}{at(seen)}"]
    waited = waited_told(timeline, timeline.tracks.lasting(words.CANCELLED))
    return f"Last known before {ended}: {'; '.join(filter(None, (*doing, waited)))}." if doing or waited else ""


def suspension_before(timeline: Timeline, track: Track, t_ns: int) -> Suspension | None:
    """What the track waited for the last time before its run at `t_ns`."""
    number = number_of_suspension_before(track, t_ns)
    return timeline.suspensions[number] if number >= 0 else None


def number_of_suspension_before(track: Track, t_ns: int) -> int:
    """The number of that, -1 if there is none."""
    slices = track.slices
    index = slices.at(t_ns)
    # The run, its end, and READY stand between; more than a few slices back it is another run's.
    between = 0
    while index >= 0 and between < 3:
        if slices.state[index] == State.WAITING and slices.start_ns[index] < t_ns:
            return slices.about[index]
        between += slices.state[index] not in RUNS
        index -= 1
    return -1
