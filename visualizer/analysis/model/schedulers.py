"""Which generators a scheduler resumes in turn.

Somebody's own scheduler keeps its generators in a container, where nobody can see who is ready. What is seen: one
expression, of one track, resumes this generator, then another, then this one again. That is a scheduler; and whoever
gives it nothing (a bare `yield`) asks for nothing but its next turn. It is taken to be ready from then on, which is
inferred. Who gives it anything else waits for that, for all that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import chain, compress
from typing import NamedTuple, TypeVar

import numpy as np

from visualizer.analysis.model.numbers import NONE, Numbers
from visualizer.trace import words
from visualizer.trace.columns import Column, are_among, nonzero, ordering

_Value = TypeVar("_Value")

#: Who resumes, and the place where: track and place id.
Driver = tuple[int, int]


class Resumptions(NamedTuple):
    """Many, in order: when (ascending numbers), by whom, at which place (id), and whom."""

    at: Column
    resumer: Column
    place: Column
    track: Column


class Schedulers:
    """Which drivers are schedulers, as far as the resumptions so far show."""

    def __init__(self) -> None:
        #: Drivers, as one number each, that are schedulers -> the tracks that they resume.
        self._known: dict[int, list[int]] = {}
        #: Of the other drivers: whom each resumed last; and whom before, if it was not always the same.
        self._last: dict[int, int] = {}
        self._resumed: dict[int, set[int]] = {}
        #: By which driver each track was resumed last.
        self._driver: dict[int, int] = {}

    @property
    def known(self) -> dict[Driver, list[int]]:
        """Those that are schedulers, and whom they resume; who was resumed by others in between is there again."""
        return {(pair >> 32, (pair & 0xFFFFFFFF) - 1): tracks for pair, tracks in self._known.items()}

    def is_in_turn(self, track: int) -> bool:
        """Whether the track was last resumed by a scheduler."""
        return self._driver.get(track) in self._known

    @property
    def remembered(self) -> int:
        """How much is kept of tracks that may have ended."""
        return len(self._driver) + len(self._last) + sum(map(len, self._resumed.values()))

    def forget(self, over: Numbers) -> None:
        """Keep nothing of what tracks did that are over, and are resumed and resume no more."""
        self._driver = _lasting(self._driver, over, 0)
        self._last = _lasting(self._last, over, 32)
        lasting = _lasting(self._resumed, over, 32)
        every = dict.fromkeys(chain.from_iterable(lasting.values()))
        gone = every.keys() - _lasting(every, over, 0).keys()
        self._resumed = {pair: tracks - gone for pair, tracks in lasting.items()} if gone else lasting

    def take(
        self, resumptions: Resumptions, resumer_lasts: Column, track_lasts: Column,
        ends_of: Callable[[Column], Column],
    ) -> tuple[Column, list[tuple[int, list[int]]]]:
        """Take these in. Return of each whether a scheduler did it; and when somebody was found to be one, with whom he
        resumes in turn.

        `resumer_lasts`, `track_lasts`: whether they have not ended behind all these, in which case they are remembered.
        `ends_of` says of tracks when they end.
        """
        at, resumer, place, track = resumptions
        # In a damaged trace these may be any number.
        resumer, place = np.maximum(resumer, words.NOBODY), np.maximum(place, words.NOTHING)
        pairs = (resumer.astype(np.int64) << 32) | (place.astype(np.int64) + 1)
        order: Column = np.arange(len(pairs))
        if (pairs != pairs[0]).any():
            # Of fewer bits than the pairs: a damaged trace has places of any number.
            least, most = int(place.min()), int(place.max())
            keys: Column = resumer - np.int64(resumer.min())
            keys *= most - least + 1
            keys += place - np.int64(least)
            order = ordering(keys, int(keys.max()) + 1)
        ordered, whom = pairs.take(order), track.take(order)
        begins = nonzero(_is_other(ordered))
        is_other = _is_other(whom)
        is_other[begins] = True
        others = nonzero(is_other)
        bounds = np.append(others.searchsorted(begins), len(others))
        tracks, drivers, lasting = whom.take(others), ordered.take(begins), resumer_lasts.take(order.take(begins))
        track_lasting = track_lasts.take(order.take(others))
        in_turn = np.zeros(len(pairs), dtype=bool)
        found: list[tuple[int, list[int]]] = []
        known, last = self._known, self._last
        # Most drivers are new, and resume nobody but one.
        is_simple = np.diff(bounds) == 1
        is_simple &= ~(are_among(drivers, known) | are_among(drivers, last))
        new = nonzero(is_simple & lasting)
        last.update(zip(drivers[new].tolist(), tracks[bounds[new]].tolist(), strict=True))
        some = nonzero(~is_simple)
        ends = np.append(begins, len(pairs))[1:]
        columns = (drivers, begins, ends, bounds, bounds[1:], lasting)
        for pair, start, end, low, high, lasts in zip(*(column[some].tolist() for column in columns), strict=True):
            if pair not in known:
                resumed_there = tracks[low:high].tolist()
                if high - low == 1 and last.get(pair, resumed_there[0]) == resumed_there[0]:
                    if lasts:
                        last[pair] = resumed_there[0]
                    continue
                first = self._follow(pair, resumed_there, track_lasting[low:high].tolist() if lasts else None)
                if first < 0:
                    continue
                start = int(others[low + first])
                when = int(at[order[start]])
                resumed = np.array(sorted(self._resumed.pop(pair)))
                known[pair] = resumed[ends_of(resumed) >= when].tolist()
                found.append((when, known[pair].copy()))
                last.pop(pair, None)
            in_turn[start:end] = True
        takes_turns = np.empty_like(in_turn)
        takes_turns[order] = in_turn
        self._remember(at, pairs, track, track_lasts, takes_turns, {when for when, _ in found})
        return takes_turns, found

    def _follow(self, pair: int, tracks: list[int], lasting: list[bool] | None) -> int:
        """Whom a driver resumes, each another one than the one before. Return by which of them it is known for a
        scheduler: this one, another, and this one again; -1 if by none.

        `lasting`: which of them have not ended then; None, if the resumer has.
        """
        last = self._last.get(pair, tracks[0])
        resumed = self._resumed.get(pair) or {last}
        others = tracks[1:] if tracks[0] == last else tracks
        if len({*others}) < len(others) or not resumed.isdisjoint(others):
            self._resumed[pair] = resumed
            for number, track in enumerate(tracks):
                if track != last and track in resumed:
                    return number
                resumed.add(track)
                last = track
        if lasting is not None:
            resumed.discard(tracks[0])
            resumed.update(compress(tracks, lasting))
            self._resumed[pair], self._last[pair] = resumed, tracks[-1]
        return -1

    def _remember(
        self, at: Column, pairs: Column, track: Column, lasts: Column, takes_turns: Column, found: set[int]
    ) -> None:
        """By whom each that lasts was resumed last; and whom schedulers resume for the first time, or again after
        others."""
        if not (takes_turns & ~lasts).any():
            # Nothing is to be said of the others.
            some = nonzero(lasts)
            at, pairs, track, lasts, takes_turns = (
                column.take(some) for column in (at, pairs, track, lasts, takes_turns)
            )
        order = ordering(track, int(track.max(initial=0)) + 1)
        ordered, by = track.take(order), pairs.take(order)
        is_first = _is_other(ordered)
        if takes_turns.any():
            is_new = np.empty_like(takes_turns)
            is_new[order] = is_first | _is_other(by)
            goes_on = np.zeros_like(takes_turns)
            goes_on[order[is_first]] = True
            those = nonzero(takes_turns & is_new)
            for when, pair, one, is_driven in zip(
                *(column[those].tolist() for column in (at, pairs, track, goes_on)), strict=True
            ):
                if when not in found and not (is_driven and self._driver.get(one) == pair):
                    self._known[pair].append(one)
        ends = nonzero(np.concatenate((is_first[1:], [True])) & lasts[order])
        self._driver.update(zip(ordered[ends].tolist(), by[ends].tolist(), strict=True))


def _lasting(of: dict[int, _Value], over: Numbers, bits: int) -> dict[int, _Value]:
    """What is kept of tracks that are not over, which stand above these bits of the keys."""
    tracks = np.fromiter(of, np.int64, len(of)) >> bits
    return dict(compress(of.items(), (over.take(tracks) == NONE).tolist()))


def _is_other(column: Column) -> Column:
    """Whether each is another than the one before it."""
    found = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=found[1:])
    return found
