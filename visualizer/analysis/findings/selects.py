"""Threads whose `select` finds at once, again and again, that a socket may be written to, and that write nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from visualizer.analysis.findings.base import NAMED_NS, Finding, at, finding
from visualizer.analysis.findings.died import is_standard
from visualizer.analysis.model.timeline import Place, State, Suspension, Tie, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: What writes to a descriptor, whatever that is of.
_WRITES = re.compile(r"\bsendfile\b|\bos\.writev?\b|\bimport\b.*\bwritev?\b|\bfdopen\b|\bopen\(\w+\.fileno")


def idle_selects(timeline: Timeline) -> Iterator[Finding]:
    """One for each thread and line, about the longest row. Not where the source writes in a way that is not seen."""
    own = (source for file, source in timeline.sources.items() if not is_standard(file))
    if any(_WRITES.search(source) for source in own):
        return
    rows: dict[tuple[int, Place | None], list[list[tuple[int, Tie, Suspension]]]] = {}
    for tie in timeline.ties:
        track = timeline.tracks.get(tie.track) if tie.relation == words.SPINS else None
        slices = track.slices if track is not None else None
        index = slices.at(tie.t_ns) if slices is not None else -1
        while slices is not None and index >= 0 and slices.state[index] != State.WAITING:
            index -= 1
        count, _, _ = tie.object.partition(" ")
        if slices is None or index < 0 or slices.about[index] < 0 or not count.isdecimal():
            continue
        suspension = timeline.suspensions[slices.about[index]]
        its = rows.setdefault((tie.track, suspension.place), [])
        if not its or int(count) <= its[-1][-1][0]:
            its.append([])
        its[-1].append((int(count), tie, suspension))
    for (track_id, place), several in rows.items():
        row = max(several, key=lambda one: one[-1][1].t_ns - one[0][1].t_ns)
        (_, first, _), (times, last, suspension) = row[0], row[-1]
        if last.t_ns - first.t_ns < NAMED_NS:
            continue
        fds = last.object.split(" ")[2:]
        sentence = (
            f"{timeline.name(track_id)} polls: {suspension.on}{at(place)} found room to write (descriptor"
            f"{'s' * (len(fds) > 1)} {' '.join(fds)}) {times:,} times in a row, for "
            f"{duration(last.t_ns - first.t_ns, 2)} and longer, and it used no socket meanwhile"
        )
        spent_ns = timeline.tracks[track_id].slices.spent_ns
        cost_ns = sum(
            spent_ns(State.RUNNING, one[-1][1].t_ns) - spent_ns(State.RUNNING, one[0][1].t_ns) for one in several
        )
        yield finding("busy_poll", sentence, (track_id,), first.t_ns, place, cost_ns, (track_id,))
