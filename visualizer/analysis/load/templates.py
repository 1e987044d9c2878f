"""What a timeline has instead of the words of each template, as columns."""

from __future__ import annotations

from array import array
from collections.abc import Callable

import numpy as np

from visualizer.analysis.model.columns import asked_of
from visualizer.analysis.model.stacks import returns_by
from visualizer.analysis.model.states import State
from visualizer.analysis.model.writer import Writer
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    PARK,
    RESUME,
    SPAWN,
    SWITCH,
    UNPARK,
    WAKE,
    YIELD,
    Column,
    Columnizer,
    Template,
    numbered,
)

#: The state of a track that has ended so; any other end is one in health.
_END_OF = {words.RAISED: State.FAILED, words.KILLED: State.STOPPED, words.CANCELLED: State.STOPPED}


class Templates:
    """By the number of a template. `how`: number of the cause and place of a switch, or of the cause of a wake;
    `suspension`: of how a track is suspended by such a switch; `place` and `same_place`: its id, and one for all ids of
    that place. `closes`: of a resumption, whether it closes the generator. Of a spawn, whether the track `schedules`.
    Of an exit, in which state it `ends` the track, and `closed` and `left`: how control is given back by a generator
    that was to be closed, or not."""

    def __init__(self, writer: Writer, columnizer: Columnizer) -> None:
        self._writer = writer
        self._columnizer = columnizer
        self._columns = [array("i") for _ in range(9)]
        self._learnt = -1
        self.learn()

    def learn(self) -> None:
        """Take in the templates that have come since the last time."""
        templates, writer = self._columnizer.templates, self._writer
        if self._learnt == len(templates):
            return
        for kind, _, _, _, text, place, _ in templates[max(self._learnt, 0) :]:
            how = suspension = closed = left = -1
            if kind in (SWITCH, RESUME, YIELD):
                how = writer.number_of_passage((text, place))
                reason = words.SWITCHED if kind == SWITCH else words.RESUMED if kind == RESUME else words.SUSPENDED
                suspension = writer.number_of_suspension((reason, -1, place))
            elif kind == PARK:
                suspension = writer.number_of_suspension((words.UNKNOWN, -1, place))
            elif kind == UNPARK:
                how = writer.number_of_passage((words.UNPARK, words.NOTHING))
            elif kind == WAKE:
                how = writer.number_of_cause(text)
            elif kind == EXIT:
                closed = writer.number_of_passage((returns_by(text, True), words.NOTHING))
                left = writer.number_of_passage((returns_by(text, False), words.NOTHING))
            said = (
                how, suspension, place, writer.number_of_place(place), closed, left,
                kind == RESUME and text == words.CLOSE,
                kind in (SPAWN, BEGIN) and text in writer.timeline.words.schedulers,
                _END_OF.get(text, State.DONE) if kind == EXIT else -1,
            )
            for column, number in zip(self._columns, said, strict=True):
                column.append(number)
        self._learnt = len(templates)
        # Copied, so that the columns can grow.
        columns = [*map(np.array, self._columns)]
        self.how, self.suspension, self.place, self.same_place = columns[:4]
        self.closed, self.left = columns[4:6]
        self.closes, self.schedules = (column.astype(bool) for column in columns[6:8])
        self.ends = columns[8]

    def numbers(self, template: Column, number_of: Callable[[Template], int]) -> Column:
        """What `number_of` gives for each of these templates."""
        different, which = numbered(template)
        found: Column = np.array([number_of(self._columnizer.templates[one]) for one in different.tolist()])[which]
        return found

    def waits(self, switch: Column, wait: Column, thing: Column) -> tuple[Column, Column]:
        """How those are suspended who wait as one template says, for a thing (text id), and switch as another one says;
        and the one track whose end that is, -1 if it is none."""
        writer, least = self._writer, words.SUBJECT
        parts = [numbered(wait), numbered(self.place.take(switch) - least), numbered(thing - least)]
        of_wait, of_place, of_thing = (different for different, _ in parts)
        shape = len(of_wait), len(of_place), len(of_thing)
        different, which = numbered(np.ravel_multi_index([index.astype(np.int64) for _, index in parts], shape))
        said = [self._columnizer.templates[one] for one in of_wait.tolist()]
        places, things = (of_place + least).tolist(), (of_thing + least).tolist()
        found = []
        # Almost all of these may differ from one another, where each waits for a thing of its own.
        for at, where, what in zip(*(column.tolist() for column in np.unravel_index(different, shape)), strict=True):
            reason, (named, *end) = said[at].text, said[at].rest
            asked = writer.number_of_asked(asked_of(reason, named, things[what], *end))
            found.append(writer.number_of_suspension((reason, asked, places[where])))
        joined = np.array([*map(writer.joined, things)], dtype=np.int32)
        return np.array(found, dtype=np.int32).take(which), joined.take(parts[2][1])
