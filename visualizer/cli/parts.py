"""`FILE` and `FILE@SPAN` on the command line: a trace, or a part of one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from visualizer.cli.completion import traces
from visualizer.cli.streams import fail

if TYPE_CHECKING:
    from collections.abc import Iterable

    from visualizer.analysis.explore.marks import Mark
    from visualizer.api.trace import Trace

#: What a span looks like.
_HOW = "use seconds, as in @0.5-2 or @0.5-, or switch numbers, as in @#3-#17"
#: How a file begins that gzip has packed.
_GZIP = b"\x1f\x8b"

#: The trace that a command reads with `read_part`.
trace_argument = click.argument("file", metavar="FILE", shell_complete=traces)
#: What tracks are called instead: `labels_of`.
labels_option = click.option(
    "--labels", metavar="A=TEXT,B=TEXT", multiple=True, help="Show TEXT in place of the name A."
)


def split_span(argument: str) -> tuple[str, str | None]:
    """The file, and the span if one is given. A file whose name is the whole argument takes precedence.

    Exit with one sentence if the text after the last @ is not a span, and the part before it is a file.
    """
    file, at, span = argument.rpartition("@")
    if not at or not file or os.path.exists(argument):
        return argument, None
    # Not while a shell completes, which reads nothing.
    from visualizer.analysis.explore import spans

    if spans.is_span(span):
        return file, span
    if file == "-" or os.path.exists(file):
        fail(f"{span!r} is not a valid part of a trace; {_HOW}.")
    return argument, None


def is_trace(word: str) -> bool:
    """Whether `FILE` or `FILE@SPAN` stands for a trace: it is called so, or begins as one."""
    file = word if os.path.exists(word) else word.rpartition("@")[0] or word
    if file.endswith((".trace", ".trace.gz")):
        return True
    try:
        if not os.path.isfile(file):
            return False
        with open(file, "rb") as stream:
            return stream.read(64).replace(b" ", b"").startswith((b'{"format":"visualizer-trace"', _GZIP))
    except (OSError, ValueError):
        return False


def part_of(trace: Trace, span: str | None) -> Trace:
    """That part of the trace, None: all of it. Exit with one sentence if there is no such part."""
    try:
        return trace.between(*span.split("-")) if span is not None else trace
    except ValueError as error:
        fail(str(error))


def read_part(argument: str, says_remarks: bool = False) -> Trace:
    """What `FILE` or `FILE@SPAN` stands for; `says_remarks`: as for `read_trace`. Exit with one sentence if nothing."""
    from visualizer.cli.reading import read_trace

    file, span = split_span(argument)
    return part_of(read_trace(file, says_remarks=says_remarks), span)


def marks_of(trace: Trace) -> list[Mark]:
    """Those that are kept beside the file of the trace, else those that the program set itself. Exit with one sentence
    if they cannot be read."""
    from visualizer.analysis.explore import mark_file
    from visualizer.analysis.explore.marks import recorded

    if trace.path == "-":
        return recorded(trace.timeline)
    try:
        return mark_file.read(mark_file.path_of(trace.path), trace.timeline)
    except mark_file.MarkFileError as error:
        fail(str(error))


def labels_of(given: Iterable[str]) -> dict[str, str]:
    """Name -> what it is called instead. A comma that no name and = follow belongs to the text before it."""
    found: dict[str, str] = {}
    for labels in given:
        name = ""
        for piece in labels.split(","):
            before, equals, text = piece.partition("=")
            if equals and before:
                name, found[before] = before, text
            elif name:
                found[name] += f",{piece}"
            else:
                fail(f"{labels!r} does not say what is called how; use --labels NAME=TEXT.")
    return found
