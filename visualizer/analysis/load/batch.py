"""Who hands over to whom in many lines at once: everybody named, and what each says by number.

Two common kinds are known: greenlets that hand over to one another and are woken (greenlets.py); and one track
that resumes generators, none of which resumes another (generators.py).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

from visualizer.analysis.model.columns import asked_of
from visualizer.trace import words
from visualizer.trace.columns import RESUME, SWITCH, WAIT, WAKE, YIELD, Column, Flattening, Lifecycle

if TYPE_CHECKING:
    from visualizer.analysis.model.timeline import Timeline

#: Tracks beyond this are no tracks of ours: their ids are given out one after another.
MOST_TRACKS = 1 << 24


class Hand(NamedTuple):
    """What `Flat` says, with everybody named.

    `kind`: SWITCH, WAKE, UNREADY, SPAWN or EXIT. `who`: the target, or the track; `by`: the origin, the waker, or the
    creator. In columns of their own, of each wake: its `cause`; of each switch: its `how`, `value`, and whether its
    origin has ended; of each whose origin has not, how that parks and on which track. `timed`: which of these parks ask
    for a time.
    """

    t_ns: Column
    kind: Column
    who: Column
    by: Column
    cause: Column
    how: Column
    value: Column
    ended: Column
    park_how: Column
    on_track: Column
    timed: Column
    asked_ns: Column
    #: Of each SPAWN and EXIT.
    lifecycle: list[Lifecycle]
    #: The greenlet that the thread is on in the end.
    bottom: int
    #: What else changes once it is taken in.
    settle: Callable[[], None]


class Hows:
    """What a timeline has instead of the words of each template.

    `how`: number of its cause and place among the switches' hows, or of its cause among the wakes'. `park_how`: number
    of its park's how. Of a wait, `asked`: the number of what it asked for, and `joined`: the one track it joins.
    """

    def __init__(self, timeline: Timeline, flattening: Flattening) -> None:
        self._timeline = timeline
        self._flattening = flattening
        self.how = array("i")
        self.park_how = array("i")
        self.asked = array("i")
        self.joined = array("i")

    def learn(self) -> None:
        """Take in the templates that have come since the last time."""
        timeline = self._timeline
        switches, parks, wakeups = timeline._switches, timeline._parks, timeline._wakeups
        templates = self._flattening.templates
        if len(self.how) == len(templates):
            return
        for kind, _, _, _, text, place, rest in templates[len(self.how) :]:
            how = park_how = asked = joined = -1
            if kind in (SWITCH, RESUME, YIELD):
                how = switches.hows.number((text, place))
                reason = words.SWITCHED if kind == SWITCH else words.RESUMED if kind == RESUME else words.SUSPENDED
                park_how = parks.hows.number((reason, -1, place))
            elif kind == WAKE:
                how = wakeups.causes.number(text)
            elif kind == WAIT:
                on, thing, fd, direction, local, peer = rest
                asked = parks.asked.number(asked_of(text, on, thing, fd, direction, local, peer))
                joined = timeline._joined(thing)
            self.how.append(how)
            self.park_how.append(park_how)
            self.asked.append(asked)
            self.joined.append(joined)


def lifecycle_of(flattening: Flattening, numbers: Column) -> list[Lifecycle]:
    """What has these numbers, which follow one another."""
    return flattening.lifecycle[int(numbers[0]) : int(numbers[-1]) + 1] if len(numbers) else []
