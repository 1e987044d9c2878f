"""Cells and what is written over them, as runs."""

from __future__ import annotations

import numpy as np
import pytest

from visualizer.analysis.model.timeline import State
from visualizer.paint.text.canvas import Canvas, Run
from visualizer.paint.text.cell_width import cell_width

WAITING, RUNNING = State.WAITING + 1, State.RUNNING + 1


def canvas(rows: int = 1, width: int = 12) -> Canvas:
    return Canvas(np.full((rows, width), WAITING), ascii=False)


def test_runs_end_with_their_row() -> None:
    assert canvas(2, 3).rows() == [[Run("┈┈┈", "waiting")], [Run("┈┈┈", "waiting")]]
    looks = np.array([[0, WAITING, WAITING], [RUNNING, RUNNING, 0]])
    assert Canvas(looks, ascii=False).rows() == [
        [Run(" ", "dim"), Run("┈┈", "waiting")], [Run("██", "running"), Run(" ", "dim")],
    ]
    assert Canvas(looks, ascii=True).rows()[0] == [Run(" ", "dim"), Run("--", "waiting")]


@pytest.mark.parametrize("text", ["sleep", "日本", "e\u0301te", "日e\u0301", "\ud800x"])
def test_a_label_takes_its_cells(text: str) -> None:
    """Also where its characters are wide, or take none."""
    over = canvas(2)
    width = cell_width(text)
    over.write(1, 2, text, width, "label")
    below, written = over.rows()
    assert below == [Run("┈" * 12, "waiting")]
    assert written == [Run("┈┈", "waiting"), Run(text, "label"), Run("┈" * (10 - width), "waiting")]


def test_labels_of_one_style_side_by_side_are_one_run() -> None:
    over = canvas(width=6)
    for cell, text in ((0, "日"), (2, "ab"), (4, "本")):
        over.write(0, cell, text, 2, "label")
    assert over.rows() == [[Run("日ab本", "label")]]
    assert not over.is_blank(0, 2)
