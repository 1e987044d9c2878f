"""Which track waits for which at one moment, as a graph in text: a line for each chain, cycles first."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

from visualizer.analysis.explore.wait_graph import Wait, WaitGraph, chains, woken_by
from visualizer.analysis.index.polls import called
from visualizer.analysis.model.timeline import State, Suspension, Timeline
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_text import would_end
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import ascii_cells, cell_width, fit
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.paint.text.wait_labels import wait_label
from visualizer.trace import words

#: At most this many tracks of one name, and of several names, are listed one by one; more are counted.
_NAMED, _LISTED = 1, 3
#: Indentation of a continued line.
_INDENT = "    "
_ARROW = " → "


class Said(NamedTuple):
    """A line, and the track that it begins with (NOBODY: none)."""

    runs: list[Run]
    track: int


#: Some runs that stay together in a line.
_Piece = list[Run]


def graph(timeline: Timeline, moment: WaitGraph, width: int, *, ascii: bool = False) -> list[Said]:
    """The lines, each of at most `width` cells; never none."""
    painted = _Painter(timeline, moment, ascii)
    found: list[Said] = []
    for pieces, track in painted.pieces():
        found += [Said(runs, track) for runs in _broken(pieces, width, ascii)]
    return found


class _Painter:
    """Says what one moment is like, in pieces that are not broken."""

    def __init__(self, timeline: Timeline, moment: WaitGraph, ascii: bool) -> None:
        self._timeline = timeline
        self._moment = moment
        self._glyphs = glyphs(ascii)

    def pieces(self) -> Iterator[tuple[list[_Piece], int]]:
        """Of each line its pieces, and the track that it is about."""
        moment = self._moment
        if moment.running:
            yield [[Run("runs: ", "dim")], *self._tracks(moment.running)], moment.running[0]
        for hub, by in moment.blocked:
            why = [Run(", which does not yield", "blocked")]
            yield [self._group((hub,)), self._group((by,), arrow=True), why], by
        for circle in moment.circles:
            first = circle[0].waiters
            yield [[Run("cycle: ", "error")], *self._links(circle), self._group(first, arrow=True)], first[0]
        for links in sorted(chains(moment), key=_weight):
            yield [*self._chain(links), *self._detail(links[0])], links[0].waiters[0]
        if moment.ready:
            others = [[Run(" ready to run", "dim")]]
            yield [*self._tracks(moment.ready), *others], moment.ready[0]
        if not moment.waits and not moment.ready:
            yield [[Run("No track is waiting.", "dim")]], words.NOBODY

    def _chain(self, links: list[Wait]) -> list[_Piece]:
        last = links[-1]
        if len(links) > 1 and any(last in circle for circle in self._moment.circles):
            into = [*self._group(links[-2].on, arrow=True), Run(" (in the cycle)", "error")]
            return [*self._links(links[:-1]), into]
        return [*self._links(links), *self._end(last)]

    def _links(self, links: Sequence[Wait]) -> list[_Piece]:
        """The chain of waiting tracks, with each object that the next track holds."""
        pieces: list[_Piece] = []
        for number, wait in enumerate(links):
            # Of a kind that waits for the same, the one that is waited for is meant.
            pieces.append(self._group(links[number - 1].on, arrow=True) if number else self._group(wait.waiters))
            if wait.thing and wait.on:
                pieces.append([Run(_ARROW, "edge"), Run(plain(wait.thing), "label")])
        return pieces

    def _end(self, wait: Wait) -> list[_Piece]:
        """What the last of a chain waits for."""
        arrow = Run(_ARROW, "edge")
        if wait.on:
            first, *others = self._tracks(wait.on)
            return [[arrow, *first], *others, *self._ended(wait)]
        return [[arrow, Run(self._outside(wait), "label")]]

    def _ended(self, wait: Wait) -> list[_Piece]:
        """A track that has ended resumes no other."""
        track = self._timeline.tracks[wait.on[0]]
        over = len(wait.on) == 1 and 0 <= track.exit_ns <= self._moment.t_ns
        return [[Run(" (has ended)", "error")]] if over else []

    def _outside(self, wait: Wait) -> str:
        """What the track waits for, if it is not a track."""
        suspension = wait.suspension
        if wait.thing:
            return plain(wait.thing)
        if suspension.reason == words.SLEEP:
            return self._timer(wait)
        if suspension.reason == words.SUSPENDED:
            return "to be resumed"
        if suspension.reason == words.JOIN:
            return "others to end"
        if suspension.direction and len(wait.waiters) > 1:
            return plain(f"{len(wait.waiters)} fds ({suspension.direction})")
        if suspension.direction:
            fd = f"fd {suspension.fd}" if suspension.fd >= 0 else "one of the fds"
            return plain(f"{fd} ({suspension.direction})")
        return "unknown" if suspension.reason == words.UNKNOWN else plain(suspension.reason)

    def _timer(self, wait: Wait) -> str:
        several = len(wait.waiters) > 1
        timer = "timers" if several else "timer"
        if wait.due_ns < 0:
            return timer
        left_ns = wait.due_ns - self._moment.t_ns
        when = f"in {duration(left_ns, 2)}" if left_ns > 0 else f"overdue by {duration(-left_ns, 2)}"
        return f"{timer}, {'the first ' if several else ''}{when if left_ns else 'due now'}"

    def _detail(self, wait: Wait) -> list[_Piece]:
        """At which expression it waits and for how long, and what the recording knows of its end."""
        timeline, t_ns = self._timeline, self._moment.t_ns
        suspension = wait.suspension
        lasting = f"for {duration(t_ns - wait.since_ns, 2)}" if t_ns > wait.since_ns else ""
        if lasting and suspension.reason == words.SLEEP:
            # Beside the time that is left, or over, it would not be clear what lasts.
            most = "up to " if len(wait.waiters) > 1 else ""
            lasting = f"asleep for {most}{duration(t_ns - wait.since_ns, 2)}"
        resumes = suspension.reason in (words.RESUMED, words.SWITCHED, words.SUSPENDED)
        what = "" if resumes or suspension.reason == words.SLEEP else wait_label(timeline, suspension)
        parts = [", ".join(part for part in (what, lasting) if part)] if what or lasting else []
        known = None if suspension.reason == words.SLEEP else woken_by(timeline, wait, t_ns)
        if known is not None and not timeline.tracks[known[0]].schedules:
            parts.append(f"{plain(timeline.name(known[0], known[1]))} wakes it in {duration(known[1] - t_ns, 2)}")
        elif wait.thing and not wait.on:
            parts += self._written(suspension)
        return [[Run(f"  {part}", "dim")] for part in parts]

    def _written(self, suspension: Suspension) -> list[str]:
        """Which track would end a wait, according to the source, if the trace does not contain it."""
        waiting = {wait.waiters[0]: wait.suspension for wait in self._moment.waits}
        ending = would_end(self._timeline, waiting, suspension)
        if ending is None:
            return []
        name = plain(self._timeline.name(ending.track, self._moment.t_ns))
        return [f"inferred from the source: {name} would {ending.method} it at line {ending.line}"]

    def _group(self, tracks: tuple[int, ...], *, arrow: bool = False) -> _Piece:
        """Tracks of a kind, with the glyph of the state that the first of them is in; `arrow`: and one to them."""
        name = self._timeline.name(tracks[0], self._moment.t_ns)
        if len(tracks) > _NAMED:
            name = f"{self._timeline.tracks[tracks[0]].base_name} ×{len(tracks)}"
        before = [Run(_ARROW, "edge")] if arrow else []
        return [*before, *self._mark(tracks[0]), Run(plain(name), "name")]

    def _mark(self, track: int) -> _Piece:
        slices = called(self._timeline, self._timeline.tracks[track])
        at = slices.at(self._moment.t_ns)
        if at < 0:
            return []
        state = State(slices.state[at])
        return [Run(self._glyphs[state], STYLE_OF[state]), Run(" ", "dim")]

    def _tracks(self, tracks: tuple[int, ...]) -> list[_Piece]:
        """Some tracks: each name once, with how many there are of it, if those are many."""
        known = self._timeline.tracks
        names: dict[str, list[int]] = {}
        for track in tracks:
            name = known[track].base_name if len(tracks) > _LISTED else self._timeline.name(track)
            names.setdefault(name, []).append(track)
        groups = list(names.values())
        pieces = [self._group(tuple(group)) for group in groups[:_LISTED]]
        pieces = [[Run(", ", "dim"), *piece] if number else piece for number, piece in enumerate(pieces)]
        left = sum(map(len, groups[_LISTED:]))
        return [*pieces, [Run(f" and {left} others", "dim")]] if left else pieces


def _weight(links: list[Wait]) -> tuple[int, int]:
    """Long chains first; what ends by itself, and a generator at its yield, last."""
    ordinary = {words.SLEEP: 1, words.SUSPENDED: 2}
    return ordinary.get(links[-1].suspension.reason, 0) if len(links) == 1 else 0, -len(links)


def _broken(pieces: list[_Piece], width: int, ascii: bool) -> Iterator[list[Run]]:
    """The pieces in lines: one that has no more room in its line begins the next, and has several if it needs them."""
    line: list[Run] = []
    taken = 0
    for piece in chain.from_iterable(_split(piece, width - len(_INDENT)) for piece in pieces):
        size = sum(cell_width(text) for text, _ in piece)
        if line and taken + size > width:
            yield line
            line, taken = [Run(_INDENT, "dim")], len(_INDENT)
            piece = [Run(piece[0].text.lstrip(), piece[0].style), *piece[1:]]
        for text, style in piece:
            shown = fit(text, max(0, width - taken)).rstrip() if taken + cell_width(text) > width else text
            line.append(Run(ascii_cells(shown) if ascii else shown, style))
            taken += cell_width(shown)
    yield line


def _split(piece: _Piece, width: int) -> Iterator[_Piece]:
    """Plain text in parts of at most `width` cells; a name with its glyph stays in one piece."""
    if len(piece) > 1 or cell_width(piece[0].text) <= width:
        yield piece
        return
    (text, style), line = piece[0], ""
    for word in text.split():
        longer = f"{line} {word}" if line else f"  {word}"
        if line.strip() and cell_width(longer.strip()) > width:
            yield [Run(line, style)]
            longer = f" {word}"
        line = longer
    yield [Run(line, style)]
