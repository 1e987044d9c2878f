"""The views that are lines of text on the screen, as a drawing: spawn tree, wait graph, problems."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from textwrap import wrap

from visualizer.analysis.explore.spawn_tree import Family
from visualizer.analysis.explore.wait_graph import moment_at
from visualizer.analysis.findings import KINDS, Severity, findings, grouped, none_found
from visualizer.analysis.index.groups import track_group_of
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.durations import duration
from visualizer.export.page import CELL, FONT, HEAD, PADDING, TOLD, Drawing, Heights, Page, fit, told
from visualizer.export.pen import shortened
from visualizer.export.sequence import named
from visualizer.export.settings import Settings
from visualizer.paint.axis.times import SINCE_START
from visualizer.paint.comparison.figures import facts
from visualizer.paint.panes.spawn_tree import node_runs, nodes
from visualizer.paint.panes.wait_graph import graph
from visualizer.paint.text.canvas import Run

_ROWS = Heights(22.0, 18.0, 34.0)
#: So many lines where no height is given.
_LINES = 60
_ABOVE = 36.0
_GRAVE = frozenset((Severity.CRASH, Severity.STUCK))
_Lines = list[list[Run]]


def draw_tree(timeline: Timeline, settings: Settings) -> Drawing:
    """Which track spawned which, and what each does at the moment."""
    part = settings.part_of(timeline)
    at_ns = part.end_ns if settings.at_ns is None else settings.at_ns
    family = Family(timeline)
    family.take()
    chosen = named(timeline, settings)
    known = [node for node in nodes(family, frozenset()) if node.kin is not None or part.lives(node.track)]

    def lines(width: int) -> Iterator[_Lines]:
        for node in known:
            group = track_group_of(timeline, node.members) if node.kin is not None else None
            selected = node.kin is None and node.track in chosen
            yield [node_runs(timeline, node, at_ns, width, group=group, selected=selected)]

    return _draw(part, settings, lines, "tracks")


def draw_waits(timeline: Timeline, settings: Settings) -> Drawing:
    """Which track waits for which at the moment."""
    part = settings.part_of(timeline)
    moment = moment_at(timeline, part.end_ns if settings.at_ns is None else settings.at_ns)
    return _draw(part, settings, lambda width: ([said.runs] for said in graph(timeline, moment, width)), "lines")


def draw_problems(timeline: Timeline, settings: Settings) -> Drawing:
    """The problems, the worst first."""
    part = settings.part_of(timeline)
    found = grouped(timeline, [one for one in findings(timeline) if part.start_ns <= one.t_ns <= part.end_ns])

    def lines(width: int) -> Iterator[_Lines]:
        for group in found:
            kind = group.worst.kind
            runs = [
                Run(SINCE_START.moment(group.worst.t_ns, timeline.last_ns), "ruler"),
                Run(f"  {kind.replace('_', ' ')}", "error" if KINDS[kind].severity in _GRAVE else "ready"),
                Run(f"  {duration(group.cost_ns, 2)} lost" if group.cost_ns else "", "text"),
            ]
            yield [runs, *([Run(f"  {text}", "text")] for text in wrap(shortened(group.sentence), width - 2))]
        if not found:
            yield [[Run(none_found(part.timeline), "dim")]]

    return _draw(part, settings, lines, "problems")


def _draw(part: Part, settings: Settings, of: Callable[[int], Iterator[_Lines]], what: str) -> Drawing:
    """What has room of that, of which each has some lines for a width in cells, below the title."""
    (title, *known), remarks = facts(part), told(part.timeline, settings)
    most = int(settings.height / _ROWS.least) if settings.height else _LINES

    def cells(width: float) -> int:
        return int((width - 2 * PADDING) / CELL)

    def count(width: float) -> int:
        """More than have room are not counted."""
        return sum(map(len, islice(of(cells(width)), most)))

    def fixed(width: float) -> float:
        return HEAD + TOLD * len(remarks) + _ABOVE + PADDING

    fitting = fit(settings, fixed, count, False, _ROWS)
    page = Page(title, settings, fitting.scale)
    y, room, hidden = page.head(known, remarks) + _ABOVE, min(fitting.lines, most), 0
    for lines in of(cells(page.width)):
        room -= len(lines)
        hidden += room < 0
        for line in lines if room >= 0 else ():
            page.pen.runs(PADDING, y, line, FONT)
            y += fitting.pitch
    if hidden:
        y = page.more(y, f"{hidden} more {what}")
    return page.finished(y + PADDING / 2)
