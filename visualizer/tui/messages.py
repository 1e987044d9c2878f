"""What the panes tell their screen. A message that only says the latest replaces one that still waits in the queue."""

from __future__ import annotations

from dataclasses import dataclass

from textual.message import Message

from visualizer.paint.rows.order import Row


class Looked(Message):
    """What is looked at has changed, or has come to be: draw it."""

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, Looked)


@dataclass
class MomentChosen(Message):
    """Somebody pointed at a cell of the timeline, and perhaps at a row."""

    column: int
    row: Row | None = None

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, MomentChosen)


@dataclass
class PartChosen(Message):
    """Somebody pointed at the overview: `part` is 0 at its beginning and 1 at its end; `dragged`: on the way there."""

    part: float
    dragged: bool = False

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, PartChosen)


@dataclass
class SwitchChosen(Message):
    """Somebody chose a switch by its number."""

    index: int


@dataclass
class TrackChosen(Message):
    """Somebody chose a track."""

    track: int


@dataclass
class RowFolded(Message):
    """Somebody folded away what belongs to row number `number`, or unfolded it."""

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
class CellsSpanned(Message):
    """Somebody dragged from one cell of the timeline to another, to select what lies between."""

    begin: int
    end: int

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, CellsSpanned)


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
class Prompted(Message):
    """Somebody answered the question for `what`."""

    what: str
    text: str
