"""A list of any length, of which only the visible lines are made."""

from __future__ import annotations

from typing import Self

from rich.style import Style
from textual import events
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip

from visualizer.paint.text.canvas import Run
from visualizer.tui import keys
from visualizer.tui.messages import Denied
from visualizer.tui.state.feed import Feed
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import over, strip


class Lines(ScrollView, can_focus=True, inherit_bindings=False):
    """Subclasses define the number of lines and the text of each."""

    BINDINGS = keys.bindings([keys.LIST, keys.PAGES])
    COMPONENT_CLASSES = {"lines--current"}
    ALLOW_SELECT = False
    #: Whether the first line is a title, which stays when the others scroll.
    TITLED = False

    def __init__(self, view: View, id: str) -> None:
        super().__init__(id=id)
        self.view = view
        self._drawn: object = None

    @classmethod
    def of(cls, view: View, feed: Feed, id: str) -> Self:
        """Such a pane of a timeline's screen (`keys.PANES`)."""
        return cls(view, id)

    def turn(self) -> None:
        """Its key was pressed while it is in front: show it another way, if there is one."""

    @property
    def width(self) -> int:
        """How many cells a line has, beside the scroll bar."""
        return self.scrollable_content_region.width

    @property
    def length(self) -> int:
        """How many lines there are."""
        raise NotImplementedError

    @property
    def current(self) -> int:
        """The line that belongs to the playhead, -1 if none does."""
        return -1

    @property
    def drawn_from(self) -> object:
        """Changes whenever an existing line must be drawn again."""
        return None

    def runs(self, line: int, width: int) -> list[Run]:
        """The text of line number `line`, which has `width` cells."""
        raise NotImplementedError

    def line_at(self, y: int) -> int:
        """Number of the line `y` lines below the top; there may be no such line."""
        return 0 if self.TITLED and y == 0 else y + self.scroll_offset.y

    def choose(self, line: int) -> None:
        """Somebody clicked on that line."""

    def show(self) -> None:
        """Draw what has changed, and bring the playhead's line into sight if it is another than before."""
        if not self.display or not self.size:
            return
        length, current = self.length, self.current
        if self.virtual_size != Size(self.width, length):
            self.virtual_size = Size(self.width, length)
            self.refresh()
        drawn = (current, self.drawn_from)
        if drawn != self._drawn:
            moved = not isinstance(self._drawn, tuple) or self._drawn[0] != current
            self._drawn = drawn
            self.refresh()
            if moved:
                self._bring(current)

    def _bring(self, line: int) -> None:
        top, height = self.scroll_offset.y, self.size.height
        if line >= 0 and height and not top <= line < top + height:
            # Beside the edge it came from, so that the next step needs no scrolling again.
            y = line - height // 2 if abs(line - top) > 2 * height else (line if line < top else line - height + 1)
            self.scroll_to(y=max(0, y), animate=False, force=True)

    def render_line(self, y: int) -> Strip:
        line, width = self.line_at(y), self.width
        if not 0 <= line < self.length:
            return Strip.blank(width, self.rich_style)
        drawn = strip(self, self.runs(line, width), width)
        if line == self.current:
            current = self.get_component_rich_style("lines--current")
            reverse = self.app.no_color or None
            drawn = over(drawn, 0, width, Style(bgcolor=current.bgcolor, bold=True, reverse=reverse))
        return drawn

    def on_resize(self) -> None:
        self._drawn = None
        self.show()

    def on_click(self, event: events.Click) -> None:
        at = event.get_content_offset(self)
        if at is not None and 0 <= (line := self.line_at(at.y)) < self.length:
            self.choose(line)

    def action_move(self, by: int) -> None:
        self._scroll(by)

    def action_page(self, by: int) -> None:
        self._scroll(by * max(1, self.size.height - 1 - self.TITLED))

    def _scroll(self, by: int) -> None:
        if not 0 <= self.scroll_offset.y + (1 if by > 0 else -1) <= self.max_scroll_y:
            self.post_message(Denied(f"This is the {'end' if by > 0 else 'beginning'} of the list."))
        self.scroll_relative(y=by, animate=False, force=True)
