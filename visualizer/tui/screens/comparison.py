"""Two timelines below one another, on one scale, each with a playhead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import ActiveBinding
from textual.containers import Vertical, VerticalScroll
from textual.widgets import Static

from visualizer.analysis.findings import Finding
from visualizer.analysis.findings import Findings as Found
from visualizer.analysis.index.idle_gaps import gaps
from visualizer.analysis.text.printable import plain
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.comparison.figures import facts, figures, parting, remarks
from visualizer.paint.rows.grouping import By, RowOrder
from visualizer.paint.text.canvas import Run
from visualizer.tui import keys, messages
from visualizer.tui.actions.export import Exporting
from visualizer.tui.actions.moving import Bringing, Moving
from visualizer.tui.actions.row_layout import Arranging
from visualizer.tui.shell import shell
from visualizer.tui.state.pair import SIDES, Pair
from visualizer.tui.state.side import SideView
from visualizer.tui.terminal.styles import is_dark, style
from visualizer.tui.widgets.comparison import BothFilter, Sentences, SideChosen, SideHeading, SideRuler, Stack, Verdict
from visualizer.tui.widgets.footer import Footer
from visualizer.tui.widgets.message_line import MessageLine
from visualizer.tui.widgets.problems import all_of
from visualizer.tui.widgets.prompt import Prompt
from visualizer.tui.widgets.too_small import TooSmall, is_too_small
from visualizer.tui.widgets.tracks import RIGHT, row_start

#: How often the playhead is moved while it plays.
_TICK_S = 0.05
#: Verdict, ruler, two names, two sentences, footer.
_FIXED_LINES = 7
#: The share of the remaining lines that tracks may take from this height on; below it, all but this many lines.
_TRACKS_SHARE = 0.75
_TALL = 30
LEAST_BELOW = 3


class ComparisonScreen(Arranging, Moving, Exporting):
    """Shows a pair. Its keys are those of `keys.COMPARISON`: most of a timeline's, for the side that is chosen."""

    SECTIONS = (*keys.COMPARISON, keys.MARKS)
    BINDINGS = keys.bindings(keys.COMPARISON)
    AUTO_FOCUS = ""
    WHOLE = "both"
    MORE_OF_SPAN = ""

    def __init__(self, pair: Pair, *, clock: Callable[[], int] = time.monotonic_ns) -> None:
        super().__init__()
        self.pair = pair
        self._clock = clock
        self._ticked_ns = clock()
        self._observed = (Found(pair.parts[0].timeline), Found(pair.parts[1].timeline))
        self._stacks = (Stack(pair, 0), Stack(pair, 1))
        self._sides = (SideHeading(pair, 0), SideHeading(pair, 1))
        self._rulers = (SideRuler(pair, 0), SideRuler(pair, 1))
        self._verdict, self._sentences = Verdict(pair), Sentences(pair)
        self.filter = BothFilter(pair)
        self.prompt = Prompt()
        self.message_line = MessageLine()
        self._figures = Static(id="figures", markup=False)
        #: Whether there are more figures than have room.
        self._has_more = False
        self._bringing = (Bringing(pair.views[0]), Bringing(pair.views[1]))

    @property
    def view(self) -> SideView:  # type: ignore[override]
        """That of the chosen side."""
        return self.pair.view

    @property
    def traces(self) -> tuple[str, str] | None:
        return self.pair.files

    def compose(self) -> ComposeResult:
        yield TooSmall("comparison")
        with Vertical(id="comparison"):
            yield self._verdict
            yield self._rulers[0]
            yield from (self._sides[0], self._stacks[0], self._rulers[1], self._sides[1], self._stacks[1])
            yield from (self.filter, self.prompt, self._sentences, self.message_line)
            with VerticalScroll(id="below-both", can_focus=False):
                yield self._figures
        yield Footer()

    def on_mount(self) -> None:
        self.filter.display = self.prompt.display = self.message_line.display = False
        self.app.theme_changed_signal.subscribe(self, lambda _: self._write())
        self._write()
        self.look()
        self.set_interval(_TICK_S, self.tick)

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(is_too_small(event.size), "-too-small")
        self.look()

    def tick(self) -> None:
        """Advance a playhead that plays, and continue a running search."""
        now_ns = self._clock()
        passed_ns, self._ticked_ns = now_ns - self._ticked_ns, now_ns
        if self.go_on_searching() | self.view.advance(passed_ns):
            self.look()

    def _look_for_more(self) -> None:
        """Offer the key that scrolls the figures where they do not all have room: known when all are laid out."""
        has_more = self.query_one("#below-both").max_scroll_y > 0
        if has_more != self._has_more:
            self._has_more = has_more
            self.refresh_bindings()

    @on(messages.Looked)
    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        self.show_span()
        self.drop_outdated()
        self.drop_denied()
        pair = self.pair
        self._divide()
        pair.align()
        pair.resize(self.size.width - row_start(self.view) - RIGHT)
        for stack, bringing in zip(self._stacks, self._bringing, strict=True):
            if (row := bringing.row()) is not None:
                stack.bring(row)
        for pane in (self._verdict, *self._rulers, *self._sides, *self._stacks, self._sentences, self.filter):
            pane.show()
        self.call_after_refresh(self._look_for_more)

    def _divide(self) -> None:
        """The stacks get what they need, but not more than their share; what one does not need goes to the other."""
        free = self.size.height - _FIXED_LINES - (self.pair.axis is Axis.BUSY)
        room = max(2, free - LEAST_BELOW if self.size.height < _TALL else int(free * _TRACKS_SHARE))
        half = room // 2
        a, b = self.pair.views
        for view, other in ((a, b), (b, a)):
            # Not what the other takes now: that may depend on this one.
            view.make_room(max(half, room - other.unfolded_count), self.size.width)
        # Temporary lines take room, but do not fold anything.
        height = self.message_line.styles.height
        message_lines = int(height.value) if self.message_line.display and height is not None else 0
        room = max(2, min(room, free - message_lines - self.filter.display - self.prompt.display))
        half = room // 2
        needed = [stack.lines for stack in self._stacks]
        first = min(needed[0], max(half, room - needed[1]))
        for stack, lines in zip(self._stacks, (first, min(needed[1], room - first)), strict=True):
            wanted = max(1, lines)
            if stack.styles.height is None or stack.styles.height.value != wanted:
                stack.styles.height = wanted

    def _write(self) -> None:
        """What does not change while one looks: the figures, where the switches part, and about the recordings."""
        dark = is_dark(self)
        written = Text(no_wrap=True, overflow="ellipsis")
        for runs in self._lines():
            for text, name in runs:
                written.append(text, style(name, dark))
            written.append("\n")
        self._figures.update(written)

    def _lines(self) -> Iterator[list[Run]]:
        pair = self.pair
        yield from parting(pair.found)
        yield []
        for line in figures(pair.found):
            yield [Run(line, "text")]
        yield []
        for letter, part in zip(SIDES, pair.parts, strict=True):
            yield [Run(f"{letter}  ", "edge"), Run(" · ".join(facts(part)), "text")]
        yield from remarks(pair.parts)
        for notice in pair.notices:
            yield [Run(plain(notice), "ready")]

    @property
    def active_bindings(self) -> dict[str, ActiveBinding]:
        """The footer shows how to scroll to the figures only if some are not visible."""
        found = super().active_bindings
        page = found.get("pagedown")
        if page is not None and not self._has_more:
            found["pagedown"] = page._replace(binding=replace(page.binding, show=False))
        return found

    @property
    def gap_count(self) -> int:
        return sum(len(gaps(part.timeline)) for part in self.pair.parts)

    def focus_front(self) -> None:
        self.set_focus(None)

    async def findings(self) -> list[Finding]:
        return await all_of(self.view.timeline, self._observed[self.pair.chosen])

    def no_switch(self, by: int, otherwise: str = "This is before the first switch.") -> str:
        return f"{super().no_switch(by, otherwise).removesuffix('.')} of {SIDES[self.pair.chosen]}."

    def no_further(self, by: int) -> str:
        return f"This is the {'end' if by > 0 else 'beginning'} of both."

    def filter_by(self, text: str) -> None:
        for view in self.pair.views:
            view.filter_by(text)

    # Actions of the keys in keys.py.

    def action_other(self) -> None:
        self._choose(1 - self.pair.chosen)
        self.view.reveal()
        self.look()

    def _choose(self, side: int) -> None:
        """What was gone to and found was the other side's."""
        if side != self.pair.chosen:
            self.pair.choose(side)
            self.turn()

    def action_lock(self) -> None:
        self.pair.lock_or_part()
        self.look()

    def action_difference(self) -> None:
        pair, were_locked = self.pair, self.pair.locked
        if not pair.go_to_difference():
            self.deny("Both have the same switches in the same order.")
        elif were_locked and not pair.locked:
            there = [view.playhead.t_ns for view in pair.views]
            self.message_while(
                lambda: not pair.locked and there == [view.playhead.t_ns for view in pair.views],
                "The playheads now move separately: these switches were at different times. y locks them.",
            )
        self.look()

    def action_play(self) -> None:
        self._ticked_ns = self._clock()
        if self.view.timeline.switch_count:
            before = self.pair.chosen
            self.pair.play_or_pause()
            if before != self.pair.chosen:
                self.turn()
        else:
            self.deny(self.no_switch(1))
        self.look()

    def action_hurry(self, by: int) -> None:
        self.attempt(lambda: self.pair.hurry(by), f"This is the {'highest' if by > 0 else 'lowest'} speed.")

    def action_sort_by(self, order: str) -> None:
        self.pair.views[1 - self.pair.chosen].sort_by(RowOrder[order])
        super().action_sort_by(order)

    def action_group_by(self, by: str) -> None:
        self.pair.views[1 - self.pair.chosen].group_by(By[by])
        super().action_group_by(by)

    def action_page(self, by: int) -> None:
        below = self.query_one("#below-both")
        if not 0 <= below.scroll_offset.y + by <= below.max_scroll_y:
            self.deny(f"This is the {'end' if by > 0 else 'beginning'} of the figures.")
        below.scroll_relative(y=by * max(1, below.size.height - 1), animate=False, force=True)
        self.look()

    async def action_back(self) -> None:
        if not self.put_away():
            await shell(self).leave_comparison()

    @on(SideChosen)
    def _choose_side(self, message: SideChosen) -> None:
        self._choose(message.side)
        self.look()
