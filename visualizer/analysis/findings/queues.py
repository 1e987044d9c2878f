"""Queues into which more is put than is taken out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from visualizer.analysis.findings.base import GREW_NS, GREW_TO, Finding, at, finding, listed
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.model.timeline import Place, Size, Suspension, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.segments import spent_in, spent_told
from visualizer.analysis.text.source_text import called, calls_in, function_around, in_loop
from visualizer.trace import words

_TAKES = ("get", "get_nowait")
#: A size is told that differs by so many, and by this part, from the one told before (FORMAT.md, `size`).
_FEW = 8
_PART = 4


class _Takers(NamedTuple):
    """Those who take from a queue: what they call it, and where they do. `inferred`: by the source."""

    name: str
    place: Place | None
    tracks: tuple[int, ...]
    inferred: bool


def queue_grows(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """A queue without a limit grew to GREW_TO items or more as long as its loop lived, for GREW_NS or longer: in each
    quarter of that time, and it never shrank, though somebody took from it: who had waited for that, or all the time.
    """
    for (loop, thing), sizes in timeline.sizes.items():
        track = timeline.tracks.get(loop)
        if track is None or sizes[-1].items < GREW_TO:
            continue
        # A hub ends with its thread.
        thread = timeline.tracks.get(track.parent) or track
        ends_ns = [one.exit_ns for one in (track, thread) if one.exit_ns >= 0]
        end_ns = min(ends_ns, default=timeline.last_ns)
        grows_ns = [t_ns for t_ns in (end_ns, _known_until_ns(sizes, end_ns)) if _only_grows(sizes, t_ns)]
        if not grows_ns:
            continue
        takers = _waiting_takers(timeline, track, thing)
        if takers is None and _is_taken_from(sizes, grows_ns[-1]):
            takers = _busy_takers(timeline, track, sizes[-1])
        if takers is not None:
            yield _told(timeline, thing, sizes, takers)


def _known_until_ns(sizes: list[Size], until_ns: int) -> int:
    """How far up to `until_ns` its size is known: growing on half as fast, none was to be told by then."""
    first, last = sizes[0], sizes[-1]
    grown, lasted_ns = last.items - first.items, last.t_ns - first.t_ns
    next_ns = last.t_ns + 2 * max(_FEW, last.items // _PART) * lasted_ns // max(1, grown)
    return last.t_ns if until_ns < next_ns else until_ns


def _only_grows(sizes: list[Size], until_ns: int) -> bool:
    """Whether it grew in each quarter of the time from the first to `until_ns`, which is long, and never shrank."""
    since_ns = sizes[0].t_ns
    if until_ns - since_ns < GREW_NS:
        return False
    grown = {min(3, 4 * (one.t_ns - since_ns) // (until_ns - since_ns)) for one in sizes[1:]}
    counts = [one.items for one in sizes]
    return grown >= {0, 1, 2, 3} and counts == sorted(counts)


def _is_taken_from(sizes: list[Size], until_ns: int) -> bool:
    """Whether somebody took from it in each quarter of that time."""
    since_ns, taken = sizes[0].t_ns, [sizes[0].taken] * 5
    for one in sizes:
        quarter = min(3, 4 * (one.t_ns - since_ns) // (until_ns - since_ns))
        taken[quarter + 1 :] = [one.taken] * (4 - quarter)
    return all(before < after for before, after in pairwise(taken))


def _waiting_takers(timeline: Timeline, loop: Track, thing: str) -> _Takers | None:
    """Who took from it, having waited for that."""
    columns, texts = timeline.columns.suspensions, timeline.columns.texts
    details = [
        number
        for number, (reason, asked, _) in enumerate(columns.details.known)
        if reason == words.QUEUE and asked >= 0 and texts.get(columns.asked.known[asked][2]) == thing
    ]
    #: The last such wait of each.
    found: dict[int, Suspension] = {}
    for number in np.flatnonzero(np.isin(np.asarray(columns.detail), details)).tolist():
        suspension = timeline.suspensions[number]
        track = timeline.tracks[suspension.track]
        call = called(suspension.on)
        # Nobody waits to put something into it.
        if track.process == loop.process and (call is None or call.method != "join"):
            found[track.id] = suspension
    if not found:
        return None
    first = next(iter(found.values()))
    call = called(first.on)
    return _Takers(call.thing if call is not None else "", first.place, tuple(found), False)


def _busy_takers(timeline: Timeline, loop: Track, size: Size) -> _Takers:
    """Who may take from it, never finding it empty: those who wait for other things in functions that take, in a loop,
    from what is called so."""
    columns, name = timeline.columns.suspensions, size.on
    found: dict[int, Place] = {}
    takes: dict[int, Place] = {}
    for number, (_, _, place_id) in enumerate(columns.details.known):
        place = timeline.place(place_id)
        written = function_around(timeline, place) if place is not None and name else None
        lines = calls_in(timeline, written, re.escape(name), _TAKES) if written is not None else iter(())
        for line, _ in lines:
            taking = Place(written.file, written.function, line, line, -1, -1) if written is not None else None
            if taking is not None and in_loop(timeline, taking):
                takes[number] = taking
                break
    for number in np.flatnonzero(np.isin(np.asarray(columns.detail), list(takes))).tolist():
        track = timeline.tracks.get(int(columns.whose(np.array([number]))[1][0]))
        if track is not None and track.process == loop.process:
            found.setdefault(track.id, takes[int(columns.detail[number])])
    return _Takers(name, next(iter(found.values()), size.place), tuple(found), True)


def _told(timeline: Timeline, thing: str, sizes: list[Size], takers: _Takers) -> Finding:
    since_ns, until_ns, count = sizes[0].t_ns, sizes[-1].t_ns, sizes[-1].items
    name = f"{takers.name} ({thing})" if takers.name else thing
    took, did = "was taken out", ""
    if takers.tracks:
        first = takers.tracks[0]
        who = listed([timeline.name(track) for track in takers.tracks])
        where = at(takers.place)
        took = f"{who} took out{f'{where[:-1]}, inferred from the source)' if takers.inferred and where else where}"
        spent = spent_in(timeline, timeline.tracks[first], since_ns, until_ns)
        did = f", while {timeline.name(first)} {spent_told(timeline, spent[0]).removeprefix('it ')}" if spent else ""
    sentence = (
        f"more was put into {name} than {took}{did} → it grew to {count:,} items "
        f"in {duration(until_ns - since_ns, 2)}, and never shrank"
    )
    return finding("queue_grows", sentence, takers.tracks, since_ns, takers.place)
