"""The problems: each with its time and kind, and below that its sentence."""

from __future__ import annotations

import asyncio
import time
from typing import NamedTuple

from visualizer.analysis.findings import KINDS, Finding, Group, Severity, grouped, none_found
from visualizer.analysis.findings import Findings as Found
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.tui import keys
from visualizer.tui.messages import Denied, FindingChosen, Looked
from visualizer.tui.state.view import View
from visualizer.tui.widgets.line_list import Lines
from visualizer.tui.widgets.notices import Notice

#: So many entries of the timeline are looked at without a pause; while it grows, the findings are made anew this often.
_AT_ONCE = 10_000
_PAUSE_S = 0.01
_PAUSE_LIVE_S = 0.5
#: The pause is this many times as long as what came before, so that a long trace leaves the screen its time.
_PAUSE_SHARE = 4
#: More are not listed, only counted.
_MOST = 1_000
_GRAVE = frozenset((Severity.CRASH, Severity.STUCK))


async def all_of(timeline: Timeline, observed: Found) -> list[Finding]:
    """The problems found so far, in order of time; of the same problem of many tracks the worst."""
    while observed.take(_AT_ONCE):
        # The keys pressed and the lines arrived meanwhile have their turn.
        await asyncio.sleep(0)
    return sorted((group.worst for group in grouped(timeline, observed.found())), key=lambda one: one.t_ns)


class _ProblemLine(NamedTuple):
    #: Which problem it belongs to.
    number: int
    runs: list[Run]


class ProblemsPane(Lines):
    """A few lines for each problem, the worst first. One is chosen: its first line is marked, enter goes to its moment
    and track."""

    BINDINGS = keys.bindings([keys.LIST, keys.PAGES, keys.FINDINGS])

    def __init__(self, view: View, id: str) -> None:
        super().__init__(view, id)
        self._observed = Found(view.timeline)
        self._found: list[Group] = []
        self._lines: list[_ProblemLine] = []
        self._firsts: list[int] = []
        self._chosen = 0
        #: Where the playhead was last.
        self._stood_ns = -1
        #: What the findings, and what the lines, were made from.
        self._taken: object = None
        self._drawn_for: object = None
        #: Changes with the findings, which saves comparing them.
        self._kept = 0
        self._pausing = False
        self._reading = True

    def show(self) -> None:
        # Even where it is not visible: tab, header and overview say how many there are.
        if not self._pausing:
            self._take()
        self._choose_here()
        if self.display and self.width:
            self._arrange()
        super().show()

    def _choose_here(self) -> None:
        """Mark the problem to whose moment the playhead has gone, by whatever key."""
        t_ns = self.view.playhead.t_ns
        if t_ns != self._stood_ns:
            self._stood_ns = t_ns
            here = [number for number, one in enumerate(self._found[:_MOST]) if one.worst.t_ns == t_ns]
            if here and self._chosen not in here:
                self._chosen = here[0]

    @property
    def length(self) -> int:
        # If nothing is found, one line says so.
        return len(self._lines) or 1

    @property
    def current(self) -> int:
        return self._firsts[self._chosen] if self._firsts else -1

    @property
    def drawn_from(self) -> object:
        return self._drawn_for, self._reading, self.view.live

    def runs(self, line: int, width: int) -> list[Run]:
        if self._lines:
            return self._lines[line].runs
        if self._reading:
            return [Run(" Looking for problems…", "dim")]
        return [Run(" No problems found so far." if self.view.live else f" {none_found(self.view.timeline)}", "dim")]

    def choose(self, line: int) -> None:
        if self._lines:
            self._chosen = self._lines[line].number
            self.action_choose()

    def action_choose(self) -> None:
        if self._found:
            chosen = self._found[self._chosen].worst
            self.post_message(FindingChosen(chosen.t_ns, chosen.tracks[0] if chosen.tracks else None))
            self.show()
        else:
            self.post_message(Denied("There are no problems to go to."))

    def action_move(self, by: int) -> None:
        if not 0 <= self._chosen + by < len(self._firsts):
            self.post_message(Denied(f"This is the {'last' if by > 0 else 'first'} problem."))
        self._chosen = max(0, min(self._chosen + by, len(self._firsts) - 1))
        self.show()

    async def all(self) -> list[Finding]:
        """The problems found so far, in order of time."""
        return await all_of(self.view.timeline, self._observed)

    def _take(self) -> None:
        version = self.view.timeline.version, self.view.live
        if version == self._taken and not self._reading:
            return
        began = time.monotonic()
        self._reading = self._observed.take(_AT_ONCE)
        if not self._reading:
            self._taken = version
            self._keep(grouped(self.view.timeline, self._observed.found()))
        if self._reading or self.view.live:
            self._pausing = True
            pause_s = _PAUSE_S if self._reading else _PAUSE_LIVE_S
            self.set_timer(max(pause_s, _PAUSE_SHARE * (time.monotonic() - began)), self._go_on)

    def _keep(self, found: list[Group]) -> None:
        """Show these; the selected one stays selected at its new position."""
        chosen = _same(self._found[self._chosen]) if self._found else None
        self._found = found
        self._kept += 1
        moments_ns = tuple(one.worst.t_ns for one in found)
        if moments_ns != self.view.problems_ns:
            self.view.problems_ns = moments_ns
            self.post_message(Looked())
        same = (number for number, one in enumerate(found) if _same(one) == chosen)
        self._chosen = min(next(same, 0), _MOST - 1)

    def _go_on(self) -> None:
        self._pausing = False
        self.show()

    def _arrange(self) -> None:
        of_ns = self.view.now_ns
        say = self.view.time_format.moment
        drawn_for = (self._kept, self.width, self.view.time_format, len(say(of_ns, of_ns)))
        if drawn_for == self._drawn_for:
            return
        self._drawn_for = drawn_for
        self._lines, self._firsts = [], []
        for number, one in enumerate(self._found[:_MOST]):
            self._firsts.append(len(self._lines))
            kind = one.worst.kind
            runs = [
                Run(f" {say(one.worst.t_ns, of_ns)}", "ruler"),
                Run(f"  {kind.replace('_', ' ')}", "error" if KINDS[kind].severity in _GRAVE else "ready"),
            ]
            if one.cost_ns:
                runs.append(Run(f"  {duration(one.cost_ns, 2)} lost", "text"))
            self._lines.append(_ProblemLine(number, runs))
            for part in Notice(plain(one.sentence), "text").broken(self.width - 2, 0):
                self._lines.append(_ProblemLine(number, [Run(f" {part.text}", part.style)]))
        if len(self._found) > _MOST:
            more = f" … and {len(self._found) - _MOST} more: visualizer problems --all"
            self._lines.append(_ProblemLine(_MOST - 1, [Run(more, "dim")]))


def _same(group: Group) -> tuple[str, tuple[int, ...]]:
    """What tells a problem from others, however it goes on."""
    return group.worst.kind, group.worst.tracks[:1]
