"""The same problem of many tracks as one group, and the worst groups first."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import NamedTuple

from visualizer.analysis.findings.base import Finding
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain

#: What is worse than any loss of time, the worst first. What is missing comes before: it is to be known of the rest.
_WORSE = ("incomplete", "deadlock", "unretrieved", "never_resumed", "never_started")
#: Of these the line says where a track happened to be.
_ANYWHERE = ("lost_time", "starvation")


class Group(NamedTuple):
    """The same problem of `tracks` tracks. `worst` cost the most time, or was the first."""

    worst: Finding
    others: list[Finding]
    tracks: int
    sentence: str


def grouped(timeline: Timeline, found: Iterable[Finding]) -> list[Group]:
    """The findings, which are in order of time, as groups; those that only cost time come last."""
    alike: dict[Hashable, list[Finding]] = {}
    for number, one in enumerate(found):
        # What is of no track is like nothing else.
        alike.setdefault(_told_apart(timeline, one) if one.tracks else number, []).append(one)
    groups = [group for several in alike.values() for group in _groups(timeline, several)]
    return sorted(groups, key=lambda group: (_rank(group.worst), -group.worst.lost_ns, group.worst.t_ns))


def _rank(one: Finding) -> int:
    return _WORSE.index(one.kind) if one.kind in _WORSE else len(_WORSE)


def _told_apart(timeline: Timeline, one: Finding) -> Hashable:
    track = timeline.tracks[one.tracks[0]]
    raised = (track.value or "").partition("(")[0] if one.kind == "unretrieved" else ""
    return one.kind, track.base_name, raised, None if one.kind in _ANYWHERE else (one.file, one.line)


def _groups(timeline: Timeline, several: list[Finding]) -> list[Group]:
    tracks = len({one.tracks[:1] for one in several})
    if tracks == 1:
        return [Group(one, [], len(one.tracks[:1]), one.sentence) for one in several]
    worst = max(several, key=lambda one: one.lost_ns)
    name = plain(timeline.tracks[worst.tracks[0]].base_name)
    which = "the longest" if worst.lost_ns else "the first"
    sentence = f"{tracks:,} × {name}, {which}: {worst.sentence}"
    return [Group(worst, [one for one in several if one is not worst], tracks, sentence)]
