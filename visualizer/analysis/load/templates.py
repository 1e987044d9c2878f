"""What a timeline has instead of the words of each template, as columns."""

from __future__ import annotations

from array import array

import numpy as np

from visualizer.analysis.model.columns import asked_of
from visualizer.analysis.model.stacks import returns_by
from visualizer.analysis.model.writer import Writer
from visualizer.trace import words
from visualizer.trace.columns import (
    BEGIN,
    EXIT,
    RESUME,
    SPAWN,
    SWITCH,
    WAIT,
    WAKE,
    YIELD,
    Column,
    Columnizer,
    Template,
    numbered,
)


class Templates:
    """By the number of a template. `how`: number of the cause and place of a switch, or of the cause of a wake;
    `suspension`: of how a track is suspended by such a switch; `place` and `same_place`: its id, and one for all ids of
    that place. Of a wait, `asked`: number of what it waits for, and `joined`: the one track whose end that is.
    `closes`: of a resumption, whether it closes the generator. Of a spawn, whether the track `schedules`. Of an exit,
    whether it `raises`, and `closed` and `left`: how control is given back by a generator that was to be closed, or
    not."""

    def __init__(self, writer: Writer, columnizer: Columnizer) -> None:
        self._writer = writer
        self._columnizer = columnizer
        self._columns = [array("i") for _ in range(11)]
        self._learnt = -1
        self.learn()

    def learn(self) -> None:
        """Take in the templates that have come since the last time."""
        templates, writer = self._columnizer.templates, self._writer
        if self._learnt == len(templates):
            return
        for kind, _, _, _, text, place, rest in templates[max(self._learnt, 0) :]:
            how = suspension = asked = joined = closed = left = -1
            if kind in (SWITCH, RESUME, YIELD):
                how = writer.number_of_passage((text, place))
                reason = words.SWITCHED if kind == SWITCH else words.RESUMED if kind == RESUME else words.SUSPENDED
                suspension = writer.number_of_suspension((reason, -1, place))
            elif kind == WAKE:
                how = writer.number_of_cause(text)
            elif kind == WAIT:
                asked = writer.number_of_asked(asked_of(text, *rest))
                joined = writer.joined(rest[1])
            elif kind == EXIT:
                closed = writer.number_of_passage((returns_by(text, True), words.NOTHING))
                left = writer.number_of_passage((returns_by(text, False), words.NOTHING))
            said = (
                how, suspension, place, writer.number_of_place(place), asked, joined, closed, left,
                kind == RESUME and text == words.CLOSE,
                kind == EXIT and text == words.RAISED,
                kind in (SPAWN, BEGIN) and text in writer.timeline.words.schedulers,
            )
            for column, number in zip(self._columns, said, strict=True):
                column.append(number)
        self._learnt = len(templates)
        # Copied, so that the columns can grow.
        columns = [*map(np.array, self._columns)]
        self.how, self.suspension, self.place, self.same_place = columns[:4]
        self.asked, self.joined, self.closed, self.left = columns[4:8]
        self.closes, self.raises, self.schedules = (column.astype(bool) for column in columns[8:])

    @property
    def all(self) -> list[Template]:
        """The templates themselves."""
        return self._columnizer.templates

    def suspensions_of_waits(self, switch: Column, wait: Column) -> Column:
        """How those are suspended who wait as one template says and switch as another one says."""
        (switches, by), (waits, on) = numbered(switch), numbered(wait)
        pairs, which = numbered(by.astype(np.int64) * len(waits) + on)
        templates, found = self._columnizer.templates, []
        for pair in pairs.tolist():
            of, for_what = (
                int(some[one]) for some, one in zip((switches, waits), divmod(pair, len(waits)), strict=True)
            )
            suspension = templates[for_what].text, int(self.asked[for_what]), templates[of].place
            found.append(self._writer.number_of_suspension(suspension))
        return np.array(found, dtype=np.int32)[which]
