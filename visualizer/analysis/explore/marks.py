"""Moments that the user marked, and what lies between two of them."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from visualizer.analysis.explore.jumps import Moments, listed
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.durations import duration
from visualizer.trace import words


class Mark(NamedTuple):
    """A moment that was marked; `name` is "mark 3" if it was given none. `caption`: what is said there, a line or two.
    """

    t_ns: int
    name: str
    caption: str = ""

    @property
    def is_numbered(self) -> bool:
        """Whether it was given no name."""
        return re.fullmatch("mark [0-9]+", self.name) is not None

    @property
    def told(self) -> str:
        """The name, with what is said there."""
        return f"{self.name}: {self.caption}" if self.caption else self.name

    @property
    def line(self) -> str:
        """The same in one line."""
        return " ".join(self.told.split())


def split(text: str) -> tuple[str, str]:
    """The name and the caption of what was written as "name", or "name: caption"."""
    name, _, caption = (part.strip() for part in text.partition(": "))
    return name, caption


def recorded(timeline: Timeline) -> list[Mark]:
    """The marks that the program set itself, in order of time."""
    marks = Marks()
    for t_ns, marked in timeline.marks.items():
        marks.set(t_ns, *split(marked.text))
    return list(marks)


class Marks:
    """In order of time, at most one at a moment."""

    def __init__(self, marks: Iterable[Mark] = ()) -> None:
        self._marks = sorted({mark.t_ns: mark for mark in marks}.values())
        self._made = len(self._marks)

    def __iter__(self) -> Iterator[Mark]:
        return iter(self._marks)

    def __len__(self) -> int:
        return len(self._marks)

    def at(self, t_ns: int) -> Mark | None:
        """The mark at that very moment."""
        index = bisect_left(self._marks, t_ns, key=lambda mark: mark.t_ns)
        return self._marks[index] if index < len(self._marks) and self._marks[index].t_ns == t_ns else None

    def set(self, t_ns: int, name: str = "", caption: str | None = None) -> Mark:
        """Mark that moment; if it is marked, give its mark another name, unless that is "", and caption, unless None.
        """
        old = self.at(t_ns)
        if old is not None:
            self._marks.remove(old)
        else:
            self._made += 1
        known = old or Mark(t_ns, f"mark {self._made}")
        mark = Mark(t_ns, name or known.name, known.caption if caption is None else caption)
        self._marks.insert(bisect_right(self._marks, t_ns, key=lambda mark: mark.t_ns), mark)
        return mark

    def remove(self, mark: Mark) -> None:
        """Mark it no longer. Raise ValueError if it is not marked."""
        self._marks.remove(mark)

    def around(self, t_ns: int) -> tuple[Mark, Mark] | None:
        """The last mark up to `t_ns` and the first after it; without one on a side, the two that are nearest.

        None with fewer than two marks.
        """
        if len(self._marks) < 2:
            return None
        index = bisect_right(self._marks, t_ns, key=lambda mark: mark.t_ns)
        index = min(max(index, 1), len(self._marks) - 1)
        return self._marks[index - 1], self._marks[index]

    def moments(self) -> Moments:
        """The marks to jump among."""
        return listed((mark.t_ns, words.NOBODY, mark.line) for mark in self._marks)


def switches_between(timeline: Timeline, start_ns: int, end_ns: int) -> int:
    """How many switches there are after `start_ns`, up to `end_ns`."""
    return bisect_right(timeline.switch_ns, end_ns) - bisect_right(timeline.switch_ns, start_ns)


def measure(timeline: Timeline, start_ns: int, end_ns: int, zero_ns: int = 0) -> str:
    """How long that is, and how many switches lie in it, in a sentence whose times count from `zero_ns`."""
    count = switches_between(timeline, start_ns, end_ns)
    switches = f"{count or 'no'} switch{'' if count == 1 else 'es'}"
    begin, end = (duration(t_ns - zero_ns, 6) for t_ns in (start_ns, end_ns))
    return f"{duration(end_ns - start_ns, 6)} and {switches} between {begin} and {end}"
