"""How two traces come to be compared: read first, and then shown, over the catalogue or alone."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from textual.app import App

from visualizer.trace.source import TraceError
from visualizer.tui.screens.catalogue import CatalogueScreen
from visualizer.tui.screens.comparison import ComparisonScreen
from visualizer.tui.screens.loading import Asked, LoadingScreen
from visualizer.tui.state.feed import Feed, from_file, from_stream
from visualizer.tui.state.pair import Pair


class Comparing(App[int]):
    """What an app does that can compare."""

    stream: BinaryIO | None
    clock: Callable[[], int]
    only_ascii: bool

    def show_notification(self, sentence: str) -> None:
        """Show a notification for a few seconds."""
        raise NotImplementedError

    def fail(self, failure: OSError | TraceError) -> None:
        """Quit: there is nothing to show. The sentence is printed after the end."""
        raise NotImplementedError

    async def compare_recordings(self, a: Path, b: Path) -> None:
        """Show two recordings on one scale over the catalogue."""
        await self.compare((str(a), None), (str(b), None), called=(a.stem, b.stem))

    async def compare(
        self, a: tuple[str, str | None], b: tuple[str, str | None], called: tuple[str, str] | None = None
    ) -> None:  # fmt: skip
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
