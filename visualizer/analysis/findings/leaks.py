"""Tracks that are spawned again and again at one place, and never end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise

from visualizer.analysis.findings.base import (
    LEAK_ENDED_SHARE,
    LEAK_GAP_SHARE,
    LEAK_IDLE_SHARE,
    LEAK_OF,
    LOCKS,
    STUCK_NS,
    Finding,
    at,
    finding,
    function_of,
    has_failed,
    left_waiting,
    spawned_told,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.own_loops import leaks_of_loops
from visualizer.analysis.findings.served import Served
from visualizer.analysis.findings.tracebacks import strangeness
from visualizer.analysis.model.timeline import Place, State, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.without_end import nobody_would_end
from visualizer.trace import words

_Unended = Callable[[Suspension], bool]

_FEW_STEPS = 2
_DAY_NS = 86_400_000_000_000
#: What those wait for that were made for all of the program, each for its own: something to do, or time.
_OF_CREWS = (words.QUEUE, words.CHANNEL, words.SLEEP)


def leak(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """LEAK_OF or more tracks that one place spawned, all the time from its first one on, or for others that have ended
    since, only wait, and hardly one has ended, but by being cancelled once no more came. Not reported: tracks that wait
    for a connection, or that others wake now and then; workers at their queue, of which one at least was served there
    or which take from it in a loop; and what lives as long as its creator does, of which each has its own.

    It costs no time: nobody waits for these tracks, and they themselves are late for nothing. What they cost is memory,
    and a trace does not tell that.
    """
    for place, several in leaked(timeline).items():
        first = several[0][0]
        commonest = Counter((one.reason, one.on, one.place) for _, one in several).most_common(1)[0][0]
        reason, on, where = commonest
        if reason == words.SLEEP:
            waits = f"sleeps for {on}{at(where)}"
        else:
            waits = f"waits{f' in {on}' if '(' in on else f' for {on}' if on else ''}{at(where)}"
        ended = "none of them ended before they were cancelled" if first.exit_ns >= 0 else "none of them has ended"
        lasted = duration(several[-1][0].spawn_ns - first.spawn_ns, 2)
        sentence = (
            f"{len(several):,} × {function_of(timeline, first)}, {spawned_told(first.place)} one after another for "
            f"{lasted} → {ended}; {timeline.name(first.id)} {waits} since {duration(several[0][1].t_ns, 3)}"
        )
        tracks = [track.id for track, _ in several]
        yield finding("leak", sentence, tracks, first.spawn_ns, place)
    yield from leaks_of_loops(timeline, observed)


def leaked(timeline: Timeline) -> dict[Place, list[tuple[Track, Suspension]]]:
    """Where they are spawned -> the tracks that leak, in the order of their creation, with what each waits for."""
    kinds = timeline.words.spawned | {words.THREAD}
    may_leak = (track for track in timeline.tracks.lasting(words.CANCELLED) if track.kind in kinds)
    waits = Counter(track.place for track in may_leak if _left(timeline, track) is not None)
    several = {place for place, count in waits.items() if count >= LEAK_OF}
    spawned: dict[Place, list[Track]] = {}
    for track in timeline.tracks.values() if several else ():
        if track.place is not None and track.place in several and track.kind in kinds:
            spawned.setdefault(track.place, []).append(track)
    found = {}
    served, unended = Served(timeline), _unended(timeline)
    for place, tracks in spawned.items():
        created = Counter(track.creator for track in tracks)
        idle = [(track, one) for track in tracks if (one := _idle(timeline, track, unended)) is not None]
        # Nobody knows of a queue of one's own that was never given anything, even if more is asked of it in a loop.
        shared = Counter(one.object for _, one in idle if one.object)
        waiting = [
            (track, one)
            for track, one in idle
            if not (served.is_worker(track, one) if shared[one.object] != 1 else served.before(track, one))
            and not (created[track.creator] == 1 and _lives(timeline, track.creator))
        ]
        if len(waiting) >= LEAK_OF and _grows(timeline, tracks, waiting, unended):
            # Who got to run late has not waited for long, but does the same.
            does = {(one.reason, one.on, one.place) for _, one in waiting}
            left = [(track, one) for track in tracks if (one := _left(timeline, track)) is not None]
            found[place] = [(track, one) for track, one in left if (one.reason, one.on, one.place) in does]
    return found


def leaks_too(timeline: Timeline) -> Callable[[Track, Suspension], bool]:
    """Whether a track waits where tracks of its function leak, though it was spawned at another line."""
    known = {
        (function_of(timeline, track), one.reason, one.place)
        for several in leaked(timeline).values()
        for track, one in several
    }
    return lambda track, one: (function_of(timeline, track), one.reason, one.place) in known


def _unended(timeline: Timeline) -> _Unended:
    """Whether nobody in the source would ever end a wait, worked out once for all that are written so."""
    own = [text for file, text in timeline.sources.items() if not strangeness(file)]
    known: dict[tuple[str, str, bool], bool] = {}

    def is_unended(one: Suspension) -> bool:
        key = one.reason, one.on, one.is_endless
        if key not in known:
            known[key] = nobody_would_end(timeline, one, own)
        return known[key]

    return is_unended


def _idle(timeline: Timeline, track: Track, unended: _Unended) -> Suspension | None:
    """What it waits for, if it does nothing else any more."""
    suspension = _left(timeline, track)
    if suspension is None or suspension.reason == words.IO:
        return None
    if suspension.reason in LOCKS and not unended(suspension):
        return None  # Of a lock it is told who keeps it.
    if track.kind == words.THREAD and (suspension.place is None or strangeness(suspension.place.file)):
        if not _is_long_timer(suspension):
            return None  # A worker of a pool's.
    until_ns = track.exit_ns if track.exit_ns >= 0 else _end_ns(timeline, track)
    waited_ns = track.slices.spent_ns(State.WAITING, until_ns)
    if waited_ns < LEAK_IDLE_SHARE * max(1, until_ns - track.spawn_ns) or _is_served(timeline, track):
        return None
    return suspension


def _is_long_timer(suspension: Suspension) -> bool:
    """Whether a thread is a Timer of threading's that waits for a day or longer: it costs a thread all that time."""
    return suspension.place is not None and suspension.place.function == "Timer.run" and suspension.asked_ns >= _DAY_NS


