"""The file beside a trace that keeps its marks: JSON, described in FORMAT.md. The trace itself is never changed."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterable
from pathlib import Path

import msgspec

from visualizer.analysis.explore.marks import Mark, recorded
from visualizer.analysis.model.timeline import Timeline
from visualizer.trace.words import MARKS_SUFFIX

_FORMAT = "visualizer-marks"
_VERSION = 1
#: Nobody sets more; what is longer is no such file.
_LARGEST = 1 << 20


class MarkFileError(ValueError):
    """The file is there, but says no marks; the message is one sentence."""


class _Written(msgspec.Struct, omit_defaults=True):
    """One mark: its moment is that of a switch, counted from 1, or a time. A program that is recorded again has the
    switch at another time."""

    switch: int | None = None
    t_ns: int | None = None
    name: str = ""
    caption: str = ""


class _File(msgspec.Struct):
    format: str
    version: int
    marks: list[_Written] = []


def path_of(trace: str | os.PathLike[str]) -> Path:
    """The file that has the marks of this trace."""
    return Path(f"{os.fspath(trace)}{MARKS_SUFFIX}")


def read(path: Path, timeline: Timeline) -> list[Mark]:
    """The marks of that file, in order of time; if there is no such file, those that the program set itself. A switch
    that the timeline has not (yet) stands for its end.

    Raise MarkFileError if it cannot be read.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return recorded(timeline)
    except OSError as error:
        raise MarkFileError(f"Cannot read the marks in '{path}': {error.strerror}.") from None
    try:
        if len(content) > _LARGEST:
            raise ValueError("it is too large")
        found = msgspec.json.decode(content, type=_File)
        if found.format != _FORMAT or found.version > _VERSION:
            raise ValueError(f"its format is not {_FORMAT} {_VERSION}")
    except ValueError as error:
        raise MarkFileError(f"The marks in '{path}' cannot be understood: {error}.") from None
    return sorted(
        Mark(_moment(one, timeline), one.name or f"mark {number}", one.caption)
        for number, one in enumerate(found.marks, 1)
    )


def _moment(one: _Written, timeline: Timeline) -> int:
    if one.t_ns is not None:
        return max(0, one.t_ns)
    at = (one.switch or 0) - 1
    return timeline.switch_ns[at] if 0 <= at < timeline.switch_count else timeline.last_ns


def write(path: Path, marks: Iterable[Mark], timeline: Timeline) -> None:
    """Keep these marks in that file, in place of what is in it; without any there is none, unless the program has set
    some, which are not to come back.

    Raise OSError if that fails: then the file is as it was.
    """
    kept = [_written(mark, timeline) for mark in marks]
    if not kept and not timeline.marks:
        path.unlink(missing_ok=True)
        return
    content = msgspec.json.format(msgspec.json.encode(_File(_FORMAT, _VERSION, kept)), indent=1)
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(content + b"\n")
    beside.replace(path)


def _written(mark: Mark, timeline: Timeline) -> _Written:
    at = bisect_left(timeline.switch_ns, mark.t_ns)
    if at < timeline.switch_count and timeline.switch_ns[at] == mark.t_ns:
        return _Written(switch=at + 1, name=mark.name, caption=mark.caption)
    return _Written(t_ns=mark.t_ns, name=mark.name, caption=mark.caption)
