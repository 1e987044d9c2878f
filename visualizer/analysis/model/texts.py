"""Texts by their ids in the trace."""

from __future__ import annotations

from typing import Any

from visualizer.trace.words import FUTURE_NAME, LARGEST_NUMBER, ZERO_FUTURE, ZERO_TEXT


class Texts(dict[int, str]):
    """Those that lines told, and the numbers, and futures, which stand for themselves. To be asked by `get`."""

    def get(self, text: int, otherwise: Any = None) -> Any:
        if text >= ZERO_FUTURE:
            if text <= ZERO_FUTURE + LARGEST_NUMBER:
                return f"{FUTURE_NAME}{text - ZERO_FUTURE}"
            if -LARGEST_NUMBER <= text - ZERO_TEXT <= LARGEST_NUMBER:
                return str(text - ZERO_TEXT)
        return super().get(text, otherwise)
