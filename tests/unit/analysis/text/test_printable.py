from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from visualizer.analysis.text.printable import plain


def test_what_is_seen_stays() -> None:
    assert plain("joinall(…) 'é' 漢字 🧵") == "joinall(…) 'é' 漢字 🧵"


def test_what_would_be_obeyed_is_shown() -> None:
    assert plain("a\x1b[2J\r\nb\x7f") == "a␛[2J␍␊b␡"
    assert plain("a\x9bb\u202ec\u2028d\u00a0e\ud800") == "a\ufffdb\ufffdc\ufffdd e\ufffd"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("\x1b[31mred\x1b[0m", "␛[31mred␛[0m"),
        ("two\nlines\r\t", "two␊lines␍␉"),
        ("\x00\x7f\x9b", "␀␡�"),
        ("\u202egnp.exe", "�gnp.exe"),
        ("\ud800", "�"),
        ("\u2028\ufeff\u200b", "���"),
        ("naïve 日本 שלום 🥟", "naïve 日本 שלום 🥟"),
    ],
)
def test_what_could_be_obeyed_is_made_visible(text: str, shown: str) -> None:
    assert plain(text) == shown


@given(st.text())
def test_nothing_unprintable_is_left_and_nothing_is_moved(text: str) -> None:
    made = plain(text)
    assert made.isprintable()
    assert len(made) == len(text)
    assert all(a == b for a, b in zip(text, made, strict=True) if a.isprintable())
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp", "Cs") for c in made)
