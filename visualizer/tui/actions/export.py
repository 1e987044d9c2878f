"""How to export a picture of what is on the screen: the shell command for it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from visualizer.tui.actions.feedback import Feedback


def command_for(traces: Sequence[str]) -> str:
    """What draws that trace, or both of them on one scale, typed into a shell. Each may have a span: FILE@0.5-2."""
    stems = dict.fromkeys(Path(Path(trace).name.partition("@")[0]).stem for trace in traces)
    picture = "-".join(stems) + ".svg"
    if len(traces) == 1:
        return shlex.join(["visualizer", "export", *traces, "-o", picture, "--axis", "switches"])
    return shlex.join(["visualizer", "compare", *traces, "-o", picture])


class Exporting(Feedback):
    """A subclass says what is on the screen."""

    @property
    def traces(self) -> Sequence[str] | None:
        """One file, or two; None if what came through a pipe is in none."""
        raise NotImplementedError

    def action_show_export_command(self) -> None:
        traces = self.traces
        if traces is None:
            self.deny("This trace came through a pipe; only a trace file can be exported.")
        else:
            self.message_line.set(f"To export a picture, run: {command_for(traces)}")
        self.look()
