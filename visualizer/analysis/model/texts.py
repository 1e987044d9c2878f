"""Texts by their ids in the trace."""

from __future__ import annotations

from typing import Any

from visualizer.trace.words import (
    FUTURE_NAME,
    LARGEST_NUMBER,
    LARGEST_TRACK,
    TRACK_NAME,
    ZERO_FUTURE,
    ZERO_TEXT,
    ZERO_TRACK,
)


class Texts(dict[int, str]):
    """Those that lines told; and numbers, futures and tracks, which stand for themselves. To be asked by `get`."""

    def get(self, text: int, otherwise: Any = None) -> Any:
        if text >= ZERO_FUTURE:
            if text <= ZERO_FUTURE + LARGEST_NUMBER:
                return f"{FUTURE_NAME}{text - ZERO_FUTURE}"
            if -LARGEST_NUMBER <= text - ZERO_TEXT <= LARGEST_NUMBER:
                return str(text - ZERO_TEXT)
        elif ZERO_TRACK <= text <= ZERO_TRACK + LARGEST_TRACK:
            return f"{TRACK_NAME}{text - ZERO_TRACK}"
        return super().get(text, otherwise)
