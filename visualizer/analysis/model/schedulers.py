"""Which generators a scheduler resumes in turn.

Somebody's own scheduler keeps its generators in a container, where nobody can see who is ready. What is seen: one
expression, of one track, resumes this generator, then another, then this one again. That is a scheduler; and whoever
gives it nothing (a bare `yield`) asks for nothing but its next turn. It is taken to be ready from then on, which is
inferred. Who gives it anything else waits for that, for all that is known.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from visualizer.trace import words
from visualizer.trace.columns import Column, grouped, nonzero, numbered

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

    def ended(self, track: int) -> None:
        """A track takes no turns any more."""
        self._driver.pop(track, None)

    def take(
        self, resumptions: Resumptions, has_ended: Callable[[int, int], bool]
    ) -> tuple[Column, list[tuple[int, list[int]]]]:
        """Take these in. Return of each whether a scheduler did it; and when somebody was found to be one, with whom he
        resumes in turn.

        `has_ended(track, at)`: whether the track has ended before that.
        """
        at, resumer, place, track = resumptions
        # In a damaged trace these may be any number.
        resumer, place = np.maximum(resumer, words.NOBODY), np.maximum(place, words.NOTHING)
        pairs = (resumer.astype(np.int64) << 32) | (place.astype(np.int64) + 1)
        order: Column = np.arange(len(pairs))
        if (pairs != pairs[0]).any():
            (_, by), (places, where) = numbered(resumer + 1), numbered(place + 1)
            different, which = numbered(by.astype(np.int64) * len(places) + where)
            order, _ = grouped(which, len(different))
        ordered, whom = pairs[order], track[order]
        begins = nonzero(_is_other(ordered))
        is_other = _is_other(whom)
        is_other[begins] = True
        others = nonzero(is_other)
        bounds, edges = [*others.searchsorted(begins).tolist(), len(others)], [*begins.tolist(), len(pairs)]
        tracks = whom[others].tolist()
        in_turn = np.zeros(len(pairs), dtype=bool)
        found: list[tuple[int, list[int]]] = []
        for number, pair in enumerate(ordered[begins].tolist()):
            start = edges[number]
            if pair not in self._known:
                if bounds[number + 1] - bounds[number] == 1 and self._last.setdefault(pair, tracks[bounds[number]]) == (
                    tracks[bounds[number]]
                ):
                    continue
                first = self._follow(pair, tracks[bounds[number] : bounds[number + 1]])
                if first < 0:
                    continue
                start = int(others[bounds[number] + first])
                when = int(at[order[start]])
                resumed = sorted(one for one in self._resumed.pop(pair) if not has_ended(one, when))
                self._known[pair] = resumed
                found.append((when, resumed.copy()))
                del self._last[pair]
            in_turn[start : edges[number + 1]] = True
        takes_turns = np.empty_like(in_turn)
        takes_turns[order] = in_turn
        self._remember(at, pairs, track, takes_turns, {when for when, _ in found})
        return takes_turns, found

    def _follow(self, pair: int, tracks: list[int]) -> int:
        """Whom a driver resumes, each another one than the one before. Return by which of them it is known for a
        scheduler: this one, another, and this one again; -1 if by none."""
        last = self._last.get(pair, -1)
        if last < 0:
            self._last[pair] = last = tracks[0]
        if len(tracks) > 1 or tracks[0] != last:
            resumed = self._resumed.setdefault(pair, {last})
            for number, track in enumerate(tracks):
                if track != last and track in resumed:
                    return number
                resumed.add(track)
                last = track
            self._last[pair] = last
        return -1

    def _remember(self, at: Column, pairs: Column, track: Column, takes_turns: Column, found: set[int]) -> None:
        """By whom each was resumed last; and whom schedulers resume for the first time, or again after others."""
        different, which = numbered(track)
        order, _ = grouped(which, len(different))
        ordered, by = track[order], pairs[order]
        is_first = _is_other(ordered)
        if takes_turns.any():
            is_new = np.empty_like(takes_turns)
            is_new[order] = is_first | _is_other(by)
            before = dict.fromkeys(order[is_first].tolist())
            for number in nonzero(takes_turns & is_new).tolist():
                pair, one = int(pairs[number]), int(track[number])
                if int(at[number]) not in found and not (number in before and self._driver.get(one) == pair):
                    self._known[pair].append(one)
        ends = nonzero(np.concatenate((is_first[1:], [True])))
        self._driver.update(zip(ordered[ends].tolist(), by[ends].tolist(), strict=True))


def _is_other(column: Column) -> Column:
    """Whether each is another than the one before it."""
    found = np.ones(len(column), dtype=bool)
    np.not_equal(column[1:], column[:-1], out=found[1:])
    return found
