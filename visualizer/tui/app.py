"""The Textual app: which screens there are, and what `visualizer` shows when it is over."""

from __future__ import annotations

import asyncio
import gc
import os
import stat
import time
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from platformdirs import user_downloads_path
from textual import events
from textual.app import SystemCommand
from textual.binding import Binding
from textual.filter import LineFilter, Monochrome
from textual.screen import Screen
from textual.widgets import Input

from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.printable import plain
from visualizer.session import preferences, why
from visualizer.session.target import Target
from visualizer.trace.source import TraceError
from visualizer.tui import keys
from visualizer.tui.actions.export import Exporting
from visualizer.tui.actions.unbound_keys import UnboundKeys
from visualizer.tui.dialogs.help import HelpScreen
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.screens.loading import Asked, LoadingScreen
from visualizer.tui.screens.presenting import PresentingScreen
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.feed import Feed, RunFeed, from_file, from_stream
from visualizer.tui.state.pair import Pair
from visualizer.tui.state.talk import Talk
from visualizer.tui.terminal.detect import only_ascii
from visualizer.tui.terminal.filters import Ascii, Colourless
from visualizer.tui.terminal.styles import ASCII
from visualizer.tui.terminal.themes import HIGH_CONTRAST
from visualizer.tui.typing_ahead import TypingAhead

#: Of Textual's own commands these are offered; the others are in keys.py, or make no sense here.
_TEXTUAL_COMMANDS = ("Screenshot",)
#: What ends a program that still runs has to be asked for twice, within this time.
_AGAIN_WITHIN_NS = 5_000_000_000
#: How often it is looked whether a server is still there.
_ORPHAN_S = 1.0


