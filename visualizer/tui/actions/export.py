"""How to export a picture of what is on the screen: the shell command for it; and what the clipboard takes."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from math import ceil, floor
from pathlib import Path

from visualizer.paint.axis.viewport import Axis, time_of_position
from visualizer.paint.rows.order import RowList, row_name
from visualizer.tui.actions.feedback import Feedback
from visualizer.tui.state.view import View

_NS_PER_S = 1_000_000_000


def command_for(traces: Sequence[str], options: Sequence[str]) -> str:
    """What draws that trace, or both of them on one scale, typed into a shell. Each may have a span: FILE@0.5-2."""
    stems = dict.fromkeys(Path(Path(trace).name.partition("@")[0]).stem for trace in traces)
    picture = "-".join(stems) + ".svg"
    return shlex.join(["visualizer", "export" if len(traces) == 1 else "compare", *traces, "-o", picture, *options])


def visible_span(view: View) -> str:
    """The visible range, as FILE@SPAN has it; "" where all is seen, or nothing of the trace."""
    viewport, timeline = view.viewport, view.timeline
    if view.fitted:
        return ""
    if viewport.axis is Axis.SWITCHES:
        # Place k is that of switch number k, from 1.
        first, last = max(1, ceil(viewport.start)), min(timeline.switch_count, floor(viewport.end))
        if first < last:
            return f"@#{first}-#{last}"
    begin_ns, end_ns = (
        min(max(0, int(time_of_position(timeline, viewport.axis, place))), timeline.last_ns)
        for place in (viewport.start, viewport.end)
    )
    return f"@{_seconds(begin_ns)}-{_seconds(end_ns)}" if begin_ns < end_ns else ""


def visible_rows(view: View) -> list[str]:
    """Options that name the rows, where these are not those of a picture anyway; and the one that is selected."""
    timeline = view.timeline
    named = [row_name(timeline, row) for row in view.rows]
    plain = [row_name(timeline, row) for row in RowList(timeline).arrange()]
    options = [option for name in named for option in ("--tracks", name)] if named != plain else []
    row = view.selected_row
    return [*options, "--select", row_name(timeline, row)] if row is not None else options


class Exporting(Feedback):
    """A subclass says what is on the screen."""

    @property
    def traces(self) -> Sequence[str] | None:
        """One file, or two, each with the span that is seen; None if what came through a pipe is in none."""
        raise NotImplementedError

    @property
    def seen(self) -> Sequence[str]:
        """What else is seen of them, as options of the command."""
        return ("--axis", self.view.viewport.axis.value, "--theme", "dark" if self.app.current_theme.dark else "light")

    @property
    def export_command(self) -> str | None:
        traces = self.traces
        return command_for(traces, self.seen) if traces is not None else None

    def action_show_export_command(self) -> None:
        command = self.export_command
        if command is None:
            self.deny("This trace came through a pipe; only a trace file can be exported.")
        else:
            self.message_line.set(f"To export a picture, run: {command}")
        self.look()


def _seconds(t_ns: int) -> str:
    seconds, ns = divmod(t_ns, _NS_PER_S)
    return f"{seconds}.{ns:09}".rstrip("0").rstrip(".")
