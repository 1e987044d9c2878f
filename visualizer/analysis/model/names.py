"""Names of tracks: told apart by a number where several share one."""

from __future__ import annotations

from collections.abc import Iterable

from visualizer.analysis.model.types import Track


class _Namesakes(dict[int, Track]):
    """The tracks of one name, by their ids; and the number that was given last."""

    __slots__ = ("last",)

    def __init__(self) -> None:
        self.last = 0

    def change(self) -> None:
        """Their names look different now."""
        for track in self.values():
            track.version += 1


class Names:
    """The names of tracks. A number stays once it is given: tracks that share a name are not renumbered."""

    def __init__(self) -> None:
        self._namesakes: dict[str, _Namesakes] = {}
        #: How many names were changed.
        self.changed = 0
        #: Tracks that the user calls otherwise.
        self._called: dict[int, str] = {}

    def of(self, track: Track) -> str:
        """The name, with the track's number if others are called so, too."""
        if track.id in self._called:
            return self._called[track.id]
        if len(self._namesakes[track.base_name]) > 1:
            return f"{track.base_name}-{track.number}"
        return track.base_name

    def give(self, track: Track, name: str) -> None:
        """Name a track that has no name yet."""
        namesakes = self._namesakes.get(name)
        if namesakes is None:
            namesakes = self._namesakes[name] = _Namesakes()
        track.base_name = name
        track.number = namesakes.last = namesakes.last + 1
        namesakes[track.id] = track
        track.version += 1
        if len(namesakes) == 2:
            namesakes.change()

    def change(self, track: Track, name: str) -> None:
        """Give a track another name."""
        self.changed += 1
        namesakes = self._namesakes[track.base_name]
        del namesakes[track.id]
        if len(namesakes) == 1:
            namesakes.change()
        self.give(track, name)

    def call(self, tracks: Iterable[Track], name: str, text: str) -> bool:
        """Call the track of that name, or all that share it, `text` from now on. Return whether there is one."""
        known = list(tracks)
        for track in [track for track in known if self.of(track) == name != track.base_name]:
            self._called[track.id] = text
            return True
        named = [track for track in known if track.base_name == name]
        for track in named:
            self.change(track, text)
        return bool(named)
