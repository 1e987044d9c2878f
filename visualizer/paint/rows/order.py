"""The order of the rows, which of them are grouped or folded away, and the label in front of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from itertools import islice
from typing import Any, NamedTuple

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_only, cell_width, fit, fit_name
from visualizer.trace import words

#: So many tracks of a kind are a group; fewer can be looked at one by one.
GROUP_FROM = 8


class Group(NamedTuple):
    """Tracks that run on one thread and share a name except for its number."""

    thread: int
    kind: str
    name: str


class Row(NamedTuple):
    """A track's row, or with `group` that of a group: then `members` are its tracks and `track` is the first of them.

    `depth` is 0 for a thread, 1 for what runs on it, 2 for a member of a group; `collapsed` if its children are left
    out.
    """

    track: int
    depth: int
    has_children: bool
    collapsed: bool = False
    group: Group | None = None
    members: tuple[int, ...] = ()


class Wish(NamedTuple):
    """`collapsed`: tracks whose children are not wanted; `folded`: groups whose members are not, None for all groups.

    `only`: which tracks are wanted, None for all. `key`: what rows are sorted by, given the tracks of each; None: as
    they began.
    """

    collapsed: Set[int] = frozenset()
    folded: Set[Group] | None = frozenset()
    only: Callable[[int], bool] | None = None
    key: Callable[[Sequence[int]], Any] | None = None

    def wanted(self, tracks: Iterable[int]) -> list[int]:
        """Those of the tracks that are wanted."""
        return list(tracks if self.only is None else filter(self.only, tracks))

    def in_order(self, tracks: Iterable[int]) -> list[int]:
        """The tracks, sorted."""
        key = self.key
        return list(tracks) if key is None else sorted(tracks, key=lambda track: key((track,)))

    def rows(self, tracks: Iterable[int], depth: int) -> list[Row]:
        """A row for each of the tracks, sorted."""
        return [Row(track, depth, False) for track in self.in_order(tracks)]

    def group(self, group: Group, tracks: Sequence[int], depth: int) -> Row:
        """The row of a group, of which these tracks are wanted."""
        hidden = self.folded is None or group in self.folded
        return Row(tracks[0], depth, True, hidden, group, tuple(tracks))


def tracks_of(rows: Iterable[Row]) -> Iterator[int]:
    """The tracks that have, or share, one of these rows."""
    return (track for row in rows for track in row.members or (row.track,))


#: All tracks, none of them folded away.
ALL = Wish()


class RowList:
    """Arranges the rows of a timeline that may still grow; each track is looked at once."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        self._begin()

    def _begin(self) -> None:
        self._renamed = self._timeline.renamed
        self._thread_of: dict[int, int] = {}
        #: Thread -> its tracks, and the same as groups, which may be of one only.
        self._under: dict[int, list[int]] = {}
        self._kin: dict[int, dict[Group, list[int]]] = {}
        self._position: dict[int, int] = {}
        #: Tracks of which no thread is known yet.
        self._homeless: list[int] = []

    def arrange(self, wish: Wish = ALL, *, grouped: bool = False) -> list[Row]:
        """Each thread, and under it what runs on it; a track of which no thread is known stands for itself.

        Threads of wanted tracks are there, too. `grouped`: tracks of a kind stand together under a row of their own if
        they are GROUP_FROM or more.
        """
        self._take()
        found: list[Row] = []
        for thread in wish.in_order(self._under):
            below = list(self._below(thread, wish)) if grouped else wish.rows(wish.wanted(self._under[thread]), 1)
            if not below and not wish.wanted([thread]):
                continue
            hidden = thread in wish.collapsed and bool(below)
            found.append(Row(thread, 0, bool(below), hidden))
            if not hidden:
                found += below
        return found

    def _take(self) -> None:
        timeline = self._timeline
        tracks = timeline.tracks
        if timeline.renamed != self._renamed or self._has_home():
            self._begin()
        come = [*islice(tracks, len(self._position), None)]
        above = _above(timeline, come)
        for track, (kind, name, *_) in zip(come, tracks.births(come), strict=True):
            thread = _thread_of(track, above, self._thread_of)
            self._position[track] = len(self._position)
            under = self._under.setdefault(thread, [])
            if thread != track:
                under.append(track)
                self._kin.setdefault(thread, {}).setdefault(Group(thread, kind, name), []).append(track)
            elif kind not in _ALONE:
                self._homeless.append(track)

    def _has_home(self) -> bool:
        """Whether by now a thread is known of a track of which none was."""
        tracks = self._timeline.tracks
        is_thread = any(birth.kind == words.THREAD for birth in tracks.births(self._homeless))
        return is_thread or bool(_above(self._timeline, self._homeless))

    def _below(self, thread: int, wish: Wish) -> Iterator[Row]:
        found: list[tuple[int, Group | None, list[int]]] = []
        for group, tracks in self._kin.get(thread, {}).items():
            wanted = wish.wanted(tracks)
            if len(wanted) >= GROUP_FROM:
                found.append((self._position[wanted[0]], group, wanted))
            else:
                found += [(self._position[track], None, [track]) for track in wanted]
        found.sort(key=lambda one: one[0])
        if (key := wish.key) is not None:
            found.sort(key=lambda one: key(one[2]))
        for _, known, tracks in found:
            if known is None:
                yield Row(tracks[0], 1, False)
                continue
            row = wish.group(known, tracks, 1)
            yield row
            if not row.collapsed:
                yield from wish.rows(tracks, 2)


