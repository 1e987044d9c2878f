"""Which lines can be run."""

from __future__ import annotations

from visualizer.analysis.text.executable_lines import code_lines

SOURCE = '''\
"""About this.

More.
"""
import os

# A comment.
def run(
    a,
):
    """About it."""
    global os
    if a:
        return [
            one
            for one in a
        ]

    return 0


class Thing:
    """Nothing else."""
'''


def test_neither_comments_nor_docstrings_nor_what_only_declares() -> None:
    lines = code_lines(SOURCE)
    assert {5, 8, 13, 14, 15, 16, 19, 22} <= set(lines)
    assert not {1, 2, 3, 4, 6, 7, 11, 12, 18, 20, 21} & set(lines)


def test_of_what_is_no_python_nothing_is_known() -> None:
    assert code_lines("def (:") == code_lines("a\0b") == ()