def _lives(timeline: Timeline, creator: int) -> bool:
    """Whether the creator of a track has not ended, as far as it is known."""
    track = timeline.tracks.get(creator)
    return track is not None and not track.schedules and track.exit_ns < 0


def _is_served(timeline: Timeline, track: Track) -> bool:
    """Whether another track ever woke it after its start."""
    wakers = timeline.wakeups
    slices = track.slices
    for index in range(1, len(slices)):
        if slices.state[index] == State.READY and slices.state[index - 1] == State.WAITING:
            wakeup = wakers[slices.about[index]]
            waker = timeline.tracks.get(wakeup.waker)
            if waker is not None and not waker.schedules and wakeup.cause != words.CANCEL:
                return True
    return False


def _grows(
    timeline: Timeline, tracks: list[Track], idle: list[tuple[Track, Suspension]], unended: _Unended
) -> bool:  # fmt: skip
    """Whether hardly one of the tracks of a place ended, and more came all the time, up to the end; or while somebody
    asked for them, one by one."""
    if len(tracks) - len(idle) > LEAK_ENDED_SHARE * len(tracks):
        return False
    waiting = [track for track, _ in idle]
    # Those that were cancelled were so at the end of all.
    over_ns = min(track.exit_ns if track.exit_ns >= 0 else _end_ns(timeline, track) for track in waiting)
    times_ns = [track.spawn_ns for track in waiting] + [over_ns]
    if times_ns[-1] < times_ns[-2]:
        return False
    gaps_ns = [after - before for before, after in pairwise(times_ns)]
    span_ns = times_ns[-1] - times_ns[0]
    # Who still does something now and then may be one of a crew that came in the beginning.
    most = LEAK_GAP_SHARE if any(len(track.steps) > _FEW_STEPS for track in waiting) else LEAK_IDLE_SHARE
    if span_ns > 0 and max(gaps_ns) <= most * span_ns:
        return True
    return _left_behind(timeline, idle, times_ns[-1]) or _forgotten(timeline, idle, times_ns[-1], unended)


def _left_behind(timeline: Timeline, idle: list[tuple[Track, Suspension]], until_ns: int) -> bool:
    """Whether these are no crew, however soon the last of them came: they were spawned in as many runs of tracks that
    have ended since, and each waits for what no other one of them does, STUCK_NS or longer, and never ran again."""
    runs, objects = set(), set()
    for track, one in idle:
        creator = timeline.tracks.get(track.creator)
        if creator is None or creator.schedules or creator.outcome != words.RETURNED or len(track.steps) > _FEW_STEPS:
            return False
        if one.reason in _OF_CREWS or not one.object:
            return False
        runs.add((creator.id, creator.slices.at(track.spawn_ns)))
        objects.add(one.object)
    since_ns = max(max(one.t_ns, timeline.tracks[track.creator].exit_ns) for track, one in idle)
    return len(runs) == len(objects) == len(idle) and until_ns - since_ns >= STUCK_NS


def _forgotten(
    timeline: Timeline, idle: list[tuple[Track, Suspension]], until_ns: int, unended: _Unended
) -> bool:  # fmt: skip
    """Whether these are no crew, though all came at once: each waits, STUCK_NS or longer, for what nobody in the source
    would ever bring about, has not run since it began with that, and none was ended by anybody but its loop."""
    for track, one in idle:
        if len(track.steps) > _FEW_STEPS or until_ns - one.t_ns < STUCK_NS:
            return False
        if track.outcome == words.CANCELLED and left_waiting(timeline, track) is None:
            return False
        if not unended(one):
            return False
    return True


def _left(timeline: Timeline, track: Track) -> Suspension | None:
    """What it waits for in its last slice, or did until it was cancelled, or the end of its process cut it off."""
    slices = track.slices
    if track.state is not State.DONE or track.exit_ns >= 0 or len(slices) < 2 or has_failed(timeline):
        return left_waiting(timeline, track, True)
    is_waiting = slices.state[-2] == State.WAITING and slices.about[-2] >= 0
    return timeline.suspensions[slices.about[-2]] if is_waiting else None


def _end_ns(timeline: Timeline, track: Track) -> int:
    """When the process of a track ended its work: when its first thread ended, or the end of what is known."""
    first = timeline.tracks.get(timeline.process_of(track.id).track)
    return first.exit_ns if first is not None and first.exit_ns >= 0 else timeline.last_ns
