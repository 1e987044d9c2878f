"""Which rows stand under one another and in which order, what of them is folded away, and which one is selected."""

from __future__ import annotations

from visualizer.analysis.crowds import Crowd
from visualizer.analysis.model import Timeline
from visualizer.paint.rows import Group, Row, Rows, row_name
from visualizer.paint.text import cell_width
from visualizer.trace import words

_LABEL_CELLS = (10, 28)
#: Names beyond these are not measured: the column shall not be as wide as the longest of thousands.
_MEASURED_ROWS = 200


class Arrangement:
    """The rows of a timeline that may still grow."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.selected = words.NOBODY
        #: The group whose own row is selected; then `selected` is one of its tracks.
        self.selected_group: Group | None = None
        #: Threads whose children are folded away.
        self.collapsed: set[int] = set()
        #: Groups that somebody folded (True) or unfolded; the others are folded where they would not all have room.
        self.folded: dict[Group, bool] = {}
        #: Only tracks with this in their name are shown, in whatever case; "": all.
        self.wanted = ""
        #: How many tracks are shown of how many.
        self.found = 0
        self.rows: list[Row] = []
        self.label_cells = _LABEL_CELLS[0]
        self._room = 0
        self._all_rows = Rows(timeline)
        self._rows_of: object = None
        #: Number of the row of each track and group; that of a folded group is also that of its tracks.
        self._numbers: dict[int | Group, int] = {}
        self._crowds: dict[Group, Crowd] = {}

    def make_room(self, rows: int) -> None:
        """So many rows are in sight at once, at most."""
        if rows != self._room:
            self._room = rows
            self.arrange()

    def arrange(self) -> None:
        """Find the rows anew if anything has changed that they come from."""
        timeline = self.timeline
        of = (
            len(timeline.tracks), len(timeline.spawns), timeline.renamed, self._room, self.wanted,
            frozenset(self.collapsed), frozenset(self.folded.items()),
        )  # fmt: skip
        if of == self._rows_of:
            return
        self._rows_of = of
        only = self._is_wanted if self.wanted else None
        every = self._all_rows.arrange(folded=None, grouped=True, only=only)
        crowded = len(every) + sum(len(row.members) for row in every) > self._room
        folded = {row.group for row in every if row.group is not None and self.folded.get(row.group, crowded)}
        self.rows = self._all_rows.arrange(self.collapsed, folded, grouped=True, only=only)
        self.found = sum(len(row.members) or only is None or only(row.track) for row in every)
        self._numbers = {}
        for number, row in enumerate(self.rows):
            self._numbers[row.track if row.group is None else row.group] = number
            if row.collapsed:
                self._numbers.update(dict.fromkeys(row.members, number))
        if self.selected_number < 0 and self.rows:
            self.choose(self.rows[0])
        names = (cell_width(row_name(timeline, row)) + 2 * row.depth + 4 for row in self.rows[:_MEASURED_ROWS])
        least, most = _LABEL_CELLS
        self.label_cells = min(max(names, default=least), most)

    def _is_wanted(self, track: int) -> bool:
        return self.wanted.casefold() in self.timeline.name(track).casefold()

    def crowd(self, row: Row) -> Crowd:
        """What the tracks of a group's row do, up to now."""
        assert row.group is not None, "only a group has one"
        crowd = self._crowds.get(row.group)
        if crowd is None:
            crowd = self._crowds[row.group] = Crowd(self.timeline)
        crowd.follow(row.members)
        return crowd

    def row_of(self, track: int) -> int:
        """Number of the row that shows `track`, which may be that of its group; or -1."""
        return self._numbers.get(track, -1)

    @property
    def selected_number(self) -> int:
        """Number of the row that is selected; -1 if it is not there."""
        return self._numbers.get(self.selected if self.selected_group is None else self.selected_group, -1)

    @property
    def selected_row(self) -> Row | None:
        number = self.selected_number
        return self.rows[number] if number >= 0 else None

    @property
    def selected_tracks(self) -> tuple[int, ...]:
        """The track that is selected, or all of the group whose row is."""
        row = self.selected_row
        return row.members if row is not None and row.group is not None else (self.selected,)

    def choose(self, row: Row) -> None:
        """Select that row."""
        self.selected, self.selected_group = row.track, row.group

    def select(self, by: int) -> None:
        """Select the row so many below."""
        if self.rows:
            number = self.selected_number + by
            self.choose(self.rows[min(max(number, 0), len(self.rows) - 1)])

    def select_group(self, group: Group | None) -> None:
        """Select the row of that group, if it has one and the selected track is in it."""
        number = self._numbers.get(group, -1) if group is not None else -1
        if number >= 0 and self.selected in self.rows[number].members:
            self.selected_group = group

    def select_track(self, track: int) -> None:
        """Select that track, and unfold or stop filtering whatever hides it."""
        if track not in self.timeline.tracks:
            return
        if self.row_of(track) < 0:
            self.filter_by("")
        if self.row_of(track) < 0:
            self.collapsed.clear()
            self.arrange()
        number = self.row_of(track)
        if number >= 0 and (group := self.rows[number].group) is not None:
            self.folded[group] = False
            self.arrange()
        self.selected, self.selected_group = track, None

    def fold(self, number: int) -> None:
        """Fold away what belongs to the group or the thread in that row, or that the row belongs to; or unfold it.

        The selected track stays so, also within a folded group.
        """
        if not 0 <= number < len(self.rows):
            return
        while number > 0 and not self.rows[number].has_children:
            number -= 1
        row = self.rows[number]
        if row.group is not None:
            self.folded[row.group] = not row.collapsed
        elif row.has_children:
            self.collapsed ^= {row.track}
            self.choose(row)
        self.arrange()

    def fold_all(self) -> None:
        """Fold all groups; or unfold all, if all are folded."""
        shown = [row for row in self.rows if row.group is not None]
        fold = not all(row.collapsed for row in shown)
        self.folded.update((row.group, fold) for row in shown if row.group is not None)
        self.arrange()

    def filter_by(self, text: str) -> None:
        """Show only tracks with that text in their name."""
        self.wanted = text.strip()
        self.arrange()
