"""Two traces on their way into a comparison: how far each has been read."""

from __future__ import annotations

import asyncio
from typing import NamedTuple

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.screen import Screen
from textual.widgets import ProgressBar, Static

from visualizer.analysis.explore.spans import part_of
from visualizer.analysis.report.comparison import compare
from visualizer.analysis.text.printable import plain
from visualizer.tui import keys
from visualizer.tui.shell import shell
from visualizer.tui.state.feed import Feed
from visualizer.tui.state.pair import SIDES, Pair
from visualizer.tui.widgets.footer import Footer

#: When there is nothing to read yet, so long is waited for it.
_PAUSE_S = 0.02


class Asked(NamedTuple):
    """A side: what its file is called, the trace there, and the part of it that is wanted; None: all of it."""

    file: str
    feed: Feed
    span: str | None = None

    @property
    def name(self) -> str:
        return self._of_span(self.file)

    @property
    def argument(self) -> str | None:
        """What `compare` takes for it; None if it is in no file."""
        return self._of_span(str(self.feed.path)) if self.feed.path is not None else None

    def _of_span(self, file: str) -> str:
        return file if self.span is None else f"{file}@{self.span}"


class LoadingScreen(Screen[None]):
    """Reads both, compares them, and calls the app's `show_pair`, or `give_up` with one sentence.

    Of a trace that is compared with another part of itself, both sides have the same feed.
    """

    SECTIONS = (keys.LOADING,)
    BINDINGS = keys.bindings([keys.LOADING])

    def __init__(self, a: Asked, b: Asked, *, ascii: bool = False) -> None:
        super().__init__()
        self._sides = (a, b)
        self._ascii = ascii
        self._feeds = [a.feed] if a.feed is b.feed else [a.feed, b.feed]
        self._bars = [ProgressBar(total=1, show_eta=False) for _ in self._feeds]
        self._counts = [Static(classes="count", markup=False) for _ in self._feeds]
        self._doing = Static("Reading…" if not ascii else "Reading...", id="doing", markup=False)

    def compose(self) -> ComposeResult:
        with Vertical(id="loading"):
            yield self._doing
            for number, (bar, count) in enumerate(zip(self._bars, self._counts, strict=True)):
                letters = SIDES[number] if len(self._feeds) > 1 else " and ".join(SIDES)
                named = self._sides[number].name if len(self._feeds) > 1 else self._sides[0].file
                yield Static(Content.assemble((f"{letters}  ", "bold"), plain(named)), classes="name")
                yield bar
                yield count
        yield Footer()

    def on_mount(self) -> None:
        self.run_worker(self._load())

    def on_unmount(self) -> None:
        for feed in self._feeds:
            feed.close()

    async def action_back(self) -> None:
        await shell(self).leave_comparison()

    async def _load(self) -> None:
        while any(feed.live for feed in self._feeds):
            arrived = [feed.poll() for feed in self._feeds]
            self._show_progress()
            # Whoever quits meanwhile shall not have to wait.
            await asyncio.sleep(0 if any(arrived) else _PAUSE_S)
            if not self.is_attached:
                return
        error = next((feed.error for feed in self._feeds if feed.error is not None), None)
        if error is not None:
            self.app.call_later(shell(self).give_up, error)
            return
        self._doing.update("Comparing…" if not self._ascii else "Comparing...")
        try:
            a, b = (part_of(side.feed.timeline, side.file, side.span) for side in self._sides)
        except ValueError as failure:
            self.app.call_later(shell(self).give_up, str(failure))
            return
        found = await asyncio.to_thread(compare, a, b)
        if self.is_attached:
            letters = SIDES if len(self._feeds) > 1 else ("",)
            notices = [
                f"{letter}  {notice}".strip()
                for letter, feed in zip(letters, self._feeds, strict=True)
                for notice in feed.notices
            ]
            names = (self._sides[0].name, self._sides[1].name)
            one, other = (side.argument for side in self._sides)
            files = (one, other) if one is not None and other is not None else None
            pair = Pair(a, b, names, ascii=self._ascii, found=found, notices=notices, files=files)
            # Not from here: this ends with the screen that is replaced.
            self.app.call_later(shell(self).show_pair, pair)

    def _show_progress(self) -> None:
        for feed, bar, count in zip(self._feeds, self._bars, self._counts, strict=True):
            progress = feed.progress if feed.live else 1.0
            # The size of a pipe's contents is not known before its end.
            bar.update(total=None if progress is None else 1, progress=progress or 0)
            count.update(f"{feed.timeline.switch_count:,} switches")
