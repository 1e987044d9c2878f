"""All keys of the tables in keys.py, and the meaning of the glyphs, in as many columns as fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise, zip_longest
from textwrap import wrap
from typing import NamedTuple

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from visualizer.paint.text.legend import meaning
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.tui import keys
from visualizer.tui.messages import Prompted, Typing
from visualizer.tui.terminal.styles import is_dark, style
from visualizer.tui.widgets.prompt import Prompt

#: A column is as wide as most of its text, and may be somewhat narrower; free cells between two columns.
_WIDEST, _LEAST, _BETWEEN = 63, 54, 3
_MOST_COLUMNS = 3
#: Border, padding and scroll bar of the page.
_FRAME = 5
#: Keys take at least this many cells in all sections, and more in a section with a longer one.
_KEY_CELLS, _MOST_KEY_CELLS = 9, 22


class _Entry(NamedTuple):
    """A key or a glyph, and what it does or means; `style` is that of the key or glyph."""

    first: str
    second: str
    style: str = "bold"

    def has(self, text: str) -> bool:
        """Whether that is the key, or is in what it does."""
        return text in (key.casefold() for key in self.first.split("  ")) or text in self.second.casefold()


class HelpScreen(ModalScreen[None]):
    """Lists `sections`, the keys of the screen below."""

    BINDINGS = [
        Binding("escape,question_mark,q,enter", "close", "Close"),
        Binding("slash,ctrl+f", "find", "Search"),
    ]

    def __init__(
        self, sections: Iterable[keys.Section], *, mouse: Iterable[tuple[str, str]] = (), ascii: bool = False
    ) -> None:
        """`mouse`: what it does on the screen below; without, there are no tracks whose states could be explained."""
        super().__init__()
        self._sections = tuple(sections)
        self._mouse = tuple(mouse)
        self._ascii = ascii
        self._said = Static(id="said")
        self._prompt = Prompt()
        #: Only entries with this in them are shown.
        self._wanted = ""

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as page:
            page.border_title, page.border_subtitle = "Keys", "/ searches, Escape closes this"
            yield self._said
        yield self._prompt

    def on_mount(self) -> None:
        self._prompt.display = False

    def action_find(self) -> None:
        self._prompt.ask("key", "/", "a key, or a word of what it does", self._wanted)

    async def action_close(self) -> None:
        """Close the search and show all keys, or close the help."""
        if self._prompt.display or self._wanted:
            self._prompt.close()
            self._show("")
        else:
            await self.dismiss()

    @on(Typing)
    def _narrow(self, message: Typing) -> None:
        self._show(message.text)

    @on(Prompted)
    def _stay(self, message: Prompted) -> None:
        self._show(message.text)

    def _show(self, wanted: str) -> None:
        self._wanted = wanted
        if not self._prompt.display:
            self.query_one("#help").focus()
        self._fill()

    def on_resize(self, event: events.Resize) -> None:
        self._fill()

    def _fill(self) -> None:
        """As many columns as have room, as equal in height as sections that stay whole let them be."""
        room = self.size.width - _FRAME
        sections = self._entries()
        count = max(1, min(_MOST_COLUMNS, len(sections), (room + _BETWEEN) // (_LEAST + _BETWEEN)))
        width = max(1, min(_WIDEST, (room + _BETWEEN) // count - _BETWEEN))
        columns = _columns([_lines(title, entries, width) for title, entries in sections], count)
        lines = [_beside(line, width) for line in zip_longest(*columns, fillvalue=Content())]
        self._said.update(Content("\n").join(lines))
        self.query_one("#help").styles.width = _FRAME + count * (width + _BETWEEN) - _BETWEEN

    def _entries(self) -> list[tuple[str, list[_Entry]]]:
        """Title and entries of each section, those that are searched for."""
        found = self._sections_of_all()
        wanted = self._wanted.casefold()
        if wanted:
            titled = [each for each in found if wanted in each[0].casefold()]
            found = [(title, [each for each in entries if each.has(wanted)]) for title, entries in found]
            # A section's title is looked at where no entry has it: a letter is a key first.
            found = found if any(entries for _, entries in found) else titled
        found = [(title, entries) for title, entries in found if entries]
        return found or [(f"Nothing here has {self._wanted!r} in it", [])]

    def _sections_of_all(self) -> list[tuple[str, list[_Entry]]]:
        found = [
            (section.title, [_Entry(self._keys(binding), binding.tooltip) for binding in section.bindings])
            for section in self._sections
        ]
        if self._mouse:
            found.append(("Mouse", [_Entry(*each) for each in self._mouse]))
            # First: where there is no room for a legend, this is it.
            found.insert(0, ("States (legend)", list(self._legend())))
        return found

    def _keys(self, binding: Binding) -> str:
        each = Binding.make_bindings([binding])
        return "  ".join(self.app.get_key_display(single) for single in each)

    def _legend(self) -> Iterable[_Entry]:
        for state, glyph in glyphs(self._ascii).items():
            ink = style(STYLE_OF[state], is_dark(self))
            yield _Entry(glyph * 3, meaning(state), ink.color.name if ink.color is not None else "")


def _lines(title: str, entries: Sequence[_Entry], width: int) -> list[Content]:
    """A section in lines of at most `width` cells: its title, an entry a line, longer ones broken, and a free line."""
    lines = [Content.styled(title, "bold $text-primary")]
    longest = max((cell_len(entry.first) for entry in entries), default=0)
    left = min(max(_KEY_CELLS, longest), _MOST_KEY_CELLS) + 2
    for entry in entries:
        first = Content.assemble(" ", (entry.first, entry.style))
        taken = 1 + cell_len(entry.first)
        if taken + 1 > left and taken + 2 + cell_len(entry.second) > width:
            # On a line of its own.
            lines.append(first)
            first, taken = Content(), 0
        pad = left - taken if taken < left else 2
        said = wrap(entry.second, max(10, width - taken - pad)) or [""]
        lines.append(Content.assemble(first, " " * pad, said[0]))
        lines += [Content(" " * left + more) for more in said[1:]]
    return [*lines, Content()]


def _columns(sections: Sequence[list[Content]], count: int) -> list[list[Content]]:
    """The sections one after another in `count` columns, so that the highest is as low as can be."""
    heights = [len(lines) for lines in sections]
    cuts = min(
        ([0, *between, len(sections)] for between in combinations(range(1, len(sections)), count - 1)),
        key=lambda cuts: max(sum(heights[begin:end]) for begin, end in pairwise(cuts)),
    )
    columns = [[line for lines in sections[begin:end] for line in lines] for begin, end in pairwise(cuts)]
    # The free line is one between two sections.
    return [column[:-1] for column in columns]


def _beside(parts: Sequence[Content], width: int) -> Content:
    pads = [" " * (width + _BETWEEN - cell_len(part.plain)) for part in parts[:-1]]
    return Content.assemble(*(text for pair in zip(parts, [*pads, ""], strict=True) for text in pair))
