"""Where in the lines of a source an expression is."""

from __future__ import annotations

import pytest

from visualizer.analysis.model.types import Place
from visualizer.analysis.text.source_lines import source_lines

TEXT = """\
async def cook(orders, oven, door):
    for order in iter(orders.get, None):
        async with oven, door():
            await bake(
                order,
            )
    for broken in (
        1,
    ): pass
"""


def marked(*span: int) -> dict[int, str]:
    """What is marked in each line for the place of these lines and columns."""
    lines = source_lines(TEXT)
    line, column, end_line, end_column = span
    place = Place("script.py", "cook", line, end_line, column, end_column)
    found = {number: lines.span(place, number) for number in range(1, len(lines.raw) + 1)}
    return {number: lines.shown[number - 1][slice(*span)] for number, span in found.items() if span is not None}


@pytest.mark.parametrize(
    ("span", "said"),
    [
        ((2, 4, 6, 13), {2: "iter(orders.get, None)"}),
        ((3, 8, 6, 13), {3: "oven, door()"}),
        ((7, 4, 9, 11), {7: "(", 8: "1,", 9: ")"}),
        # Other expressions are marked whole, and so is what begins or ends elsewhere.
        ((4, 12, 6, 13), {4: "await bake(", 5: "order,", 6: ")"}),
        ((2, 4, 6, 12), {2: "for order in iter(orders.get, None):", 3: "async with oven, door():",
                         4: "await bake(", 5: "order,", 6: ""}),
    ],
)
def test_of_a_block_only_what_it_waits_for_is_marked(span: tuple[int, ...], said: dict[int, str]) -> None:
    assert marked(*span) == {number: text for number, text in said.items() if text}


def test_what_is_no_python_has_no_blocks() -> None:
    assert source_lines("for x in (").heads == {}