class VisualizerApp(TypingAhead):
    """Shows the recording at `open_path`, from `stream` or in `feed`, or runs `target` and shows it, or the catalogue.
    """

    CSS_PATH = "app.tcss"
    TITLE = "visualizer"
    #: Seconds until the words on a cell appear.
    TOOLTIP_DELAY = 0.3
    BINDINGS = keys.bindings([keys.GENERAL])

    def __init__(
        self,
        *,
        open_path: Path | None = None,
        follow: bool = False,
        span: str | None = None,
        stream: BinaryIO | None = None,
        feed: Feed | None = None,
        target: Target | None = None,
        options: tuple[str, ...] = (),
        hold: bool = False,
        big: bool = False,
        comparison: tuple[Part, Part, tuple[str, str]] | None = None,
        compared: tuple[tuple[str, str | None], tuple[str, str | None]] | None = None,
        talk: Talk | None = None,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        """`comparison`: two parts of traces to be shown on one scale, and what they are called. `compared`: the same
        of two files ("-": `stream`) that are still to be read, each with the span that is wanted of it, or None.
        `talk`: what is presented.

        `span`: the part of the recording that is shown first, as FILE@SPAN has it.
        `follow` stays at the end of a trace that is still being written; `options` are the tracers'; `hold`: `target`
        stops at its first switch. `big`: for a projector, with high contrast and only the timeline at first.
        """
        super().__init__()
        self._open_path = open_path
        self._follow = follow
        self._span = span
        self.stream = stream
        self._given = feed
        self._target = target
        self._options = options
        self._hold = hold
        self._comparison = comparison
        self._compared = compared
        self._talk = talk
        self.clock = clock
        self._feed: Feed | None = None
        #: The program that was asked for on the command line.
        self._asked_for: RunFeed | None = None
        #: What was asked for last that would end the program, and when.
        self._asked_to_end: tuple[str, int] | None = None
        self._failure: OSError | TraceError | None = None
        self.only_ascii = only_ascii()
        self.set_class(self.only_ascii, ASCII)
        self._big = big
        for theme in HIGH_CONTRAST:
            self.register_theme(theme)
        #: What was chosen the last time, and is chosen now.
        self.preferences = preferences.load()
        self._chooses_theme = False
        #: The next notification.
        self._next_notification = ""

    def run(self, **options: Any) -> int | None:
        """Run until the user quits. Return the exit status of `target`, negative for a signal; else None.

        Raise OSError if the target cannot be started, TraceError if the trace cannot be read.
        """
        # What is imported stays until the end. To look at all of it again and again for what may go takes the collector
        # several frames.
        gc.freeze()
        try:
            result = super().run(**options)
        finally:
            if self._feed is not None:
                self._feed.close()
        if self._failure is not None:
            raise self._failure
        return self._asked_for.status if self._asked_for is not None else result

    async def on_mount(self) -> None:
        if self.is_web:
            self.set_interval(_ORPHAN_S, partial(self._end_without, os.getppid()))
        # Whoever names a theme in the environment means that one.
        if self.preferences.theme in self.available_themes and "TEXTUAL_THEME" not in os.environ:
            self.theme = self.preferences.theme
        if self._big:
            self.theme = next(theme.name for theme in HIGH_CONTRAST if theme.dark == self.current_theme.dark)
        self.theme_changed_signal.subscribe(self, lambda theme: self._remember_theme(theme.name))
        if self._comparison is not None:
            self.push_screen(ComparisonScreen(Pair(*self._comparison, ascii=self.only_ascii), clock=self.clock))
            return
        if self._compared is not None:
            await self.compare(*self._compared)
            return
        if self._talk is not None:
            self.push_screen(PresentingScreen(self._talk, ascii=self.only_ascii, clock=self.clock))
            return
        try:
            feed = self._asked()
        except (OSError, TraceError) as failure:
            self.fail(failure)
            return
        if feed is None:
            self.push_screen(CatalogueScreen())
        else:
            self._show(feed)

    @property
    def only_trace(self) -> bool:
        # In a browser, or in a film.
        return self.is_web or self._given is not None

    def _end_without(self, server: int) -> None:
        """In a browser nobody can end it any more when the process is gone that started it."""
        if os.getppid() != server:
            self.exit()

    def _asked(self) -> Feed | None:
        """What the command line asked for. Raise OSError or TraceError if that cannot be shown."""
        if self._target is not None:
            self._asked_for = RunFeed(self._target, self._options, self.clock, self._hold)
            return self._asked_for
        if self.stream is not None:
            return from_stream(self.stream, self._follow, self.clock)
        if self._open_path is not None:
            return from_file(self._open_path, self._follow, self.clock)
        return self._given

    def watch_target(self, target: Target, hold: bool = False) -> None:
        """Run `target` and show it over the catalogue; `hold`: it stops at its first switch."""
        try:
            self._show(RunFeed(target, self._options, self.clock, hold))
        except OSError as error:
            self.show_notification(f"Cannot run {target.name!r}: {(error.strerror or str(error)).lower()}.")

    def watch_recording(self, path: Path) -> None:
        """Show a recording over the catalogue."""
        try:
            self._show(from_file(path, False, self.clock))
        except TraceError as error:
            self.show_notification(str(error))
            if isinstance(self.screen, CatalogueScreen):
                self.screen.refill()

    def _show(self, feed: Feed) -> None:
        self._feed = feed
        span, self._span = self._span, None
        self.push_screen(
            TimelineScreen(
                feed,
                ascii=self.only_ascii,
                clock=self.clock,
                remembered=self.preferences,
                span=span,
                large=self._big,
            )
        )

    async def back_to_catalogue(self) -> None:
        """Leave the timeline. A program that was started for it and still runs is ended, if that is asked for twice."""
        catalogue = next((screen for screen in self.screen_stack if isinstance(screen, CatalogueScreen)), None)
        if self.is_web and catalogue is None:
            # From there anything could be run.
            self.show_notification("A browser shows only this; q ends it.")
            return
        if self._shall_go_on("esc", "goes back"):
            return
        recording = self._feed.path if self._feed is not None else None
        ended = await self._close()
        if catalogue is not None:
            catalogue.prefer(recording)
            self.pop_screen()
        else:
            catalogue = CatalogueScreen()
            catalogue.prefer(recording)
            await self.switch_screen(catalogue)
        if ended:
            self.show_notification("The program was stopped; the recording goes up to that point.")

    # Comparing two traces: they are read first, and then shown, over the catalogue or alone.

    async def compare_recordings(self, a: Path, b: Path) -> None:
        """Show two recordings on one scale over the catalogue."""
        await self.compare((str(a), None), (str(b), None), called=(a.stem, b.stem))

    async def compare(
        self, a: tuple[str, str | None], b: tuple[str, str | None], called: tuple[str, str] | None = None
    ) -> None:
        """Read two files, of each the span that is wanted, and show them on one scale; `called`: what they are."""
        feeds: dict[str, Feed] = {}
        try:
            for file, _ in (a, b):
                # Two parts of one trace share one reading: a pipe could not be read twice.
                if file not in feeds:
                    feeds[file] = self._feed_of(file)
        except (OSError, TraceError) as failure:
            for feed in feeds.values():
                feed.close()
            await self.give_up(str(failure))
            return
        names = called or (a[0], b[0])
        one, other = (Asked(name, feeds[file], span) for name, (file, span) in zip(names, (a, b), strict=True))
        self.push_screen(LoadingScreen(one, other, ascii=self.only_ascii))

    def _feed_of(self, file: str) -> Feed:
        """Raise OSError or TraceError if it cannot be read."""
        if file == "-" and self.stream is not None:
            return from_stream(self.stream, False, self.clock)
        if stat.S_ISFIFO(os.stat(file).st_mode) if os.path.exists(file) else False:
            return from_stream(open(file, "rb", buffering=0), False, self.clock)
        return from_file(Path(file), False, self.clock)

    async def show_pair(self, pair: Pair) -> None:
        """Both have been read: show them instead of the progress."""
        await self.switch_screen(ComparisonScreen(pair, clock=self.clock))

    async def give_up(self, sentence: str) -> None:
        """Two traces cannot be compared: say so in the catalogue, or where that is not open, after the end."""
        catalogue = next((screen for screen in self.screen_stack if isinstance(screen, CatalogueScreen)), None)
        if catalogue is None:
            self.fail(TraceError(sentence))
            return
        if isinstance(self.screen, LoadingScreen):
            self.pop_screen()
        self.show_notification(sentence)
        catalogue.refill()

    async def leave_comparison(self) -> None:
        """Back to the catalogue, if that is where it was opened; else that was all."""
        if any(isinstance(screen, CatalogueScreen) for screen in self.screen_stack):
            self.pop_screen()
        else:
            await self.action_quit()

    # The end of the program that is shown, and of the app.

    def _shall_go_on(self, key: str, then: str) -> bool:
        """Whether a program runs that must not be ended yet, since `key` has been pressed for the first time."""
        feed, asked = self._feed, self._asked_to_end
        now_ns = self.clock()
        if feed is None or not feed.started_here or feed.status is not None:
            return False
        if asked is not None and asked[0] == key and now_ns - asked[1] <= _AGAIN_WITHIN_NS:
            return False
        self._asked_to_end = key, now_ns
        self.show_notification(f"The program is still running: {key} again stops it and {then}.")
        return True

    async def _close(self) -> bool:
        """Close the current screen. Return whether that stopped a program."""
        feed, self._feed = self._feed, None
        self._asked_to_end = None
        if feed is None:
            return False
        if isinstance(self.screen, TimelineScreen):
            self.screen.stop()
        running = feed.started_here and feed.status is None
        # It may take a moment until the program is over.
        await asyncio.to_thread(feed.close)
        return running

    async def action_quit(self) -> None:
        if self._shall_go_on("q", "quits"):
            return
        await self._close()
        self.exit()

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.MouseDown) or (isinstance(event, events.Key) and not event.is_forwarded):
            # Before its target gets the key, and not again when it bubbles back.
            if self.screen_stack and isinstance(self.screen, UnboundKeys):
                self.screen.touched()
        if isinstance(event, events.Key) and event.key == "ctrl+c" and self.screen_stack and self.screen.is_modal:
            # Neither keys of the app nor its notifications pass through a dialog in front.
            typed = self.focused.selected_text if isinstance(self.focused, Input) else ""
            if not typed and not self.screen.get_selected_text():
                await self.screen.dismiss()
                await self.action_interrupt()
                return
        await super().on_event(event)

    def action_change_theme(self) -> None:
        self._chooses_theme = True
        super().action_change_theme()

    def _remember_theme(self, name: str) -> None:
        """Only a theme that the user chose: one may also be set for a picture."""
        if self._chooses_theme and name != self.preferences.theme:
            self.preferences.theme = name
            self.preferences.save()

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Textual's, and what a terminal needs that takes no colours, or only ASCII."""
        filters = [known for known in super().get_line_filters() if not isinstance(known, Monochrome)]
        filters += [Colourless()] if self.no_color else []
        return [*filters, Ascii()] if self.only_ascii else filters

    def get_key_display(self, binding: Binding) -> str:
        """Names of keys instead of arrows, where the terminal has none."""
        shown = super().get_key_display(binding)
        # The footer puts keys of a kind side by side.
        return shown if shown.isascii() or not self.only_ascii else f"{binding.key} "

    async def action_interrupt(self) -> None:
        if self._feed is not None and self._feed.awaited:
            # There is nothing yet that could be lost.
            await self.action_quit()
        elif isinstance(self.focused, Input) and not self.screen.is_modal:
            # A q would be typed there.
            self.show_notification("Press Escape to close this, then q to quit.")
        else:
            self.show_notification("Press q to quit.")

    def action_help(self) -> None:
        mouse = {TimelineScreen: keys.MOUSE, ComparisonScreen: keys.COMPARISON_MOUSE}.get(type(self.screen), ())
        self.push_screen(HelpScreen((*self._sections(self.screen), keys.GENERAL), mouse=mouse, ascii=self.only_ascii))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Whatever a key does on that screen, by its name."""
        for section in (*self._sections(screen), keys.GENERAL):
            if section in (keys.LIST, keys.SEQUENCE, keys.FINDINGS, keys.CHOICES, keys.MARKS, keys.PAGES):
                continue
            for binding in section.bindings:
                if binding.action != "app.command_palette" and _is_on(screen, binding.action):
                    keys_of_it = " or ".join(map(self.get_key_display, binding.make_bindings([binding])))
                    yield SystemCommand(binding.tooltip, f"Press {keys_of_it}", _running(screen, binding.action))
        if isinstance(screen, TimelineScreen):
            for what, action in keys.BY_NAME:
                if _is_on(screen, action):
                    yield SystemCommand(what, "", _running(screen, action))
        if isinstance(screen, Exporting):
            for what, action in keys.EXPORT:
                yield SystemCommand(what, "", _running(screen, action))
        for command in super().get_system_commands(screen):
            if command.title in _TEXTUAL_COMMANDS:
                yield command

    def _sections(self, screen: Screen[Any]) -> tuple[keys.Section, ...]:
        found: tuple[keys.Section, ...] = getattr(screen, "SECTIONS", ())
        return found

    def deliver_screenshot(
        self, filename: str | None = None, path: str | None = None, time_format: str | None = None
    ) -> str | None:
        """Save a picture of the screen among the downloads, or else here, and say where, or why not."""
        if self.is_web:
            # To the browser that shows it.
            return super().deliver_screenshot(filename, path, time_format)
        downloads = user_downloads_path()
        folder = path or (str(downloads) if downloads.is_dir() else os.curdir)
        try:
            saved = self.save_screenshot(filename, folder, time_format)
        except OSError as error:
            self.show_notification(f"Cannot save the screenshot in {os.path.abspath(folder)!r}: {why(error)}.")
        else:
            self.show_notification(f"The screenshot is saved: {os.path.abspath(saved)}")
        return None

    def fail(self, failure: OSError | TraceError) -> None:
        """Quit, and have `run` raise it."""
        self._failure = failure
        self.exit()

    def show_notification(self, sentence: str) -> None:
        """Show a notification for a few seconds."""
        # Replaces the last notification: a key that is held down must not fill the screen. What is shown is a
        # message that comes behind the keys that wait already, so that these are waited for: the last has the word.
        if not self._next_notification:
            self.call_later(self._notify)
        self._next_notification = sentence

    def _notify(self) -> None:
        sentence, self._next_notification = self._next_notification, ""
        self.clear_notifications()
        self.notify(plain(sentence), markup=False)


def _is_on(screen: Screen[Any], action: str) -> bool:
    """Whether it can be done at this moment, in the view that is in front."""
    return bool(screen.check_action(action.partition("(")[0], ()))


def _running(screen: Screen[Any], action: str) -> Callable[[], Any]:
    return lambda: screen.run_action(action)
