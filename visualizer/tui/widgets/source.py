"""The source around the place where a track is, with the line marked and the exact expression highlighted."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip
from textual.widget import Widget

from visualizer.analysis.model.timeline import Place, State
from visualizer.analysis.text.hot_lines import lines_sampled
from visualizer.analysis.text.printable import plain
from visualizer.analysis.text.source_position import (
    HAS_ENDED,
    HAS_STOPPED,
    IS_PAUSED,
    STARTS,
    SourcePosition,
    behind_end,
    run_of,
    running,
    seen,
    short_path,
    suspended,
)
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import cell_width, fit, fit_name, is_wider
from visualizer.paint.text.palette import STYLE_OF, glyphs
from visualizer.trace import words
from visualizer.tui.shell import shell
from visualizer.tui.state.source_text import SourceText, read
from visualizer.tui.state.view import View
from visualizer.tui.terminal.styles import has_high_contrast, is_dark, on_colour, over, strip, style
from visualizer.tui.widgets.notices import Notice


class SourcePane(Widget):
    """One track's source: a title, and as many lines as fit."""

    COMPONENT_CLASSES = {"source--line", "source--title"}
    ALLOW_SELECT = False

    def __init__(self, view: View, state: State, id: str) -> None:
        """`state` RUNNING: the track that runs after the playhead's switch; WAITING: the one that it suspended."""
        super().__init__(id=id)
        self._view = view
        self._state = state
        self._where: SourcePosition | None = None
        self._text: SourceText | str = ""
        self._line = 0
        #: Lines in which it was seen during this run.
        self._seen: frozenset[int] = frozenset()
        self._drawn: object = None

    def show(self) -> None:
        """Find the track's position, and draw it if it has changed."""
        view = self._view
        where, lines = self._of_running() if self._state is State.RUNNING else (self._of_suspended(), frozenset())
        name = view.timeline.name(where.track, view.playhead.t_ns) if where is not None else ""
        drawn = (where, lines, name)
        if drawn == self._drawn:
            return
        self._drawn = drawn
        self._where, self._seen = where, lines
        # Without a track to show, its room is of use to the other one.
        self.display = where is not None
        self._text, self._line = "", 0
        if where is not None and where.place is None:
            self._text = self._unplaced(where)
        if where is not None and where.place is not None:
            carried = view.timeline.sources.get(where.place.file)
            self._text = read(where.place.file, self._cwd, carried, shell(self.screen).only_trace)
            self._line = where.place.line
            if where.starts and isinstance(self._text, SourceText):
                self._line = self._text.first_line_of(where.place)
        self.set_class(not isinstance(self._text, SourceText), "-without-source")
        self.refresh()

    @property
    def line_text(self) -> str:
        """File, number and text of the line that is marked; "" if there is none."""
        where, text = self._where, self._text
        if where is None or where.place is None or not isinstance(text, SourceText) or self._line > len(text.lines):
            return ""
        code = text.lines[self._line - 1].plain.strip()
        return f"{plain(short_path(where.place.file, self._cwd))}:{self._line}: {code}"

    def _of_suspended(self) -> SourcePosition | None:
        return suspended(self._view.timeline, self._view.playhead.index)

    def _of_running(self) -> tuple[SourcePosition, frozenset[int]]:
        """Where the track is that runs, and in which lines of that file it was seen."""
        view = self._view
        timeline, index = view.timeline, view.playhead.index
        where = running(timeline, index)
        run = run_of(timeline, index, view.now_ns)
        if view.paused_before is not None and index == timeline.switch_count - 1:
            where = where._replace(verb=IS_PAUSED, detail="", place=view.paused_before, starts=False)
        else:
            where = behind_end(timeline, seen(timeline, where, run, view.playhead.t_ns), view.playhead.t_ns)
        lines = lines_sampled(timeline, *run)
        file = where.place.file if where.place is not None else None
        return where, frozenset(one.place.line for one in lines if one.place.file == file)

    def _unplaced(self, where: SourcePosition) -> str:
        """Why there is no source to show."""
        track = self._view.timeline.tracks.get(where.track)
        if track is None or where.verb in (HAS_ENDED, HAS_STOPPED):
            return ""
        if track.schedules:
            if track.kind == words.LOOP:
                called = self._view.timeline.callback_at(track.id, self._view.playhead.t_ns)
                if called is not None:
                    return f"It runs {called}, a callback of no task."
                return "The loop is asyncio's: of the program it runs only callbacks."
            return "The hub is an event loop: it runs no code of the program."
        if self._view.live and where.verb == STARTS and where.final is None:
            return "Its source line is not known until its first switch."
        return "The trace does not contain its source line."

    @property
    def _cwd(self) -> str:
        header = self._view.timeline.header
        return header.cwd if header is not None else ""

    def render_line(self, y: int) -> Strip:
        width = self.size.width
        if y == 0:
            return self._title(width)
        if not isinstance(self._text, SourceText):
            lines = Notice(self._text, "dim").broken(width - 2) if self._text else []
            said = lines[y - 1].text if y <= len(lines) else ""
            return strip(self, [Run(" " + said, "dim")], width)
        return self._source_line(self._text, y, width)

    def _title(self, width: int) -> Strip:
        view, where = self._view, self._where
        ground = self.get_component_rich_style("source--title")
        if where is None:
            return Strip.blank(width, ground)
        ended = where.verb == HAS_ENDED
        state = self._state if where.final is None else where.final
        mark = " " if ended else glyphs(view.ascii)[state]
        # Before the first event there is no track that could have a name.
        name = "the program"
        if where.track != words.NOBODY:
            name = plain(view.timeline.name(where.track, view.playhead.t_ns))
        activity = plain(where.activity)
        left = f"{name} {activity}"
        right = ""
        if where.place is not None:
            right = f"{short_path(where.place.file, self._cwd)}:{self._line} "
        room = width - 3
        if cell_width(left) + 2 + cell_width(right) > room:
            right = right.rpartition("/")[2]
        if cell_width(left) + 2 + cell_width(right) > room and where.place is not None:
            right = f"line {self._line} "
        if cell_width(left) + 2 + cell_width(right) > room:
            right = ""
        pad = max(0, room - cell_width(right))
        if is_wider(left, pad) and is_wider(name, most := max(pad // 2, pad - 1 - cell_width(activity))):
            # What it does matters more than the middle of its name.
            left = f"{fit_name(name, most).rstrip()} {activity}"
        runs = [
            Run(f" {mark} ", STYLE_OF[state]),
            Run(fit(left, pad), "thread"),
            Run(right, "dim"),
        ]
        return over(strip(self, runs, width), 0, width, Style(bgcolor=ground.bgcolor))

    def _source_line(self, text: SourceText, y: int, width: int) -> Strip:
        height = self.size.height - 1
        count = len(text.lines)
        top = max(0, min(self._line - 1 - height // 2, count - height))
        number = top + y
        if number > count:
            return Strip.blank(width, self.rich_style)
        digits = len(str(min(count, top + height)))
        here = number == self._line
        mark = ("▶" if not self._view.ascii else ">") if here else " "
        if number in self._seen and not here:
            mark = "•" if not self._view.ascii else "*"
        gutter = [Run(mark, STYLE_OF[self._state]), Run(f"{number:>{digits}} ", "thread" if here else "dim")]
        code = self._code(text, number)
        room = width - digits - 2
        shift = self._shift(text, top, height, room)
        line = Strip.join([strip(self, gutter, digits + 2), code.crop(shift, shift + room)])
        line = line.adjust_cell_length(width, self.rich_style)
        line = self._cut(line, text.lines[number - 1].plain, digits + 2, shift, width)
        if here:
            ground = self.get_component_rich_style("source--line")
            line = over(line, 0, width, Style(bgcolor=ground.bgcolor))
        return self._marked(line, text, number, digits + 2, shift, width)

    def _cut(self, line: Strip, plain: str, start: int, shift: int, width: int) -> Strip:
        """The line with a sign at whichever side something of the source, and not only its indentation, is missing."""
        size = cell_width(self._sign)
        mark = Strip([Segment(self._sign, self.rich_style + style("dim", is_dark(self)))])
        if len(plain) - len(plain.lstrip()) < shift and plain.strip():
            line = Strip.join([line.crop(0, start), mark, line.crop(start + size)])
        if cell_width(plain.rstrip()) - shift > width - start:
            line = Strip.join([line.crop(0, width - size), mark])
        return line

    def _code(self, text: SourceText, number: int) -> Strip:
        parse = self.app.stylesheet.parse_style
        parts = text.lines[number - 1].render(self.visual_style, end="", parse_style=parse)
        line = Strip([Segment(part, known.rich_style) for part, known in parts])
        # Textual's colours for code are not readable on each of its own themes.
        return over(line, 0, line.cell_length, Style(bgcolor=self.rich_style.bgcolor))

    def _marked(self, line: Strip, text: SourceText, number: int, start: int, shift: int, width: int) -> Strip:
        place = self._place
        span = text.span(place, number) if place is not None else None
        if span is None:
            return line
        plain = text.lines[number - 1].plain
        first, last = (cell_width(plain[:end]) - shift + start for end in span)
        first, last = max(first, start), min(last, width)
        high = has_high_contrast(self.app.current_theme)
        on = on_colour(STYLE_OF[self._state], is_dark(self), self.rich_style.bgcolor, high)
        return over(line, first, last, on) if last > first else line

    @property
    def _place(self) -> Place | None:
        """What to highlight: nothing where the track has only begun or has ended, or where only the line is known."""
        where = self._where
        return None if where is None or where.starts or where.ran_on or where.final is not None else where.place

    def _shift(self, text: SourceText, top: int, height: int, room: int) -> int:
        """How many cells to leave out on the left, so that as much as possible of the expression is visible."""
        shown = [line.plain for line in text.lines[top : top + height] if line.plain.strip()]
        widest = max(map(cell_width, shown), default=0)
        indent = min((len(line) - len(line.lstrip()) for line in shown), default=0)
        shift = min(indent, max(0, widest - room))
        place = self._place
        span = text.span(place, self._line) if place is not None else None
        if span is not None:
            plain = text.lines[self._line - 1].plain
            first, last = (cell_width(plain[:end]) for end in span)
            # The signs of `_cut` take their room from what is beside the expression.
            before = cell_width(self._sign) if plain[: span[0]].strip() else 0
            behind = cell_width(self._sign) if plain[span[1] :].strip() else 0
            if last + behind - first + before <= room:
                shift = max(shift, last + behind - room)
            elif first > room // 2:
                shift = max(shift, first - before)
        return shift

    @property
    def _sign(self) -> str:
        """What stands where something is missing."""
        return ".." if self._view.ascii else "…"
