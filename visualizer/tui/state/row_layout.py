"""Which rows stand under one another and in which order, what of them is folded or hidden, and which is selected."""

from __future__ import annotations

from collections.abc import Callable

from visualizer.analysis.index.groups import TrackGroup
from visualizer.analysis.model.timeline import Timeline
from visualizer.paint.rows.grouping import GROUPINGS, By, RowOrder, Subject, by_process, lifted, sorting, subject
from visualizer.paint.rows.order import Group, Row, RowList, Wish, row_name
from visualizer.paint.text.cell_width import cell_width
from visualizer.trace import words

_LABEL_CELLS = (10, 28)
#: More of a wide screen: this part of it.
_LABEL_SHARE = 5
#: Names beyond these are not measured: the column shall not be as wide as the longest of thousands.
_MEASURED_ROWS = 200
#: Rows are sorted by time again when the timeline has grown by this factor.
_SORTED_AGAIN = 1.25


class Arrangement:
    """The rows of a timeline that may still grow."""

    def __init__(self, timeline: Timeline) -> None:
        self.timeline = timeline
        self.selected = words.NOBODY
        #: The group whose own row is selected; then `selected` is one of its tracks.
        self.selected_group: Group | None = None
        #: Threads, or in the spawn tree tracks, whose children are folded away.
        self.collapsed: set[int] = set()
        #: Groups that the user folded (True) or unfolded; of the others so many are folded that the rows fit.
        self.folded: dict[Group, bool] = {}
        #: Only tracks with this in their name are shown, in whatever case; "": all.
        self.wanted = ""
        #: How many tracks are shown of how many.
        self.found = 0
        #: What the user has the rows grouped by; None: what suits the trace.
        self._grouped: By | None = None
        self.order = RowOrder.START
        #: Tracks and groups that stand on top, whatever else does, and such as have no row.
        self.pinned: list[Subject] = []
        self.hidden: set[Subject] = set()
        self.rows: list[Row] = []
        #: How many there would be if nothing was folded.
        self.unfolded_count = 0
        #: How many of them, from the first on, are pinned.
        self.pinned_rows = 0
        #: How many cells the labels need, and have.
        self.needed_cells = self.label_cells = _LABEL_CELLS[0]
        self._room = 0
        #: How many cells they may have at most.
        self._most_label_cells = _LABEL_CELLS[1]
        #: How long the timeline was when the rows were sorted by a time last.
        self._sorted_ns = 0
        self._all_rows = RowList(timeline)
        self._rows_of: object = None
        #: Number of the row of each track and group; that of a folded group is also that of its tracks.
        self._numbers: dict[int | Group, int] = {}
        self._track_groups: dict[Group, TrackGroup] = {}

    def make_room(self, rows: int, width: int = 0) -> None:
        """At most this many rows are visible at once, on a screen of that many cells."""
        most = max(_LABEL_CELLS[1], width // _LABEL_SHARE)
        if (rows, most) != (self._room, self._most_label_cells):
            self._room, self._most_label_cells = rows, most
            self.arrange()

    def arrange(self) -> None:
        """Find the rows anew if anything has changed that they come from."""
        timeline = self.timeline
        if self.order not in (RowOrder.START, RowOrder.NAME) and timeline.last_ns > self._sorted_ns * _SORTED_AGAIN:
            # Not at every moment: rows that change places cannot be read.
            self._sorted_ns = timeline.last_ns
        of = (
            len(timeline.tracks), len(timeline.spawns), timeline.renamed, self._room, self.wanted, self.by, self.order,
            self._sorted_ns, self._most_label_cells, frozenset(self.collapsed), frozenset(self.folded.items()),
            tuple(self.pinned), frozenset(self.hidden),
        )
        if of == self._rows_of:
            return
        self._rows_of = of
        only, arrange = self.only, GROUPINGS[self.by]
        wish = Wish(folded=None, only=only)
        every = arrange(timeline, self._all_rows, wish)
        self.unfolded_count = len(every) + sum(len(row.members) for row in every)
        folds_groups = self.unfolded_count > self._room
        folds = {row.group: folds_groups for row in every if row.group is not None}
        if self.by is By.PROCESS:
            folds = self._folds_of_processes(every, self._all_rows.arrange(wish, grouped=True))
        folded = {group for group, is_folded in folds.items() if self.folded.get(group, is_folded)}
        wish = Wish(self.collapsed, folded, only, sorting(timeline, self.order))
        found = arrange(timeline, self._all_rows, wish)
        self.rows, self.pinned_rows = lifted(found, self.pinned, self.hidden)
        self.found = sum(len(row.members) or only is None or only(row.track) for row in every)
        self._numbers = {}
        for number, row in enumerate(self.rows):
            self._numbers[subject(row)] = number
        for number, row in enumerate(self.rows):
            if row.collapsed:
                for track in row.members:
                    # Unless it is pinned, and so has a row of its own.
                    self._numbers.setdefault(track, number)
        if self.selected_number < 0 and self.rows:
            self.choose(next((row for row in self.rows if row.group is None), self.rows[0]))
        names = [cell_width(row_name(timeline, row)) + 2 * row.depth + 4 for row in self.rows[:_MEASURED_ROWS]]
        # The order of the rows is shown there too, beside the name of the line.
        names += [len(text) + 1 for text in (self.overview_text, self.ruler_text("switches")) if ", " in text]
        self.needed_cells = self.label_cells = min(max([_LABEL_CELLS[0], *names]), self._most_label_cells)

    def _folds_of_processes(self, every: list[Row], within: list[Row]) -> dict[Group, bool]:
        """Which groups are folded where the rows do not fit: `every` one of a process, and those `within` them.

        Those within come first; then the processes of most rows, but not the first one, which is the program itself.
        """
        sizes = {number: len(block) for number, block in by_process(self.timeline, within).items()}
        unfolded = len(within) + sum(row.group is not None for row in every)
        folds = unfolded + sum(len(row.members) for row in within) > self._room
        found = {row.group: folds for row in within if row.group is not None}
        for row in sorted(every, key=lambda row: -sizes.get(self.timeline.process_of(row.track).number, 0)):
            if row.group is None:
                continue
            number = self.timeline.process_of(row.track).number
            found[row.group] = bool(number) and unfolded > self._room
            if found[row.group]:
                unfolded -= sizes.get(number, 0)
        return found

    @property
    def by(self) -> By:
        """What the rows are grouped by."""
        return self._grouped or self._usual

    @property
    def _usual(self) -> By:
        return By.PROCESS if len(self.timeline.processes) > 1 else By.FUNCTION

    @property
    def grouping_text(self) -> str:
        """What the rows are grouped by, in a few words; "" for the default."""
        if self.by is self._usual:
            return ""
        return "ungrouped" if self.by is By.NONE else f"by {self.by.value}"

    @property
    def order_text(self) -> str:
        """What the rows are sorted by, in a few words; "" for the default."""
        return "" if self.order is RowOrder.START else self.order.value

    @property
    def overview_text(self) -> str:
        """The text left of the overview: its name, and what the rows are grouped by."""
        return ", ".join(text for text in ("overview", self.grouping_text) if text)

    def ruler_text(self, axis: str) -> str:
        """The text left of the ruler: the name of the axis, and what the rows are sorted by."""
        return ", ".join(text for text in (axis, self.order_text) if text)

    @property
    def hidden_text(self) -> str:
        """How many rows are hidden, and how to show them; "" if none."""
        return f"{len(self.hidden)} hidden: D shows all again" if self.hidden else ""

    @property
    def line_count(self) -> int:
        """How many lines the rows take, including the text below them."""
        return len(self.rows) + bool(self.hidden)

    @property
    def only(self) -> Callable[[int], bool] | None:
        """Which tracks have a row; None: all."""
        return self.is_wanted if self.wanted else None

    def is_wanted(self, track: int) -> bool:
        """Whether its name, or what it served, contains the filter text."""
        wanted, timeline = self.wanted.casefold(), self.timeline
        return wanted in timeline.name(track).casefold() or any(
            wanted in service.what.casefold() for service in timeline.services(track)
        )

    def track_group(self, row: Row) -> TrackGroup:
        """The states of the tracks in a group's row, up to now."""
        assert row.group is not None, "only a group has one"
        track_group = self._track_groups.get(row.group)
        if track_group is None:
            track_group = self._track_groups[row.group] = TrackGroup(self.timeline)
        track_group.follow(row.members)
        return track_group

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
        """Select the row this many rows below."""
        if self.rows:
            number = self.selected_number + by
            self.choose(self.rows[min(max(number, 0), len(self.rows) - 1)])

    def select_group(self, group: Group | None) -> None:
        """Select the row of that group, if it has one and the selected track is in it."""
        number = self._numbers.get(group, -1) if group is not None else -1
        if number >= 0 and self.selected in self.rows[number].members:
            self.selected_group = group

    def select_track(self, track: int, *, unfold: bool = True) -> None:
        """Select that track, and unfold or stop filtering whatever hides it; not a group, unless `unfold`."""
        if track not in self.timeline.tracks:
            return
        if self.row_of(track) < 0:
            self.filter_by("")
        if self.row_of(track) < 0:
            self.collapsed.clear()
            self.arrange()
        if self.row_of(track) < 0:
            # It is hidden, and that is wanted.
            return
        number = self.row_of(track)
        if unfold and (group := self.rows[number].group) is not None:
            self.folded[group] = False
            self.arrange()
        self.selected, self.selected_group = track, None

    def fold(self, number: int) -> None:
        """Fold away what belongs to the group or the thread in that row, or that the row belongs to; or unfold it.

        The selected track stays so, also within a folded group.
        """
        if not 0 <= number < len(self.rows):
            return
        row = self.rows[number]
        if not row.has_children:
            depth = row.depth
            row = next((above for above in reversed(self.rows[:number]) if above.depth < depth), row)
        if row.group is not None:
            self.folded[row.group] = not row.collapsed
        elif row.has_children:
            self.collapsed ^= {row.track}
            self.choose(row)
        self.arrange()

    def fold_all(self) -> None:
        """Fold all groups, or of the spawn tree all that have children; or unfold all, if all are folded."""
        if self.by is By.SPAWN:
            shown = [row.track for row in self.rows if row.has_children]
            if self.collapsed.issuperset(shown):
                self.collapsed.clear()
            else:
                self.collapsed.update(shown)
        else:
            groups = [row for row in self.rows if row.group is not None]
            fold = not all(row.collapsed for row in groups)
            self.folded.update((row.group, fold) for row in groups if row.group is not None)
        self.arrange()

    def group_by(self, by: By) -> None:
        """Group the rows by that; what of them is folded, pinned or hidden stays so."""
        self._grouped = by
        self.selected_group = None
        self.arrange()

    def sort_by(self, order: RowOrder) -> None:
        """Sort the rows by that, also if they are sorted by it already and have lasted longer since."""
        self.order, self._sorted_ns = order, self.timeline.last_ns
        self.arrange()

    def pin(self) -> bool:
        """Have the selected row stand on top, or where it was. Return whether it is on top now."""
        row = self.selected_row
        if row is None:
            return False
        one = subject(row)
        if one in self.pinned:
            self.pinned.remove(one)
        else:
            self.pinned.append(one)
        self.arrange()
        return one in self.pinned

    def hide(self) -> str:
        """Show the selected row no more, and select the next. Return its name; "" without a row."""
        row, number = self.selected_row, self.selected_number
        if row is None:
            return ""
        self.hidden.add(subject(row))
        if subject(row) in self.pinned:
            self.pinned.remove(subject(row))
        self.arrange()
        if self.rows:
            self.choose(self.rows[min(number, len(self.rows) - 1)])
        return row_name(self.timeline, row)

    def show_hidden(self) -> int:
        """Show all again that was hidden. Return how many rows those are."""
        count = len(self.hidden)
        self.hidden.clear()
        self.arrange()
        return count

    def filter_by(self, text: str) -> None:
        """Show only tracks with that text in their name."""
        self.wanted = text.strip()
        self.arrange()
