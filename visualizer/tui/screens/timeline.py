"""The timeline: what runs when, live or recorded, and everything there is to see of one moment of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from itertools import islice
from pathlib import Path
from pkgutil import resolve_name
from typing import Protocol

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Static

from visualizer.analysis.explore import mark_file
from visualizer.analysis.explore.marks import Marks, split
from visualizer.analysis.explore.spans import part_of
from visualizer.analysis.findings import Finding
from visualizer.analysis.model.timeline import State
from visualizer.analysis.text.printable import plain
from visualizer.paint.axis.viewport import Axis
from visualizer.session.preferences import Preferences
from visualizer.tui import keys, messages
from visualizer.tui.actions.copying import Copying
from visualizer.tui.actions.export import moment, visible_rows, visible_span
from visualizer.tui.actions.moving import Bringing, Moving
from visualizer.tui.actions.row_layout import Arranging
from visualizer.tui.actions.stepping import Stepping
from visualizer.tui.actions.views import Viewing
from visualizer.tui.shell import shell
from visualizer.tui.state.feed import Feed, RunFeed
from visualizer.tui.state.view import View
from visualizer.tui.widgets.filter import Filter
from visualizer.tui.widgets.footer import Footer
from visualizer.tui.widgets.header import HeaderBar
from visualizer.tui.widgets.hint import Hint
from visualizer.tui.widgets.line_list import Lines
from visualizer.tui.widgets.message_line import MessageLine
from visualizer.tui.widgets.notices import Notices
from visualizer.tui.widgets.problems import ProblemsPane
from visualizer.tui.widgets.prompt import Prompt
from visualizer.tui.widgets.sentence import Sentence
from visualizer.tui.widgets.sequence import Sequence
from visualizer.tui.widgets.source import SourcePane
from visualizer.tui.widgets.tabs import TABS, TabBar
from visualizer.tui.widgets.too_small import TooSmall, is_too_small
from visualizer.tui.widgets.tracks import RIGHT, Legend, Overview, Ruler, TracksPane, row_start

#: How often the trace is looked at, and the playhead moved while it plays.
_TICK_S = 0.05
#: From this height on there is a legend, and the sentence has a third line.
_TALL = 30
#: Lines above and below the tracks that are always there: header, overview, ruler, footer.
_FIXED_LINES = 4
_LEAST_TRACKS = 3
#: The share of the remaining lines that tracks may take.
_TRACKS_SHARE = 0.475
#: The sequence has a line for each switch, and so never enough of them.
_SEQUENCE_SHARE = 0.6
#: Keys that are off where there are no rows.
_KEYS_ON_ROWS = frozenset(
    binding.key
    for section in keys.TIMELINE
    for binding in Binding.make_bindings(section.bindings)
    if binding.action.partition("(")[0] in keys.ON_ROWS
)


#: Classes of the screen while a pane has all the room: the lists, or the rows.
_LARGE_TABS, _LARGE_ROWS = "-large-tabs", "-large-rows"
#: Of panes that can have all the room, those that can be exported, as the command line calls them.
_EXPORTED_TABS = {"tree": "tree", "waits": "waits", "findings": "problems"}


class Pane(Protocol):
    """A widget that draws its changes when `show` is called."""

    def show(self) -> None: ...


class TimelineScreen(Arranging, Moving, Stepping, Viewing, Copying):
    """Shows a feed. Its keys are those of `keys.TIMELINE`, live and in replay alike."""

    SECTIONS = (*keys.TIMELINE, keys.LIST, keys.SEQUENCE, keys.FINDINGS, keys.CHOICES, keys.MARKS, keys.PAGES)
    BINDINGS = keys.bindings(keys.TIMELINE)
    AUTO_FOCUS = "TracksPane"
    HORIZONTAL_BREAKPOINTS = [(160, "-wide")]

    def __init__(
        self,
        feed: Feed,
        *,
        ascii: bool = False,
        clock: Callable[[], int] = time.monotonic_ns,
        remembered: Preferences | None = None,
        span: str | None = None,
        large: bool = False,
    ) -> None:
        """`span`: the part that is shown first, as soon as all is read. `large`: the timeline has all the room."""
        super().__init__()
        self.set_class(large, _LARGE_ROWS)
        self._span = span
        self.feed = feed
        self._remembered = Preferences(hinted=True) if remembered is None else remembered
        axis = next((axis for axis in Axis if axis.value == self._remembered.axis), Axis.TIME)
        self.view = View(feed.timeline, live=True, ascii=ascii, axis=axis)
        self._clock = clock
        self._ticked_ns = clock()
        self._timer: Timer | None = None
        #: Where the marks are kept; None as long as those that are there have not been read.
        self._marks_file: Path | None = None
        #: How many of those that the program sets itself are among the marks.
        self._marks_brought = 0
        self._focused_before: Widget | None = None
        view = self.view
        self._bringing = Bringing(view)
        self._tracks = TracksPane(view)
        self.sequence = Sequence(view)
        self._legend = Legend(view)
        self.filter = Filter(view)
        self._sentence = Sentence(view)
        self.message_line = MessageLine()
        self.prompt = Prompt()
        self._reserved = Static(id="reserved")
        self._notices = Notices(feed)
        self._tab_bar = TabBar(view)
        self._tabs: dict[str, Lines] = {
            id: resolve_name(f"visualizer.tui.widgets.{pane.widget}").of(view, feed, id)
            for id, pane in keys.PANES.items()
        }
        self._sources = (SourcePane(view, State.RUNNING, "running"), SourcePane(view, State.WAITING, "suspended"))
        ruler = Ruler(view)
        self._above = (HeaderBar(feed, view), Overview(view), ruler)
        self.instead = (ruler, self._tracks)
        self._panes: tuple[Pane, ...] = (
            *self._above,
            self._tracks,
            self.sequence,
            self.filter,
            self._legend,
            self._sentence,
            self.message_line,
            self._notices,
            *self._sources,
            *self._tabs.values(),
            self._tab_bar,
        )

    @property
    def traces(self) -> tuple[str] | None:
        if self.feed.path is None:
            return None
        shown = self._exported
        span = visible_span(self.view) if shown == "timeline" else self.sequence.span if shown == "sequence" else ""
        return (f"{self.feed.path}{span}",)

    @property
    def seen(self) -> list[str]:
        view, shown = self.view, self._exported
        if shown == "timeline":
            at = moment(view) if 0 <= view.playhead_cell < view.viewport.width else []
            return [*super().seen, *at, *visible_rows(view, self._tracks.in_sight)]
        selected = plain(view.timeline.name(view.selected)) if view.selected in view.timeline.tracks else ""
        at = moment(view) if shown != "problems" else []
        select = ["--select", selected] if selected and shown in ("sequence", "tree") else []
        return ["--view", shown, *self.theme_seen, *at, *select]

    @property
    def _exported(self) -> str:
        """Which view stands on the screen, by its name on the command line."""
        if self.has_class(_LARGE_TABS):
            large = next((id for id, pane in self._tabs.items() if pane.display), "")
            return _EXPORTED_TABS.get(large, "timeline")
        return "sequence" if self.sequence.display else "timeline"

    @property
    def source_line(self) -> str:
        return next(filter(None, (source.line_text for source in self._sources)), "")

    def compose(self) -> ComposeResult:
        yield TooSmall("timeline")
        with Vertical(id="timeline"):
            yield from self._above
            yield from (self._tracks, self.sequence.head, self.sequence)
            yield from (self.filter, self._legend, self._sentence)
            yield from (self.prompt, self.message_line, self._reserved, self._notices)
            with Horizontal(id="below"):
                with Horizontal(id="sources"):
                    yield from self._sources
                with Vertical(id="tabs"):
                    yield self._tab_bar
                    yield from self._tabs.values()
        yield Footer()
        if not self._remembered.hinted:
            yield Hint()

    def on_mount(self) -> None:
        self._show_tab(TABS[0])
        self._notices.display = self.filter.display = self.message_line.display = False
        self.prompt.display = False
        self._show_sequence(False)
        if self.feed.follow:
            self.view.playhead.follow(0)
        self.tick()
        self._timer = self.set_interval(_TICK_S, self.tick)

    def stop(self) -> None:
        """Take in no more; the feed can then be closed."""
        if self._timer is not None:
            self._timer.stop()

    def on_unmount(self) -> None:
        # Even where the app ends in an error: a program that was started for this screen does not outlive it.
        self.feed.close()

    def tick(self) -> None:
        """Take in what has arrived, and let time pass for a playhead that plays."""
        now_ns = self._clock()
        passed_ns, self._ticked_ns = now_ns - self._ticked_ns, now_ns
        view, feed = self.view, self.feed
        changed = False
        if view.live:
            beginning = not view.timeline.switch_count
            arrived = feed.poll()
            until_ns = feed.now_ns
            if arrived or until_ns != view.now_ns:
                view.grown(until_ns, feed.live)
                changed = True
            if beginning and not feed.follow and view.timeline.switch_count:
                view.begin()
            if arrived and (feed.follow or isinstance(feed, RunFeed)):
                self._bring_marks()
            if not view.live:
                self._read_marks()
                if self._span is not None:
                    self._show_part(self._span)
        if self.follow_stops() | self.go_on_searching() | view.advance(passed_ns) or changed:
            self.look()

    def _bring_marks(self) -> None:
        """Those that the program has set since the last time, while it runs."""
        marks = self.feed.timeline.marks
        for t_ns, marked in islice(marks.items(), self._marks_brought, None):
            if self.view.marks.at(t_ns) is None:
                self.view.marks.set(t_ns, *split(marked.text))
        self._marks_brought = len(marks)

    def _read_marks(self) -> None:
        """Those that are kept beside the trace, below those set while it was read."""
        if self.feed.path is None:
            return
        self._marks_file = mark_file.path_of(self.feed.path)
        try:
            kept = mark_file.read(self._marks_file, self.feed.timeline)
        except mark_file.MarkFileError as error:
            # What could not be understood is not overwritten.
            self._marks_file = None
            self.deny(f"{error} Marks set now are not kept.")
            return
        if self.app.is_web:
            # Whoever looks on from elsewhere changes nothing here.
            self._marks_file = None
        new = [mark for mark in self.view.marks if mark not in kept]
        self.view.marks = Marks((*kept, *new))
        if new:
            self.keep_marks()

    def keep_marks(self) -> None:
        if self._marks_file is None:
            return
        try:
            mark_file.write(self._marks_file, self.marks, self.feed.timeline)
        except OSError as error:
            self.deny(f"The marks cannot be kept in '{self._marks_file}': {error.strerror}.")

    def _show_part(self, span: str) -> None:
        self._span = None
        try:
            part = part_of(self.feed.timeline, self.feed.name, span)
        except ValueError as error:
            self.deny(str(error))
            return
        self.view.show_part(part)

    @on(messages.Looked)
    def _draw(self) -> None:
        if not self.is_mounted or not self.size.width:
            return
        view = self.view
        self.show_span()
        self.drop_outdated()
        self.drop_denied()
        self.refresh_footer()
        self._arrange()
        view.resize(self.size.width - row_start(view) - RIGHT)
        if (row := self._bringing.row()) is not None:
            self._tracks.bring(row)
        self.show_panes()

    def show_panes(self) -> None:
        """Have each pane draw what has changed."""
        for pane in self._panes:
            pane.show()

    def _arrange(self) -> None:
        """Divide the height: the tracks get what they need, but not more than their share."""
        height = self.size.height
        tall = height >= _TALL
        sentence = 3 if tall else 2
        self._legend.display = tall
        # The line for a message, or what is typed, is there in any case, and a longer one is not at the rows' expense:
        # nothing shall jump.
        if self.prompt.display and self.message_line.display:
            self.message_line.set()
        self._reserved.display = not self.message_line.display and not self.prompt.display
        notices = int(self._notices.styles.height.value) if self._notices.display and self._notices.styles.height else 0
        room = height - _FIXED_LINES - sentence - tall - notices - 1 - self.filter.display
        is_large = self.has_class(_LARGE_ROWS)
        most = room if is_large else max(_LEAST_TRACKS, int(room * _TRACKS_SHARE))
        self.view.make_room(most, self.size.width)
        lines = min(max(self.view.line_count, 1), most)
        switches = max(_LEAST_TRACKS, min(self.sequence.length, room if is_large else int(room * _SEQUENCE_SHARE)))
        if self.has_class(_LARGE_TABS):
            lines = switches = 0
        for pane, wanted in ((self._tracks, lines), (self.sequence, switches), (self._sentence, sentence)):
            if pane.styles.height is None or pane.styles.height.value != wanted:
                pane.styles.height = wanted

    def on_resize(self, event: events.Resize) -> None:
        small, was_small = is_too_small(event.size), self.has_class("-too-small")
        if small and not was_small:
            self._focused_before = self.focused
        elif was_small and not small:
            # A hidden widget loses the focus.
            before, self._focused_before = self._focused_before, None
            self.call_after_refresh(self.focus_front if before is None else partial(self.set_focus, before))
        self.set_class(small, "-too-small")
        self.look()

    async def findings(self) -> list[Finding]:
        found = self._tabs["findings"]
        assert isinstance(found, ProblemsPane)
        return await found.all()

    # Actions of the keys in keys.py.

    def action_play(self) -> None:
        self._ticked_ns = self._clock()
        if self.is_paused_here():
            self.view.follow()
        elif self.view.timeline.switch_count or self.view.live:
            self.view.play_or_pause()
        else:
            self.deny(self.no_switch(1))
        self.look()

    def action_follow(self) -> None:
        ended = "There is no end to follow: the program has ended."
        self.attempt(self.view.follow, "Already following the end." if self.view.live else ended)

    def remember_axis(self, axis: Axis) -> None:
        self._remembered.axis = axis.value
        self._remembered.save()

    def touched(self) -> None:
        super().touched()
        if not self._remembered.hinted:
            # Only now is it certain that the user has seen it.
            self._remembered.hinted = True
            self._remembered.save()
        for hint in self.query(Hint):
            hint.remove()

    @property
    def escape_text(self) -> str:
        return super().escape_text or ("Timeline" if self.sequence.display else "")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What would be seen on rows alone is off in the sequence, and the footer does not offer it there."""
        return super().check_action(action, parameters) and not (self.sequence.display and action in keys.ON_ROWS)

    def nothing_done_by(self, key: str, pressed: str) -> str:
        if self.sequence.display and key in _KEYS_ON_ROWS:
            return f"{pressed} does nothing in the sequence: Y goes back to the timeline."
        return super().nothing_done_by(key, pressed)

    def action_enlarge(self) -> None:
        """Give the pane that has the focus all the room, or put everything back."""
        if not self._put_back():
            self.add_class(_LARGE_TABS if self.focused is not None and self.focused.id in TABS else _LARGE_ROWS)
        self.look()

    def _put_back(self) -> bool:
        """Whether a pane was enlarged."""
        large = self.has_class(_LARGE_TABS) or self.has_class(_LARGE_ROWS)
        self.remove_class(_LARGE_TABS, _LARGE_ROWS)
        return large

    def action_tab(self, tab: str) -> None:
        focused = self.focused is not None and self.focused.id in TABS
        # It would not be seen.
        self.remove_class(_LARGE_ROWS)
        if self._tabs[tab].display:
            self._tabs[tab].turn()
        self._show_tab(tab)
        if focused:
            self._tabs[tab].focus()
        self.look()

    async def action_back(self) -> None:
        if self.put_away():
            return
        if self._put_back():
            self.look()
            return
        if self.sequence.display:
            self.action_sequence()
            return
        await shell(self).back_to_catalogue()

    def _show_tab(self, tab: str) -> None:
        self._tab_bar.mark(tab)
        for other, pane in self._tabs.items():
            pane.display = other == tab

    @on(messages.TabChosen)
    def _choose_tab(self, message: messages.TabChosen) -> None:
        self.action_tab(message.tab)
