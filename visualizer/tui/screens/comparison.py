"""Two timelines below one another, on one scale, each with a playhead."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.screen import Screen
from textual.widgets import Footer, Static

from visualizer.paint.comparison import shared_label_cells
from visualizer.paint.figures import facts, figures, parting, remarks
from visualizer.paint.row import Run
from visualizer.tui import keys
from visualizer.tui.ink import is_dark, style
from visualizer.tui.pair import Pair
from visualizer.tui.widgets.stack import (
    SIDES,
    BothZoomed,
    CommonRuler,
    Sentences,
    Side,
    SideChosen,
    Stack,
    Told,
    Verdict,
)

#: A smaller terminal gets a word instead.
_LEAST_WIDTH, _LEAST_HEIGHT = 60, 16
#: Verdict, ruler, two names, two sentences, footer.
_FIXED_LINES = 7
#: The part of what is left that the tracks may take.
_TRACKS_SHARE = 0.75
#: A pan by key moves by this part of what is in sight.
_PAN_SHARE = 4
#: Right of the rows: the scroll bar.
_RIGHT = 1


class ComparisonScreen(Screen[None]):
    """Shows a pair. Its keys are those of `keys.COMPARISON`."""

    SECTIONS = keys.COMPARISON
    BINDINGS = keys.bindings(keys.COMPARISON)

    def __init__(self, pair: Pair) -> None:
        super().__init__()
        self.pair = pair
        #: Whether each track has a row, however many there are of a kind.
        self._everything = False
        self._stacks = (Stack(pair, 0), Stack(pair, 1))
        self._sides = (Side(pair, 0), Side(pair, 1))
        self._told: tuple[Told, ...] = (Verdict(pair), CommonRuler(pair), Sentences(pair))
        self._figures = Static(id="figures", markup=False)

    def compose(self) -> ComposeResult:
        yield Static(
            f"Terminal too small: the comparison needs {_LEAST_WIDTH} columns and {_LEAST_HEIGHT} lines.",
            id="too-small",
            markup=False,
        )
        verdict, ruler, sentences = self._told
        with Vertical(id="comparison"):
            yield from (verdict, ruler)
            for side, stack in zip(self._sides, self._stacks, strict=True):
                yield from (side, stack)
            yield sentences
            with VerticalScroll(id="below-both", can_focus=False):
                yield self._figures
        yield Footer(show_command_palette=False)

    def on_mount(self) -> None:
        self.app.theme_changed_signal.subscribe(self, lambda _: self._write())
        self._write()

    def on_resize(self, event: events.Resize) -> None:
        small = event.size.width < _LEAST_WIDTH or event.size.height < _LEAST_HEIGHT
        self.set_class(small, "-too-small")
        self._lay_out()

    def _lay_out(self) -> None:
        pair = self.pair
        width = self.size.width - _RIGHT
        shown = tuple(stack.rows for stack in self._stacks)
        pair.label_cells = shared_label_cells(pair.parts, shown, width) + 1
        pair.resize(width - pair.label_cells)
        self._divide(self.size.height)
        # The stacks must have their sizes before they are drawn.
        self.call_after_refresh(self.look)

    def _divide(self, height: int) -> None:
        """The stacks get what they need, but not more than their share; what one does not need goes to the other."""
        room = max(2, int((height - _FIXED_LINES) * _TRACKS_SHARE))
        needed = [max(1, len(stack.rows)) for stack in self._stacks]
        half = room // 2
        first = min(needed[0], max(half, room - needed[1]))
        for stack, lines in zip(self._stacks, (first, min(needed[1], room - first)), strict=True):
            stack.styles.height = max(1, lines)

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

    def look(self) -> None:
        """Have everything drawn."""
        panes: tuple[Told | Stack, ...] = (*self._told, *self._sides, *self._stacks)
        for pane in panes:
            pane.show()

    # Keys. What they do is said in keys.py.

    def _attempt(self, do: Callable[[], object], otherwise: str) -> None:
        """Do that, and draw what has changed; if nothing has, say `otherwise`."""
        before = self.pair.condition
        do()
        if self.pair.condition == before:
            self._deny(otherwise)
        self.look()

    def _deny(self, sentence: str) -> None:
        from visualizer.tui.app import VisualizerApp

        assert isinstance(self.app, VisualizerApp)
        self.app.bell()
        self.app.tell(sentence)

    def action_step(self, by: int) -> None:
        edge = "the last switch" if by > 0 else "before the first switch"
        self._attempt(lambda: self.pair.step(by), f"This is {edge} of {SIDES[self.pair.chosen]}.")

    def action_first(self) -> None:
        self._attempt(self.pair.first, f"This is the first switch of {SIDES[self.pair.chosen]}.")

    def action_last(self) -> None:
        self._attempt(self.pair.last, f"This is the last switch of {SIDES[self.pair.chosen]}.")

    def action_other(self) -> None:
        self.pair.choose(1 - self.pair.chosen)
        self.look()

    def action_lock(self) -> None:
        self.pair.lock_or_part()
        self.look()

    def action_difference(self) -> None:
        if not self.pair.go_to_difference():
            self._deny("All switches are alike, in the same order.")
        self.look()

    def action_zoom(self, by: int) -> None:
        edge = "It cannot be seen from closer by." if by > 0 else "All of both is in sight."
        self._attempt(lambda: self.pair.zoom(by if by > 0 else -1 / by), edge)

    def action_pan(self, by: int) -> None:
        cells = by * max(1, self.pair.scale.width // _PAN_SHARE)
        self._attempt(lambda: self.pair.pan(cells), f"This is the {'end' if by > 0 else 'beginning'} of both.")

    def action_fit(self) -> None:
        self._attempt(self.pair.fit, "All is in sight already.")

    def action_fold(self) -> None:
        if not self._everything and all(len(stack.rows) == len(stack.unfolded()) for stack in self._stacks):
            self._deny("There are no groups to unfold.")
            return
        self._everything = not self._everything
        for stack in self._stacks:
            stack.unfold(self._everything)
        self._lay_out()

    def action_scroll(self, by: int) -> None:
        stack = self._stacks[self.pair.chosen]
        if not 0 <= stack.scroll_offset.y + by <= stack.max_scroll_y:
            self._deny(f"This is the {'last' if by > 0 else 'first'} track of {SIDES[self.pair.chosen]}.")
        stack.scroll_relative(y=by, animate=False, force=True)

    def action_page(self, by: int) -> None:
        below = self.query_one("#below-both")
        if not 0 <= below.scroll_offset.y + by <= below.max_scroll_y:
            self._deny(f"This is the {'end' if by > 0 else 'beginning'} of the figures.")
        below.scroll_relative(y=by * max(1, below.size.height - 1), animate=False, force=True)

    # What was clicked.

    @on(SideChosen)
    def _choose(self, message: SideChosen) -> None:
        if message.column >= 0:
            self.pair.go_to_cell(message.side, message.column)
        else:
            self.pair.choose(message.side)
        self.look()

    @on(BothZoomed)
    def _zoom_or_pan(self, message: BothZoomed) -> None:
        self.pair.zoom(message.factor, message.column if message.column >= 0 else None)
        self.pair.pan(message.cells)
        self.look()