#: So many rows a picture has at most.
PICTURE_ROWS = 48


def fitting(known: RowList, only: Callable[[int], bool] | None, room: int) -> list[Row]:
    """A row for each track that is wanted; where those are more than `room`, tracks of a kind share one."""
    found = known.arrange(Wish(only=only))
    return found if len(found) <= room else known.arrange(Wish(folded=None, only=only), grouped=True)


def rows(timeline: Timeline, wish: Wish = ALL, *, grouped: bool = False) -> list[Row]:
    """The rows of a timeline that does not grow, see `RowList.arrange`."""
    return RowList(timeline).arrange(wish, grouped=grouped)


#: Kinds of tracks that run on no other, or of which it is not known.
_ALONE = (words.THREAD, words.TRACK)


def _thread_of(track: int, above: dict[int, int], thread_of: dict[int, int]) -> int:
    """The thread on which `track` runs, found over those above it; else the uppermost that is known."""
    climbed: dict[int, None] = {}
    while track not in thread_of:
        climbed[track] = None
        if above.get(track, track) in climbed:
            thread_of[track] = track
        else:
            track = above[track]
    thread = thread_of[track]
    thread_of.update(dict.fromkeys(climbed, thread))
    return thread


def _above(timeline: Timeline, ids: Sequence[int]) -> dict[int, int]:
    """Of those of the tracks of which it is known a track of the same thread: a generator runs on the thread of the
    track that resumes it."""
    tracks = timeline.tracks
    those = [track for track, birth in zip(ids, tracks.births(ids), strict=True) if birth.kind not in _ALONE]
    pairs = zip(tracks.parents(those).tolist(), tracks.creators(those), strict=True)
    found = {
        track: parent if parent in tracks else creator for track, (parent, creator) in zip(those, pairs, strict=True)
    }
    left = [track for track in those if found[track] not in tracks]
    origins = timeline.columns.switches.origin
    for track, switch in zip(left, tracks.first_switches(left), strict=True):
        found[track] = origins[switch] if switch >= 0 else words.NOBODY
    return {track: above for track, above in found.items() if above in tracks}


def row_name(timeline: Timeline, row: Row, at_ns: int | None = None) -> str:
    """The track's name, where it depends on the time that at `at_ns`; or "client ×100" for a group: printable."""
    if row.group is not None:
        # A process of one track has a group where it has failed, which is what its name says.
        several = len(row.members) > 1 or row.group.kind != words.PROCESS
        return plain(f"{row.group.name} ×{len(row.members)}" if several else row.group.name)
    return plain(timeline.name(row.track, at_ns))


def label_runs(
    timeline: Timeline, row: Row, width: int, *, selected: bool = False, ascii: bool = False, at_ns: int | None = None
) -> list[Run]:
    """The row's name (as in `row_name`), indented, with ▾ or ▸ in front if it has children: exactly `width` cells.

    Where the indentation would leave no room for a name, it ends.
    """
    mark = ("▸ " if row.collapsed else "▾ ") if row.has_children else "  "
    before = "  " * min(row.depth, max(2, width // 4)) + mark
    name = row_name(timeline, row, at_ns)
    if ascii:
        before, name = ascii_only(before), ascii_only(name)
    uppermost = row.depth == 0 and (row.has_children or timeline.tracks[row.track].kind == words.THREAD)
    style = "selected" if selected else "thread" if uppermost else "name"
    # The last cell stays free, so that no name runs into its row.
    ellipsis = ".." if ascii else "…"
    room = width - 1
    text = before + fit_name(name, max(0, room - cell_width(before)), ellipsis)
    return [Run(fit(text, room, ellipsis) + " " * min(1, width), style)]
