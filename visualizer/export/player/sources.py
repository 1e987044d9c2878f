"""The source lines that stand beside the timeline: where a track resumes, and where the other one is suspended."""

from __future__ import annotations

from typing import Any

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_lines import SourceLines, source_lines
from visualizer.analysis.text.source_position import (
    SourcePosition,
    behind_end,
    marked,
    run_of,
    running,
    seen,
    short_path,
    suspended,
)
from visualizer.trace import words

#: So many lines around each that is pointed out go along.
_AROUND = 8
#: No line and no activity is longer; a larger text is nobody's script.
_LONGEST = 400
_LARGEST = 2_000_000


class Sources:
    """Positions in the source, each once; number 0 is none. Only text that the trace carries is shown."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._cwd = timeline.header.cwd if timeline.header is not None else ""
        self._known: dict[SourcePosition | None, int] = {None: 0}
        self._files: dict[str, int] = {}
        self._lines: dict[str, SourceLines | None] = {}
        self._wanted: dict[str, set[int]] = {}
        #: What is said of each, in which file (-1: not known) and line it is, where its expression is, and why not.
        self.positions: list[Any] = [None]

    def running(self, index: int) -> int:
        """That of the track which runs after switch number `index`, at that moment."""
        timeline = self._timeline
        t_ns = timeline.switch_ns[index] if index >= 0 else 0
        run = run_of(timeline, index, timeline.last_ns)
        return self._number(behind_end(timeline, seen(timeline, running(timeline, index), run, t_ns), t_ns))

    def marked(self, t_ns: int) -> int:
        """That at which the program marked that moment itself; 0 if it did not."""
        return self._number(marked(self._timeline, t_ns))

    def suspended(self, index: int) -> int:
        """That of the track which the switch left; 0 before the first."""
        return self._number(suspended(self._timeline, index))

    def files(self) -> list[dict[str, Any]]:
        """Name, and the lines around the positions by their numbers, of each file that they are in."""
        found = []
        for file in self._files:
            known, lines = self._lines[file], {}
            if known is not None:
                every = {near for line in self._wanted[file] for near in range(line - _AROUND, line + _AROUND + 1)}
                lines = {
                    number: known.shown[number - 1][:_LONGEST]
                    for number in sorted(every)
                    if 0 < number <= len(known.shown)
                }
            found.append({"name": short_path(file, self._cwd)[-_LONGEST:], "lines": lines})
        return found

    def _number(self, position: SourcePosition | None) -> int:
        number = self._known.get(position)
        if number is None:
            number = self._known[position] = len(self.positions)
            self.positions.append(self._told(position) if position is not None else None)
        return number

    def _told(self, position: SourcePosition) -> list[Any]:
        timeline, place = self._timeline, position.place
        name = "the program" if position.track == words.NOBODY else timeline.name(position.track)
        said = plain(f"{name[:_LONGEST]} {position.activity}"[: 2 * _LONGEST])
        track = timeline.tracks.get(position.track)
        if place is None or not place.file:
            why = ""
            if track is not None and track.schedules:
                why = "It is a scheduler: it runs no code of the program."
            return [said, -1, 0, [], why]
        if place.file not in self._files:
            self._files[place.file] = len(self._files)
            text = timeline.sources.get(place.file)
            self._lines[place.file] = source_lines(text) if text is not None and len(text) <= _LARGEST else None
            self._wanted[place.file] = set()
        lines = self._lines[place.file]
        line = place.line
        if position.starts and lines is not None:
            line = lines.first_line_of(place)
        self._wanted[place.file].add(line)
        spans: list[list[int]] = []
        if lines is not None and not (position.starts or position.ran_on or position.final is not None):
            numbers = range(place.line, min(max(place.line, place.end_line), place.line + _AROUND) + 1)
            found = ((number, lines.span(place, number)) for number in numbers)
            spans = [[number, *span] for number, span in found if span is not None]
        why = "" if lines is not None else "The trace does not contain its source."
        return [said, self._files[place.file], line, spans, why]
