"""Whether the program can run to a line: one that is never reached would let a paused program run to its end."""

from __future__ import annotations

import os
import sys
from bisect import bisect_left

from visualizer.analysis.explore.targets import Line
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.executable_lines import code_lines
from visualizer.analysis.text.printable import plain
from visualizer.tui.state.source_text import SourceText, read


def refusal(timeline: Timeline, wanted: Line) -> str | None:
    """Why the program can never reach that line, in one sentence; None if it may."""
    name = plain(os.path.basename(wanted.file))
    # Code compiled from a string has no file, and nothing is known about it.
    if wanted.file.startswith("<"):
        return None
    files = _files(timeline, wanted)
    if not files:
        return (
            f"Found no {plain(wanted.file)} among the modules that have run, in the program's folder or on Python's "
            "module path; type its full path."
        )
    refused = [_without(text, wanted.line, name) for text in files]
    return None if None in refused else refused[0]


def _files(timeline: Timeline, wanted: Line) -> list[SourceText | str]:
    """The contents of the files that may be meant: those in the trace, else one that may still be loaded."""
    carried = [text for file, text in timeline.sources.items() if wanted.names(file)]
    if carried:
        return [read(wanted.file, "", text) for text in carried]
    header = timeline.header
    cwd = header.cwd if header is not None else ""
    script = os.path.join(cwd, header.argv[0]) if header is not None and header.argv else ""
    folders = [cwd, os.path.dirname(script), *sys.path]
    paths = [script] if wanted.names(script) else []
    paths += [os.path.join(folder, wanted.file) for folder in folders]
    return [read(path, "") for path in paths if os.path.isfile(path)][:1]


def _without(text: SourceText | str, line: int, name: str) -> str | None:
    """Why that line of the file is never run; None if it may be."""
    if not isinstance(text, SourceText):
        return None
    count = len(text.raw)
    if not 0 < line <= count:
        return f"{name} has no line {line}; its last line is {count}."
    lines = code_lines("\n".join(text.raw))
    after = bisect_left(lines, line)
    if not lines or lines[after : after + 1] == (line,):
        return None
    other = f"next line with code is {lines[after]}" if after < len(lines) else f"last line with code is {lines[-1]}"
    return f"Line {line} of {name} has no code to run; the {other}."
