"""Distinguishes clicks from drags of the left button."""

from __future__ import annotations

from textual import events
from textual.geometry import Offset
from textual.widget import Widget


class Dragging(Widget):
    """Calls `press`, `drag` and `point`; when a click arrives, `dragged` says whether it only ended a drag."""

    def __init__(self) -> None:
        super().__init__()
        self.dragged = False
        self._pressed: Offset | None = None
        self._last = Offset()

    def press(self, event: events.MouseEvent, at: Offset) -> None:
        """The left button went down."""

    def drag(self, event: events.MouseEvent, begin: Offset, before: Offset, at: Offset) -> None:
        """The pointer, which was pressed at `begin`, went from `before` to `at`, which may lie outside."""

    def point(self, at: Offset) -> None:
        """The pointer is there, and no button is pressed."""

    def on_mouse_down(self, event: events.MouseDown) -> None:
        at = event.get_content_offset_capture(self)
        # A scroll bar has its own ways.
        if event.button == 1 and at.x < self.scrollable_content_region.width:
            self.dragged = False
            self._pressed = self._last = at
            self.capture_mouse()
            self.press(event, at)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        at = event.get_content_offset_capture(self)
        if self._pressed is None:
            self.point(at)
        elif event.button != 1:
            # It was released outside of the app.
            self._let_go()
        elif at != self._last:
            before, self._last = self._last, at
            self.dragged = True
            self.drag(event, self._pressed, before, at)

    def on_mouse_up(self, event: events.MouseUp) -> None:
        self._let_go()

    def _let_go(self) -> None:
        if self._pressed is not None:
            self._pressed = None
            self.release_mouse()
