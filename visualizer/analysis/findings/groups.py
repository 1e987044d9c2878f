"""The same problem of many tracks as one group, and the worst groups first."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import NamedTuple

from visualizer.analysis.findings.base import Finding, Severity, function_of, spawned_told, spot
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain

#: These come before all others, whatever those cost.
_FIRST = (Severity.CRASH, Severity.MISSING)
_SEVERITIES = list(Severity)
#: Of these the line says where a track happened to be.
_ANYWHERE = ("lost_time", "starvation")


class Group(NamedTuple):
    """The same problem of `tracks` tracks, which cost `cost_ns` in total. `worst` cost the most, or was the first."""

    worst: Finding
    others: list[Finding]
    tracks: int
    sentence: str
    cost_ns: int


def grouped(
    timeline: Timeline, found: Iterable[Finding], severity: Callable[[str], Severity]
) -> list[Group]:  # fmt: skip
    """The findings, which are in order of time, as groups; what ended the program first, then by cost."""
    alike: dict[Hashable, list[Finding]] = {}
    for number, one in enumerate(found):
        # What is of no track is like nothing else.
        alike.setdefault(_told_apart(timeline, one) if one.tracks else number, []).append(one)
    groups = [group for several in alike.values() for group in _groups(timeline, several)]

    def rank(group: Group) -> tuple[int, ...]:
        how = severity(group.worst.kind)
        first = _FIRST.index(how) if how in _FIRST else len(_FIRST)
        return first, -group.cost_ns, _SEVERITIES.index(how), group.worst.t_ns

    return sorted(groups, key=rank)


def _told_apart(timeline: Timeline, one: Finding) -> Hashable:
    track = timeline.tracks[one.tracks[0]]
    raised = (track.value or "").partition("(")[0] if one.kind == "unretrieved" else ""
    alike = (one.file, one.line) if one.alike is None else one.alike
    return one.kind, function_of(timeline, track), raised, None if one.kind in _ANYWHERE else alike


def _groups(timeline: Timeline, several: list[Finding]) -> list[Group]:
    tracks = len({one.tracks[:1] for one in several})
    if tracks == 1:
        return [Group(one, [], len(one.tracks[:1]), one.sentence, one.cost_ns) for one in several]
    worst = max(several, key=lambda one: one.cost_ns)
    name = plain(_called(timeline, several, worst))
    which = "the longest" if worst.cost_ns else "the first"
    sentence = f"{tracks:,} × {name}{_spawned(timeline, several)}, {which}: {worst.sentence}"
    cost_ns = sum(one.cost_ns for one in several)
    return [Group(worst, [one for one in several if one is not worst], tracks, sentence, cost_ns)]


def _called(timeline: Timeline, several: list[Finding], worst: Finding) -> str:
    """What all of them are called; where that differs, their function."""
    name = timeline.tracks[worst.tracks[0]].base_name
    same = all(timeline.tracks[one.tracks[0]].base_name == name for one in several)
    return name if same else function_of(timeline, timeline.tracks[worst.tracks[0]])


def _spawned(timeline: Timeline, several: list[Finding]) -> str:
    """Where all of them were spawned, as ", spawned in audit() (service.py:69)"; nothing if not all at one line."""
    places = [timeline.tracks[one.tracks[0]].place for one in several]
    first = places[0]
    if first is None or not spot(first) or len({place and place[:3] for place in places}) > 1:
        return ""
    return plain(f", {spawned_told(first)}")
