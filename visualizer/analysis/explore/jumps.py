"""Where one can go from a moment: to the next or the previous wake, exception, output, finding or mark."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

from visualizer.analysis.findings.base import Finding, at
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.trace import events as ev
from visualizer.trace import words

#: Among so many switches from the first on the program's own code runs, or it is not looked for.
_LOOKED_AT = 100


class What(StrEnum):
    """What to go to, besides switches."""

    WAKE = "wake"
    EXCEPTION = "exception"
    OUTPUT = "output"
    FINDING = "finding"
    MARK = "mark"


class Occurrence(NamedTuple):
    """Something that happened at `t_ns`, first of all to `track` (NOBODY: to none), in a few words."""

    t_ns: int
    track: int
    said: str


class Moments(NamedTuple):
    """Things of a kind in order of time, numbered from 0. `tracks` says whom one concerns, nobody: it is passed over.

    Where two threads' clocks cross, times may be out of order by the moment between reading a clock and storing it.
    """

    length: int
    t_ns: Callable[[int], int]
    tracks: Callable[[int], tuple[int, ...]]
    moment: Callable[[int], Occurrence]


def beginning(timeline: Timeline) -> int:
    """Where something is to be seen first: the first switch to a track of the program's own, for that its scheduler
    starts says nothing."""
    first = range(min(timeline.switch_count, _LOOKED_AT))
    targets = ((index, timeline.tracks.get(timeline.switch(index).target)) for index in first)
    return next((index for index, track in targets if track is not None and not track.schedules), 0)


def moments(timeline: Timeline, what: What) -> Moments:
    """Wakes, exceptions or outputs of the timeline as it is now. Raise KeyError for what is not in it."""
    return _OF[what](timeline)


def moments_of(findings: Sequence[Finding]) -> Moments:
    """Findings, which are in order of time."""
    return listed(
        ((one.t_ns, one.tracks[0] if one.tracks else words.NOBODY, one.sentence) for one in findings),
        [one.tracks or (words.NOBODY,) for one in findings],
    )


def listed(known: Iterable[tuple[int, int, str]], tracks: Sequence[tuple[int, ...]] | None = None) -> Moments:
    """Moments that stand in a list: (t_ns, track, what is said of it); `tracks` if more of them are concerned."""
    every = [Occurrence(*one) for one in known]
    return Moments(
        len(every),
        lambda index: every[index].t_ns,
        lambda index: tracks[index] if tracks is not None else (every[index].track,),
        every.__getitem__,
    )


def within(of: Moments, start_ns: int, end_ns: int) -> Moments:
    """Those of them that happened from `start_ns` to `end_ns`, both included."""
    first = bisect_left(range(of.length), start_ns, key=of.t_ns)
    stop = bisect_right(range(of.length), end_ns, key=of.t_ns)
    return Moments(
        max(0, stop - first),
        lambda index: of.t_ns(first + index),
        lambda index: of.tracks(first + index),
        lambda index: of.moment(first + index),
    )


def jump(
    of: Moments, t_ns: int, by: int, *, tracks: Collection[int] | None = None, at: int | None = None
) -> int | None:
    """Number of the next (`by` 1) or previous (-1) of them from `t_ns`, or from number `at`; None if there is none.

    With `tracks`, only what concerns one of these counts. What happened at `t_ns` itself is neither, but for those
    that stand beside number `at`: several may have happened at the same time.
    """
    if at is not None and 0 <= at < of.length and of.t_ns(at) == t_ns:
        index = at + by
    elif by > 0:
        index = bisect_right(range(of.length), t_ns, key=of.t_ns)
    else:
        index = bisect_left(range(of.length), t_ns, key=of.t_ns) - 1
    while 0 <= index < of.length:
        concerned = of.tracks(index)
        if concerned and (tracks is None or any(track in tracks for track in concerned)):
            return index
        index += by
    return None


def _wakes(timeline: Timeline) -> Moments:
    wakeups = timeline.wakeups

    def tracks(index: int) -> tuple[int, ...]:
        wakeup = wakeups[index]
        # A turn is nobody's doing.
        return () if wakeup.cause == words.TURN else (wakeup.track, wakeup.waker)

    def moment(index: int) -> Occurrence:
        t_ns, track, waker, cause = wakeups[index]
        by = f"by {timeline.name(waker, t_ns)}" if waker in timeline.tracks else "by an unknown track"
        return Occurrence(t_ns, track, plain(f"{timeline.name(track, t_ns)} is woken {by} ({cause})"))

    return Moments(len(wakeups), lambda index: wakeups[index].t_ns, tracks, moment)


def _exceptions(timeline: Timeline) -> Moments:
    """Tracks that ended by an exception, and the one that the whole program ended by."""
    known = []
    for track in timeline.exits:
        ended = timeline.tracks[track]
        if ended.outcome == words.RAISED:
            said = f"{timeline.name(track, ended.exit_ns)} ended: raised {ended.value or 'an exception'}"
            known.append((ended.exit_ns, track, plain(said)))
    for remark in timeline.remarks:
        if isinstance(remark, ev.Uncaught):
            first = next(iter(timeline.tracks), words.NOBODY)
            where = at(timeline.uncaught_at)
            known.append((remark.t_ns, first, plain(f"uncaught {remark.exception}: {remark.message}{where}")))
    return listed(sorted(known))


def _outputs(timeline: Timeline) -> Moments:
    outputs = timeline.outputs

    def moment(index: int) -> Occurrence:
        output = outputs[index]
        sentence = plain(f"{timeline.name(output.track, output.t_ns)} prints {output.text.strip()}")
        return Occurrence(output.t_ns, output.track, sentence)

    return Moments(len(outputs), lambda index: outputs[index].t_ns, lambda index: (outputs[index].track,), moment)


_OF: dict[What, Callable[[Timeline], Moments]] = {
    What.WAKE: _wakes,
    What.EXCEPTION: _exceptions,
    What.OUTPUT: _outputs,
}
