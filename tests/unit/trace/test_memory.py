"""What is free is kept, and given back, where the C library can."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from visualizer.trace.memory import _function, give_back, keep


@pytest.fixture(autouse=True)
def another_c_library() -> Iterator[None]:
    _function.cache_clear()
    yield
    _function.cache_clear()


def test_a_c_library_that_cannot_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda name: SimpleNamespace())
    keep()
    give_back()


def test_one_that_can_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, ...]] = []
    library = SimpleNamespace(malloc_trim=lambda pad: asked.append((pad,)), mallopt=lambda *told: asked.append(told))
    monkeypatch.setattr(ctypes, "CDLL", lambda name: library)
    keep()
    assert asked == [(-1, 1 << 28), (-3, 1 << 25)]
    give_back()
    assert asked[2:] == [(0,)]
