"""The shell command for a picture of what is on the screen: shown, copied or run; and what the clipboard takes."""

from __future__ import annotations

import asyncio
import os
import shlex
import sys
from collections.abc import Sequence
from itertools import count
from math import ceil, floor
from pathlib import Path

from visualizer.analysis.explore.spans import part_of
from visualizer.paint.axis.viewport import Axis, time_of_position
from visualizer.paint.rows.order import PICTURE_ROWS, Row, RowList, fitting, row_name
from visualizer.tui.actions.feedback import Feedback
from visualizer.tui.state.view import View

_NS_PER_S = 1_000_000_000
#: Where the package is found by the interpreter that runs the command.
_ROOT = Path(__file__).parents[3]


def command_for(traces: Sequence[str], options: Sequence[str]) -> str:
    """What draws that trace, or both of them on one scale, typed into a shell. Each may have a span: FILE@0.5-2."""
    stems = dict.fromkeys(Path(Path(trace).name.partition("@")[0]).stem for trace in traces)
    stem = "-".join(stems)
    names = (f"{stem}.svg" if number == 1 else f"{stem}-{number}.svg" for number in count(1))
    picture = next(name for name in names if not os.path.lexists(name))
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


def visible_rows(view: View, in_sight: Sequence[Row]) -> list[str]:
    """Options that name the rows, where these are not those of a picture anyway; and the one that is selected.

    `in_sight`: those that are named where all of them are more than a picture has.
    """
    timeline, span = view.timeline, visible_span(view)[1:]
    part = part_of(timeline, "", span or None)
    found = fitting(RowList(timeline), part.lives, PICTURE_ROWS)
    shown = view.rows if len(view.rows) <= PICTURE_ROWS else in_sight
    named = [row_name(timeline, row) for row in shown]
    usual = [row_name(timeline, row) for row in found[:PICTURE_ROWS]]
    options = [option for name in named for option in ("--tracks", name)] if named != usual else []
    row = view.selected_row
    chosen = row_name(timeline, row) if row is not None else ""
    return [*options, "--select", chosen] if chosen in named else options


def moment(view: View) -> list[str]:
    """The option that points out the moment of the playhead."""
    index, t_ns = view.playhead.index, view.playhead.t_ns
    if index >= 0 and view.timeline.switch_ns[index] == t_ns:
        return ["--at", f"#{index + 1}"]
    return ["--at", _seconds(t_ns)] if t_ns > 0 else []


class Exporting(Feedback):
    """A subclass says what is on the screen."""

    @property
    def traces(self) -> Sequence[str] | None:
        """One file, or two, each with the span that is seen; None if what came through a pipe is in none."""
        raise NotImplementedError

    @property
    def seen(self) -> Sequence[str]:
        """What else is seen of them, as options of the command."""
        return ("--axis", self.view.viewport.axis.value, *self.theme_seen)

    @property
    def theme_seen(self) -> Sequence[str]:
        return ("--theme", "dark" if self.app.current_theme.dark else "light")

    @property
    def export_command(self) -> str | None:
        traces = self.traces
        return command_for(traces, self.seen) if traces is not None else None

    def action_show_export_command(self) -> None:
        if (command := self._command()) is not None:
            self.message_line.set(f"To export a picture, run: {command}")
        self.look()

    def action_copy_export_command(self) -> None:
        if (command := self._command()) is not None:
            self.app.copy_to_clipboard(command)
            self.message_line.set(f"Copied: {command}")
        self.look()

    async def action_run_export_command(self) -> None:
        if self.app.is_web:
            self.deny("From a browser nothing is written: copy the command instead.")
        elif (command := self._command()) is not None:
            self.message_line.set(f"Running: {command}")
            self.run_worker(self._run(command), exclusive=True)
        self.look()

    async def _run(self, command: str) -> None:
        _, *words = shlex.split(command)
        paths = os.pathsep.join(filter(None, (str(_ROOT), os.environ.get("PYTHONPATH", ""))))
        # Not with what lies in the folder of whoever looks at the trace.
        ran = await asyncio.create_subprocess_exec(
            sys.executable, "-P", "-m", "visualizer", *words, env=os.environ | {"PYTHONPATH": paths},
            stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )
        _, said = await ran.communicate()
        lines = said.decode("utf-8", "replace").strip().splitlines()
        picture = words[words.index("-o") + 1]
        if ran.returncode:
            self.deny(lines[-1].removeprefix("visualizer: ") if lines else f"{command} failed.")
        else:
            self.message_line.set(f"Exported: {picture}")
        self.look()

    def _command(self) -> str | None:
        command = self.export_command
        if command is None:
            self.deny("This trace came through a pipe; only a trace file can be exported.")
        return command


def _seconds(t_ns: int) -> str:
    seconds, ns = divmod(t_ns, _NS_PER_S)
    return f"{seconds}.{ns:09}".rstrip("0").rstrip(".")
