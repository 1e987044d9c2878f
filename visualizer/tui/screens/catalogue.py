"""What can be watched: the bundled scenarios by runtime, and the recordings made lately."""

from __future__ import annotations

import ast
import os
import shlex
import time
from pathlib import Path

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.paint.text.cell_width import fit_name
from visualizer.session import why
from visualizer.session.catalogue import Scenario, scenarios
from visualizer.session.recordings import RecordingFile, recent
from visualizer.session.target import Target, TargetError, resolve
from visualizer.trace.source import Source, TraceError
from visualizer.tui import keys
from visualizer.tui.actions.catalogue_search import CatalogueSearch
from visualizer.tui.shell import shell
from visualizer.tui.state import source_text
from visualizer.tui.widgets.footer import Footer
from visualizer.tui.widgets.too_small import TooSmall, is_too_small

_PAGE_LINES = 8
#: Cells for the name, the date and the length of a recording: those of the list, app.tcss, without its edges.
_NARROW, _WIDE, _WIDE_FROM = 31, 35, 100


class Choices(OptionList, inherit_bindings=False):
    """The list. Its keys are the screen's."""


class CatalogueScreen(CatalogueSearch):
    """A list at the left, and details of the highlighted entry at the right."""

    SECTIONS = keys.CATALOGUE
    BINDINGS = keys.bindings(keys.CATALOGUE)
    AUTO_FOCUS = "Choices"
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (100, "-normal")]

    def __init__(self) -> None:
        super().__init__()
        self._shown: dict[str, Scenario | RecordingFile] = {}
        self._preferred: Path | None = None
        #: The recording that another one is to be compared with, and the one that is to be deleted if asked for again.
        self._marked: Path | None = None
        self._doomed: Path | None = None
        self._asked_before: Path | None = None

    def compose(self) -> ComposeResult:
        yield TooSmall("catalogue")
        yield Static(Content.assemble((" visualizer", "bold"), "  which coroutine runs when"), id="heading")
        with Horizontal(id="catalogue"):
            yield Choices(id="choices", markup=False)
            with VerticalScroll(id="preview", can_focus=False):
                yield Static(id="about", markup=False)
                yield Static(id="source", markup=False)
        yield self.prompt
        yield self.message_line
        yield Footer()

    def on_mount(self) -> None:
        self.prompt.display = self.message_line.display = False
        self.refill()

    def on_screen_resume(self) -> None:
        # A recording may have been made in the meantime.
        if self.is_mounted:
            self.refill()

    def on_resize(self, event: events.Resize) -> None:
        self.set_class(is_too_small(self.size), "-too-small")

    def prefer(self, recording: Path | None) -> None:
        """Select that recording, if there is one, when this is shown again."""
        self._preferred = recording

    def refill(self) -> None:
        """List anew what there is; what was selected stays so, if it is still there."""
        choices = self.query_one(Choices)
        highlighted = choices.highlighted_option
        before = highlighted.id if highlighted is not None else None
        preferred, self._preferred = self._preferred, None
        self._shown = {}
        choices.clear_options()
        title = ""
        for scenario in scenarios():
            if scenario.runtime != title:
                title = scenario.runtime
                choices.add_option(Option(Content.styled(title or "other", "bold $text-primary"), disabled=True))
            self._add(choices, f"scenario {scenario.name}", scenario.name, scenario)
        recordings = recent()
        if recordings:
            choices.add_option(Option(Content.styled("recordings", "bold $text-primary"), disabled=True))
        for recording in recordings:
            self._add(choices, f"recording {recording.path}", recording.name, recording)
        ids = list(self._shown)
        if ids:
            chosen = before if before in self._shown else ids[0]
            if preferred is not None:
                # It may have been opened by another name than that by which it is listed.
                path = os.path.realpath(preferred)
                same = (f"recording {each.path}" for each in recordings if os.path.realpath(each.path) == path)
                chosen = next(same, chosen)
            choices.highlighted = choices.get_option_index(chosen or ids[0])

    def _add(self, choices: OptionList, id: str, name: str, what: Scenario | RecordingFile) -> None:
        self._shown[id] = what
        choices.add_option(Option(self._option_text(name, what), id=id))

    def _option_text(self, name: str, what: Scenario | RecordingFile) -> Content:
        if isinstance(what, Scenario):
            return Content("  " + plain(name))
        mark = ("A ", "bold $text-primary") if what.path == self._marked else "  "
        lasted_ns = what.lasted_ns()
        lasted = duration(lasted_ns, 2) if lasted_ns is not None else ""
        written, today = (time.localtime(s) for s in (what.written_ns / 1e9, time.time()))
        when = f" {time.strftime('%H:%M' if written[:3] == today[:3] else '%m-%d', written)} {lasted:>7}"
        room = (_NARROW if self.size.width < _WIDE_FROM else _WIDE) - len(when)
        return Content.assemble(mark, fit_name(plain(what.short_name), room), (when, "$text-muted"))

    @property
    def _highlighted(self) -> Scenario | RecordingFile | None:
        option = self.query_one(Choices).highlighted_option
        return self._shown.get(option.id or "") if option is not None else None

    @property
    def names(self) -> list[str]:
        return [what.name for what in self._shown.values()]

    @property
    def position(self) -> int:
        option = self.query_one(Choices).highlighted_option
        return list(self._shown).index(option.id) if option is not None and option.id in self._shown else 0

    def highlight(self, position: int) -> None:
        choices = self.query_one(Choices)
        choices.highlighted = choices.get_option_index(list(self._shown)[position])

    def focus_list(self) -> None:
        self.query_one(Choices).focus()

    @on(OptionList.OptionHighlighted)
    def _preview(self) -> None:
        about, source = self.query_one("#about", Static), self.query_one("#source", Static)
        match self._highlighted:
            case Scenario() as scenario:
                about.update(_paragraphs(scenario.docstring))
                source.update(_source(scenario))
            case RecordingFile() as recording:
                about.update(_about(recording))
                source.update(Content(""))
        self.query_one("#preview").scroll_home(animate=False)

    @on(OptionList.OptionSelected)
    def _chosen(self) -> None:
        self.action_choose()

    def action_choose(self) -> None:
        match self._highlighted:
            case Scenario() as scenario:
                self._run(scenario, hold=False)
            case RecordingFile(path=path):
                shell(self).watch_recording(path)

    def action_run_paused(self) -> None:
        match self._highlighted:
            case Scenario() as scenario:
                self._run(scenario, hold=True)
            case _:
                self.deny("A recording has no program to pause: enter opens it.")

    def _run(self, scenario: Scenario, *, hold: bool) -> None:
        if missing := scenario.missing():
            self.deny(missing)
        else:
            path = scenario.path
            shell(self).watch_target(Target(scenario.name, (str(path),), path), hold=hold)

    def action_open_other(self) -> None:
        self.prompt.ask("script", "run or open", "a script with its arguments, -m and a module, or a trace")

    def action_rename(self) -> None:
        match self._highlighted:
            case RecordingFile() as recording:
                self.prompt.ask("new name", "rename to", "the new name", recording.name)
            case _:
                self.deny("Only recordings can be renamed.")

    def action_delete(self) -> None:
        """Delete the recording, if that is asked for twice."""
        what = self._highlighted
        if not isinstance(what, RecordingFile):
            self.deny("Only recordings can be deleted.")
            return
        if self._asked_before != what.path:
            then = "deletes it" if what.is_ours else "removes it from the list; the file stays where it is"
            self.deny(f"{what.name}: press the key again, and it {then}.")
            self._doomed = what.path
            return
        try:
            what.delete()
        except OSError as error:
            self.deny(f"Cannot delete {what.name!r}: {why(error)}.")
        position = self.position
        self.refill()
        self.highlight(min(position, len(self._shown) - 1))

    def take_answer(self, what: str, text: str) -> None:
        if what == "script":
            self._open_other(text)
        elif what == "new name":
            self._rename(text)
        else:
            super().take_answer(what, text)

    def _open_other(self, text: str) -> None:
        try:
            words = [os.path.expanduser(word) for word in shlex.split(text)]
            if len(words) == 1 and words[0].endswith((".trace", ".trace.gz")):
                shell(self).watch_recording(Path(words[0]))
                return
            module = words[0] == "-m"
            shell(self).watch_target(resolve(words[module:], module))
        except (TargetError, ValueError) as error:
            self.deny(str(error))

    def _rename(self, name: str) -> None:
        recording = self._highlighted
        if not isinstance(recording, RecordingFile) or name == recording.name:
            return
        try:
            self.prefer(recording.rename(name))
        except OSError as error:
            self.deny(f"Cannot rename {recording.name!r}: {why(error)}.")
        except ValueError as error:
            self.deny(str(error))
        self.refill()

    def touched(self) -> None:
        super().touched()
        # The key that asks for the deletion again finds what the one before noted.
        self._asked_before, self._doomed = self._doomed, None

    async def action_compare(self) -> None:
        """Mark a recording; of another one, compare the marked one with it; of the same, mark it no more."""
        what, marked = self._highlighted, self._marked
        if not isinstance(what, RecordingFile):
            self.deny("Only recordings can be compared: enter runs the scenario, which records it.")
            return
        self._marked = what.path if marked is None else None
        self.refill()
        if marked is None:
            shell(self).show_notification(f"{what.name} is A: press c on another recording to compare them.")
        elif marked == what.path:
            shell(self).show_notification(f"{what.name} is no longer marked.")
        else:
            await shell(self).compare_recordings(marked, what.path)

    def action_move(self, by: int) -> None:
        choices = self.query_one(Choices)
        if by > 0:
            choices.action_cursor_down()
        else:
            choices.action_cursor_up()

    def action_first(self) -> None:
        self.query_one(Choices).action_first()

    def action_last(self) -> None:
        self.query_one(Choices).action_last()

    def action_scroll(self, by: int) -> None:
        preview = self.query_one("#preview")
        if not 0 <= preview.scroll_offset.y + by <= preview.max_scroll_y:
            self.deny(f"This is the {'end' if by > 0 else 'beginning'} of the preview.")
        preview.scroll_relative(y=by * _PAGE_LINES, animate=False)


