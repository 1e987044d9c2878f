"""Names of tracks: told apart by a number where several share one."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.model.types import Track


class Names:
    """Who is called what. A number stays once it is given: tracks that share a name are not numbered anew."""

    def __init__(self) -> None:
        self._namesakes: dict[str, dict[int, Track]] = {}
        self._last_number: dict[str, int] = {}
        #: How many names were changed.
        self.changed = 0

    def of(self, track: Track) -> str:
        """The name, with the track's number if others are called so, too."""
        if len(self._namesakes[track.base_name]) > 1:
            return f"{track.base_name}-{track.number}"
        return track.base_name

    def give(self, track: Track, name: str) -> None:
        """Name a track that has no name yet."""
        track.base_name = name
        track.number = self._last_number[name] = self._last_number.get(name, 0) + 1
        namesakes = self._namesakes.setdefault(name, {})
        namesakes[track.id] = track
        track.version += 1
        if len(namesakes) == 2:
            _change(namesakes.values())

    def change(self, track: Track, name: str) -> None:
        """Give a track another name."""
        self.changed += 1
        namesakes = self._namesakes[track.base_name]
        del namesakes[track.id]
        if len(namesakes) == 1:
            _change(namesakes.values())
        self.give(track, name)


def _change(tracks: Iterable[Track]) -> None:
    """Their names look different now."""
    for track in tracks:
        track.version += 1
