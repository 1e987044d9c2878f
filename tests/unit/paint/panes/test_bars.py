"""Bars and histograms as cells."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.model.timeline import FINAL, State
from visualizer.paint.panes.bars import bar, histogram, share_bar
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width


def text(runs: list[Run]) -> str:
    return "".join(run.text for run in runs)


def test_each_state_fills_as_much_as_its_share() -> None:
    spent = {State.RUNNING: 25.0, State.WAITING: 50.0, State.READY: 25.0}
    assert text(share_bar(spent, 100, 8)) == "██▒▒┈┈┈┈"
    assert text(share_bar(spent, 100, 8, ascii=True)) == "##==----"
    assert text(share_bar(spent, 200, 8)) == "█▒┈┈    "
    assert text(share_bar({}, 100, 8)) == " " * 8


def test_nothing_that_occurs_is_left_out_as_long_as_there_is_room() -> None:
    spent = {State.RUNNING: 1.0, State.WAITING: 1e9, State.IDLE: 1.0}
    assert text(share_bar(spent, 1e9, 6)) == "▏┈┈┈┈░"
    assert text(share_bar(spent, 1e9, 1)) == "┈"


@given(
    st.dictionaries(st.sampled_from([s for s in State if s not in FINAL]), st.floats(0, 1e12)),
    st.integers(0, 60),
)
def test_a_bar_takes_exactly_its_cells(spent: dict[State, float], width: int) -> None:
    assert len(text(share_bar(spent, sum(spent.values()), width))) == width


@pytest.mark.parametrize(
    ("amount", "expected"), [(0.0, "    "), (1e-9, "▏   "), (0.5, "██  "), (0.65, "██▋ "), (1.0, "████"), (9.0, "████")]
)
def test_one_length_against_another(amount: float, expected: str) -> None:
    assert bar(amount, 1.0, 4, "text") == Run(expected, "text")


def test_one_length_in_ascii() -> None:
    assert [bar(amount, 1.0, 4, "text", ascii=True).text for amount in (0.0, 1e-9, 0.5, 1.0)] == [
        "    ", "#   ", "##  ", "####",
    ]


def test_how_often_each_length_came() -> None:
    lengths_ns = [10_000] * 8 + [25_000] * 4 + [600_000]
    assert [text(line) for line in histogram(lengths_ns, 30, "text")] == [
        "███▄▄▄         ▁▁▁",
        "│10 µs   │0.1 ms",
    ]
    assert [text(line) for line in histogram(lengths_ns, 30, "text", ascii=True)] == [
        "@@@===         ...",
        "|10 us   |0.1 ms",
    ]
    # A cell for each step, where there is no more room; and the longest, where there is not even that.
    assert text(histogram(lengths_ns, 7, "text")[0]) == "█▄   ▁"
    assert text(histogram(lengths_ns, 4, "text")[0]) == "   ▁"


def test_lengths_of_nothing_are_told_apart() -> None:
    assert [text(line) for line in histogram([0, 0, 1_500], 30, "text")] == ["███▄▄▄   ", "│0 │1 µs"]
    assert histogram([], 30, "text") == []


@given(st.lists(st.integers(0, 10**15), min_size=1), st.integers(8, 60), st.booleans())
def test_a_histogram_fits_and_shows_each_length(lengths_ns: list[int], width: int, ascii: bool) -> None:
    [columns], [axis] = histogram(lengths_ns, width, "text", ascii=ascii)
    assert max(cell_width(columns.text), cell_width(axis.text)) <= width
    assert columns.text.strip()
    assert not ascii or (columns.text + axis.text).isascii()
