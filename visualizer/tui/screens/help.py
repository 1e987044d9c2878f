"""Every key, as the tables of keys.py have them, and what the glyphs mean."""

from __future__ import annotations

from collections.abc import Iterable

from rich.cells import cell_len
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from visualizer.paint.legend import meaning
from visualizer.paint.palette import STYLE_OF, glyphs
from visualizer.tui import keys
from visualizer.tui.ink import is_dark, style


class HelpScreen(ModalScreen[None]):
    """Lists `sections`, the keys of the screen below."""

    BINDINGS = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(
        self, sections: Iterable[keys.Section], *, mouse: Iterable[tuple[str, str]] = (), ascii: bool = False
    ) -> None:
        """`mouse`: what it does on the screen below; without, there are no tracks whose states could be explained."""
        super().__init__()
        self._sections = tuple(sections)
        self._mouse = tuple(mouse)
        self._ascii = ascii

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as page:
            page.border_title, page.border_subtitle = "Keys", "Escape closes this"
            for section in self._sections:
                yield Static(Content(section.title), classes="title")
                yield Static(_table((self._keys(binding), binding.tooltip) for binding in section.bindings))
            if self._mouse:
                yield Static(Content("Mouse"), classes="title")
                yield Static(_table(self._mouse))
                yield Static(Content("States"), classes="title")
                yield Static(self._legend())

    def _keys(self, binding: Binding) -> str:
        each = Binding.make_bindings([binding])
        return "  ".join(self.app.get_key_display(single) for single in each)

    def _legend(self) -> Content:
        dark = is_dark(self)
        lines = []
        for state, glyph in glyphs(self._ascii).items():
            ink = style(STYLE_OF[state], dark)
            colour = ink.color.name if ink.color is not None else ""
            lines.append(Content.assemble("  ", (glyph * 3, colour), "   " + meaning(state)))
        return Content("\n").join(lines)


def _table(rows: Iterable[tuple[str, str]]) -> Content:
    """Two columns; the first as wide as the widest key there is."""
    lines = []
    for first, second in rows:
        pad = " " * max(1, 22 - cell_len(first))
        lines.append(Content.assemble("  ", (first, "bold"), pad, second))
    return Content("\n").join(lines)