def _paragraphs(text: str) -> Content:
    """A docstring with its paragraphs wrapped at the available width; indented text stays as it is."""
    paragraphs = [paragraph.splitlines() for paragraph in text.split("\n\n")]
    joined = (
        ("\n" if any(line[:1].isspace() for line in lines) else " ").join(map(plain, lines)) for lines in paragraphs
    )
    return Content("\n\n".join(joined))


def _source(scenario: Scenario) -> Content:
    """The scenario's source behind its docstring, which is shown already."""
    try:
        content = scenario.path.read_bytes()
        body = ast.parse(content).body
    except (OSError, SyntaxError, ValueError) as error:
        return Content(f"The source cannot be read: {plain(str(error))}")
    documented = body and isinstance(body[0], ast.Expr) and isinstance(body[0].value, ast.Constant)
    first = (body[0].end_lineno or 0) if documented else 0
    lines = source_text.listing(content).lines[first:]
    while lines and not lines[0].plain.strip():
        lines = lines[1:]
    return Content("\n").join(lines)


def _about(recording: RecordingFile) -> Content:
    """The contents of the first line of a recording."""
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(recording.written_ns / 1e9))
    lasted_ns = recording.lasted_ns()
    lasted = duration(lasted_ns) if lasted_ns is not None else "not known: the trace has no end"
    size, file = f"{recording.size:,} bytes", str(recording.path)
    known = [("recorded", when), ("lasted", lasted), ("size", size), ("file", file)]
    try:
        with Source.open(recording.path) as source:
            source.read()
            header = source.header
    except TraceError as error:
        return Content(f"{plain(str(error))}")
    if header is not None:
        known[:0] = [("program", " ".join(header.argv) or header.target)]
        known.append(("python", f"{header.python} on {header.platform}"))
    return Content("\n").join(Content.assemble((f"{title:10}", "bold"), plain(text)) for title, text in known)
