"""Messages from the panes to their screen. A message about the latest state replaces one still in the queue."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from visualizer.paint.rows.order import Row


class Latest(Message):
    """Takes the place of one of its kind that is still in the queue."""

    def can_replace(self, message: Message) -> bool:
        return type(message) is type(self)


class Looked(Latest):
    """The view has changed or was created: draw it."""


@dataclass
class MomentChosen(Latest):
    """A click on a cell of the timeline, and perhaps on a row."""

    column: int
    row: Row | None = None


@dataclass
class PartChosen(Latest):
    """A click on the overview: `part` is 0 at its beginning and 1 at its end; `dragged`: during a drag."""

    part: float
    dragged: bool = False


@dataclass
class SwitchChosen(Message):
    """A switch was selected by its number."""

    index: int


@dataclass
class TrackChosen(Message):
    """A track was selected."""

    track: int


@dataclass
class RowFolded(Message):
    """The group or thread of row number `number` was folded or unfolded."""

    number: int


@dataclass
class Zoomed(Message):
    """The wheel was turned: `factor` below 1 shows less time, at the cell `column` that stays where it is."""

    factor: float
    column: int | None = None


@dataclass
class Panned(Message):
    """Move the viewport by this many cells."""

    cells: int


@dataclass
class CellsSpanned(Latest):
    """A drag from one cell of the timeline to another, to select the span between."""

    begin: int
    end: int


class SliceZoomed(Message):
    """Somebody clicked twice: show what the selected track does at the playhead from its beginning to its end."""


@dataclass
class TabChosen(Message):
    """Somebody clicked on a tab."""

    tab: str


@dataclass
class TimeChosen(Message):
    """Somebody chose something that happened at `t_ns`."""

    t_ns: int


@dataclass
class Filtered(Message):
    """Only tracks with this text in their names are wanted; `done`: it has been typed to its end."""

    text: str
    done: bool = False


@dataclass
class FindingChosen(Message):
    """Somebody chose a finding: what happened at `t_ns`, first of all to `track`."""

    t_ns: int
    track: int | None


@dataclass
class Denied(Message):
    """A key can do nothing in the pane that has the focus; the sentence says why."""

    sentence: str


@dataclass
class Typing(Message):
    """What stands in the prompt for `what` by now, before it is answered."""

    what: str
    text: str


@dataclass
class Prompted(Message):
    """Somebody answered the question for `what`."""

    what: str
    text: str
