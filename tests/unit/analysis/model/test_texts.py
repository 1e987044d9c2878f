"""Texts by their ids: those that the trace tells, and numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.trace.test_rows import packed
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.texts import Texts
from visualizer.trace import events as ev
from visualizer.trace import words


def test_a_number_stands_for_itself() -> None:
    texts = Texts({3: "three"})
    assert [*map(texts.get, (3, words.ZERO_TEXT - 7, words.ZERO_TEXT, -1, 4))] == ["three", "-7", "0", None, None]
    most = words.LARGEST_NUMBER
    assert [*map(texts.get, (words.ZERO_FUTURE, words.ZERO_FUTURE + 7))] == ["Future 0", "Future 7"]
    assert {texts.get(words.ZERO_FUTURE + more, "nothing") for more in (most + 1, -1)} == {"nothing"}
    first, last = words.ZERO_TRACK, words.ZERO_TRACK + words.LARGEST_TRACK
    assert [*map(texts.get, (first, first + 7, last))] == ["track 0", "track 7", "track 200000000"]
    assert {texts.get(text, "nothing") for text in (first - 1, last + 1)} == {"nothing"}
    assert (texts.get(words.ZERO_TEXT - most), texts.get(words.ZERO_TEXT + most)) == ("-500000000", "500000000")
    assert {texts.get(words.ZERO_TEXT + more, "nothing") for more in (most + 1, -most - 1)} == {"nothing"}


@pytest.mark.parametrize("version", words.VERSIONS_READ)
def test_what_rows_say_is_the_value_of_the_switch(version: int, tmp_path: Path) -> None:
    lines = [
        ev.Header(words.FORMAT, version),
        ev.Text(1, "main"),
        ev.Spawn(0, 0, words.THREAD, 1, -1, -1, -1),
        ev.Text(2, "generator"),
        ev.Text(3, "'told'"),
        ev.Spawn(0, 1, words.GENERATOR, 2, -1, -1, -1),
        ev.Shape(0, [ev.Resume(0, words.SUBJECT, words.SEND, -1, -1)]),
        ev.Shape(1, [ev.Yield(0, words.SUBJECT, -1, -1)]),
        ev.Rows(packed((5, 1, 4 << 32), (6, 1, 1 + (words.ZERO_TEXT - 41 << 32)), (7, 1, 0), (8, 1, 1 + (4 << 32)))),
        ev.End(9, 0, 0),
    ]
    path = tmp_path / "a.trace"
    path.write_bytes(b"".join(map(ev.encode, lines)))
    timeline, notices = load(str(path))
    assert not notices
    assert [timeline.switch(index).value for index in range(4)] == ["'told'", "-42", None, "'told'"]
