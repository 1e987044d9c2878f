"""Remembered choices of the user: theme, axis, and whether the hint was seen."""

from __future__ import annotations

import msgspec

from visualizer.session import state

_FILE = "preferences.json"
#: A larger file was not written by us.
_LARGEST_BYTES = 10_000


class Preferences(msgspec.Struct):
    """The preferences; "" for what was never chosen."""

    #: Name of a theme of Textual's; it may not know it any more.
    theme: str = ""
    #: "time" or "switches".
    axis: str = ""
    #: Whether the keys of the first run were shown.
    hinted: bool = False

    def save(self) -> None:
        """Remember it. If that cannot be written down, it is forgotten."""
        state.write_down(_FILE, msgspec.json.encode(self))


def load() -> Preferences:
    """The preferences; empty if they cannot be read or are damaged."""
    try:
        with open(state.folder() / _FILE, "rb") as stream:
            return msgspec.json.decode(stream.read(_LARGEST_BYTES), type=Preferences)
    except (OSError, ValueError):
        # msgspec's errors are ValueErrors.
        return Preferences()
