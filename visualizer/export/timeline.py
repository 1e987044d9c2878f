"""The timeline as a vector drawing: real times, text that stays text, each axis (SVG 1.1, https://www.w3.org/TR/SVG11/).

Slices are drawn exactly where they can be seen apart and added up where they cannot, so that the file grows with the
width of the picture and its number of rows, and not with the length of the trace.
"""

from __future__ import annotations

from math import ceil, isinf

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.export.legend import LINE, draw_legend, legend_of
from visualizer.export.page import PADDING, Page, scale_for
from visualizer.export.panel import HEAD, HIGHEST_ROW, LOWEST_ROW, ROW, Panel
from visualizer.export.part_panel import PartAlone
from visualizer.export.pen import fitted
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.comparison.figures import facts
from visualizer.paint.comparison.stretch import stretches
from visualizer.paint.text import caption

#: So many rows, those of all axes together, where no height is given.
_ROWS = 48
#: Between two panels.
_GAP = 30.0


def draw_timeline(timeline: Timeline, settings: Settings) -> bytes:
    """The picture as an SVG file."""
    part, axes = settings.part_of(timeline), settings.axes if timeline.tracks else ()
    title, *known = facts(part)
    told = _told(part, settings)
    shown, hidden = wanted_rows(part, settings, _ROWS // max(1, len(axes)))

    def fixed(width: float) -> float:
        """What is no row."""
        lines = legend_of(settings, width, timeline)
        return _HEAD + 24 * len(told) + (HEAD + _GAP) * len(axes) + LINE * len(lines) + PADDING / 2

    def needs(width: float) -> float:
        return fixed(width) + ROW * len(axes) * len(shown) + _MORE * bool(hidden)

    page = Page(title, settings, scale_for(settings, needs))
    left = page.height - fixed(page.width)
    if LOWEST_ROW * len(axes) * len(shown) + _MORE * bool(hidden) > left:
        most = int((left - _MORE) / (LOWEST_ROW * len(axes)))
        if most < 1:
            least = ceil((page.height - left + LOWEST_ROW * len(axes) + _MORE) * page.scale)
            raise ValueError(f"A picture {settings.height} pixels high has no room for a row; it takes {least}")
        shown, hidden = wanted_rows(part, settings, most)
    room = (left - _MORE * bool(hidden)) / max(1, len(axes) * len(shown))
    pitch = ROW if isinf(room) else min(HIGHEST_ROW, max(LOWEST_ROW, room))
    pen, columns, y = page.pen, page.columns(timeline, shown), page.head(" · ".join(known))
    for text, style in told:
        y += 24
        pen.text(PADDING, y, fitted(text, page.width - 2 * PADDING, 13), style)
    y += 40
    stretch, _ = stretches(part, part)
    for axis in axes:
        if part.is_whole:
            panel = Panel(pen, timeline, axis, *columns, pitch)
        else:
            panel = PartAlone(pen, stretch, stretch.length(axis), axis, columns, axis.value.capitalize(), pitch)
        y = panel.draw(shown, PADDING, y, settings.selected) + _GAP
        if settings.at_ns is not None:
            panel.point_out(settings.at_ns)
    if hidden:
        pen.text(PADDING, y, f"… and {hidden} more tracks", "dim")
        y += _MORE
    return page.finished(draw_legend(pen, legend_of(settings, page.width, timeline), y))


#: Down to the first panel, if nothing is told.
_HEAD = 84.0 + 40.0
#: The line that says how many tracks have no row.
_MORE = 30.0


def _told(part: Part, settings: Settings) -> list[tuple[str, str]]:
    """The lines below the title, and their styles: what must be known of the recording, and what is so at the moment.
    """
    timeline = part.timeline
    told = [(text, "error") for text in [caption.uncaught(timeline)] if text]
    told += [(text, "text") for text in caption.remarks(timeline)]
    if settings.at_ns is not None:
        told.append((moment_told(timeline, settings.at_ns), "thread"))
    return told


def moment_told(timeline: Timeline, t_ns: int) -> str:
    """The last switch up to then, in a sentence."""
    index = timeline.switch_before(t_ns)
    return plain(f"#{index + 1}  {sentence(timeline, index)}" if index >= 0 else sentence_before_first(timeline))
