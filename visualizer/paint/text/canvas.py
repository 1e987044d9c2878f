"""Cells of many rows, and the text over them, as runs of one style.

What a cell shows is a number until all of them are made text at once.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.model.timeline import State
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.trace.columns import Column

#: A run that begins at the left of its cell, or shares it with others, by eighths.
_WIDE = "▏▎▍▌▋▊▉"
_HIGH = "▁▂▃▄▅▆▇"
#: From which share on a cell counts as full.
FULL = 15 / 16
#: How the text of a canvas is kept: a character in so many bits, in an order that any machine reads alike.
_ENCODING, _CHARACTER = "utf-32-le", np.dtype("<u4")
#: What a cell can show: the glyph of each state, its number that of the state and one more; then those of runs.
_GLYPHS = {
    ascii: "".join(
        [
            " ", *(glyphs(ascii)[state] for state in State), *_HIGH, glyphs()[State.RUNNING], *_WIDE, "▐", "▕", "|",
            glyphs(ascii=True)[State.RUNNING],
        ]
    )
    for ascii in (False, True)
}
_CHARACTERS = {ascii: np.frombuffer(text.encode(_ENCODING), dtype=_CHARACTER) for ascii, text in _GLYPHS.items()}
_HIGHEST = 1 + len(State)
_WIDEST = _HIGHEST + len(_HIGH) + 1
_RIGHT, _FAR_RIGHT, _THIN, _THICK = range(_WIDEST + len(_WIDE), _WIDEST + len(_WIDE) + 4)
#: Styles by number, that of labels among them; and of each of the glyphs the number of its style.
_NAMES = tuple(dict.fromkeys(("dim", *(STYLE_OF[state] for state in State), "label")))
_NUMBERS = {style: number for number, style in enumerate(_NAMES)}
_STYLES = np.array(
    [0, *(_NUMBERS[STYLE_OF[state]] for state in State)]
    + [_NUMBERS[STYLE_OF[State.RUNNING]]] * (_THICK + 1 - _HIGHEST),
    dtype=np.uint8,
)


class Run(NamedTuple):
    """Text in one style (a key of the palette)."""

    text: str
    style: str


#: Makes a run of a pair. A named tuple's own way is a function in Python, which a screen of cells calls for each.
_run: Callable[[tuple[str, str]], Run] = partial(tuple.__new__, Run)


class Canvas:
    """Rows of cells. `looks`: what each shows, as its number among the glyphs."""

    def __init__(self, looks: Column, ascii: bool) -> None:
        self.width = looks.shape[1]
        self._characters = _CHARACTERS[ascii][looks]
        self._styles = _STYLES[looks]
        #: Row -> texts with more or fewer characters than cells: first cell, number of cells, text.
        self._odd: dict[int, list[tuple[int, int, str]]] = {}

    def is_blank(self, row: int, cell: int) -> bool:
        return bool(self._characters[row, cell] == ord(" "))

    def write(self, row: int, cell: int, text: str, width: int, style: str) -> None:
        """Write `text`, which takes `width` cells, from that cell on."""
        self._styles[row, cell : cell + width] = _NUMBERS[style]
        if len(text) == width:
            written = text.encode(_ENCODING, "surrogatepass")
            self._characters[row, cell : cell + width] = np.frombuffer(written, dtype=_CHARACTER)
        else:
            # A cell of its own for each character is not to be had: some are two cells wide, some none.
            self._odd.setdefault(row, []).append((cell, width, text))

    def rows(self) -> list[list[Run]]:
        """Its rows, as runs of one style."""
        styles, width = self._styles, self.width
        begins = np.ones(styles.shape, dtype=bool)
        np.not_equal(styles[:, 1:], styles[:, :-1], out=begins[:, 1:])
        starts = begins.ravel().nonzero()[0]
        bounds = [*starts.tolist(), styles.size]
        names = [_NAMES[number] for number in styles.ravel()[starts].tolist()]
        text = self._characters.tobytes().decode(_ENCODING, "surrogatepass")
        texts = [text[start:end] for start, end in pairwise(bounds)]
        runs = list(map(_run, zip(texts, names, strict=True)))
        ends = np.count_nonzero(begins, axis=1).cumsum().tolist()
        found = [runs[first:end] for first, end in pairwise((0, *ends))]
        for row, odd in self._odd.items():
            shown = list(text[row * width : (row + 1) * width])
            for cell, cells, written in odd:
                shown[cell : cell + cells] = [written, *[""] * (cells - 1)]
            at = 0
            for number, run in enumerate(found[row]):
                end = at + len(run.text)
                found[row][number] = Run("".join(shown[at:end]), run.style)
                at = end
        return found


def high(share: Column, ascii: bool) -> Column:
    """Blocks as high as the share of their cells that is filled with runs, never nothing: what such cells show."""
    if ascii:
        return np.where(share >= 0.5, _THICK, _THIN)
    return np.where(share >= FULL, _HIGHEST + len(_HIGH), _HIGHEST + _eighths(share))


def wide(share: Column, right: Column) -> Column:
    """Blocks as wide as the share of their cells that a run fills, which reaches to the right end or to the left one:
    what such cells show."""
    return np.where(right, np.where(share >= 3 / 8, _RIGHT, _FAR_RIGHT), _WIDEST + _eighths(share))


def _eighths(share: Column) -> Column:
    eighths: Column = np.minimum(np.maximum(np.rint(share * 8).astype(np.int64) - 1, 0), len(_HIGH) - 1)
    return eighths
