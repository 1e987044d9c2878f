"""What stands on a screen as text: its characters at each size, and at one the style of each cell as a letter."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from difflib import unified_diff
from itertools import chain
from string import ascii_letters, digits
from typing import Any

from rich.style import Style
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode
from textual.pilot import Pilot
from textual.widgets import Input

SMALL, NORMAL, LARGE = SIZES = (80, 24), (120, 35), (200, 50)
THEMES = "textual-dark", "textual-light"
_LETTERS = ascii_letters + digits + "".join(map(chr, range(0xC0, 0x180)))
_ATTRIBUTES = "bold", "dim", "italic", "underline", "reverse", "strike"

#: Brings about what is only there for a while, such as words on a cell.
Prepare = Callable[[Pilot[Any]], Awaitable[None]]


class ScreenExtension(SingleFileSnapshotExtension):
    """A file for each view, with all its sizes and themes in it."""

    _file_extension = "txt"
    _write_mode = WriteMode.TEXT


async def everywhere(pilot: Pilot[Any], prepare: Prepare | None = None, themes: Sequence[str] = THEMES) -> str:
    """The characters at each of SIZES in the first theme, and at NORMAL the colours in each of `themes`, which must
    not change the characters."""
    for field in pilot.app.screen.query(Input):
        # Whether its cursor is to be seen depends on the moment, else.
        field.cursor_blink = False

    async def drawn(theme: str) -> tuple[str, str, str]:
        pilot.app.theme = theme
        # A change of theme lays out anew what is behind a dialog, too, which nothing else does while that is open.
        for screen in pilot.app.screen_stack:
            screen._refresh_layout()
        await pilot.pause()
        if prepare is not None:
            await prepare(pilot)
        return _drawn(pilot)

    parts = {}
    # That in other themes comes last: back in the first, all would be styled anew.
    for size in sorted(SIZES, key=NORMAL.__eq__):
        await pilot.resize_terminal(*size)
        text, *inks = await drawn(themes[0])
        parts[size] = [f"{size[0]} x {size[1]}", text]
        if size == NORMAL:
            parts[size] += [themes[0], *inks]
            for theme in themes[1:]:
                same, *inks = await drawn(theme)
                assert same == text, "\n".join(unified_diff(text.splitlines(), same.splitlines(), lineterm=""))
                parts[size] += [theme, *inks]
    return "\n".join([*chain.from_iterable(parts[size] for size in SIZES), ""])


def _drawn(pilot: Pilot[Any]) -> tuple[str, str, str]:
    """Characters, letters of styles, and what the letters stand for; as a terminal gets them."""
    app = pilot.app
    update = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    lines, letters = [], []
    known: dict[str, str] = {}
    for line in update.strips:  # type: ignore[union-attr]
        segments = [segment for strip in line for segment in strip]
        lines.append("".join(segment.text for segment in segments).rstrip())
        letters.append(
            "".join(
                known.setdefault(_described(segment.style), _LETTERS[len(known)]) * segment.cell_length
                for segment in segments
            )
        )
    return "\n".join(lines), "\n".join(letters), "\n".join(f"{letter} {style}" for style, letter in known.items())


def _described(style: Style | None) -> str:
    if style is None:
        return "nothing"
    colour, ground = (known.name if known is not None else "default" for known in (style.color, style.bgcolor))
    return " ".join([f"{colour} on {ground}", *(name for name in _ATTRIBUTES if getattr(style, name))])
