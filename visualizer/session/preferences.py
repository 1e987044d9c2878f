"""What somebody chose the last time, and is to find again: the theme, the axis; and whether the hint was seen."""

from __future__ import annotations

import msgspec

from visualizer.session import state

_FILE = "preferences.json"
#: What is larger was not written by us.
_LARGEST_BYTES = 10_000


class Preferences(msgspec.Struct):
    """What is remembered; "" for what nobody chose yet."""

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
    """What is remembered; nothing, if it cannot be read or is damaged."""
    try:
        with open(state.folder() / _FILE, "rb") as stream:
            return msgspec.json.decode(stream.read(_LARGEST_BYTES), type=Preferences)
    except (OSError, ValueError):
        # msgspec's errors are ValueErrors.
        return Preferences()
