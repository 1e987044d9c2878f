"""What a terminal is sent for the screen of the timeline, or of a talk, while one goes from moment to moment."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from functools import partial

from rich.console import Console
from textual.app import App
from textual.pilot import Pilot

from visualizer.analysis.explore.marks import Marks
from visualizer.session.preferences import Preferences
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.presenting import PresentingScreen
from visualizer.tui.screens.timeline import TimelineScreen
from visualizer.tui.state.feed import already_read
from visualizer.tui.state.talk import Talk
from visualizer.tui.terminal.styles import ASCII

#: The screen is that of a terminal with all colours, whatever the one is from which this is done.
_CONSOLE = Console(color_system="truecolor", force_terminal=True)
#: A message brings about others, and these a new layout: it is done when so often nothing more has changed.
_QUIET_ROUNDS = 3
_PAUSE_S = 0.01


def film(
    talk: Talk, moments: Sequence[tuple[int, int]], size: tuple[int, int], dark: bool, presented: bool = False
) -> list[str]:
    """For each moment the text that changes a terminal of `size` (columns, rows) from the one before to it; the first
    is written on an empty terminal. A moment is the number of the last switch of the talk's timeline, from 0, -1
    before the first, and when it is. It does not take the time that it would on a screen, and is the same each time."""
    header, timeline = talk.part.timeline.header, talk.part.timeline
    name = talk.title or (header.target if header is not None else "")
    shown = {"talk": talk} if presented else {"feed": already_read(timeline, name)}
    app = VisualizerApp(**shown, clock=int)
    # Not as the user of this machine, or its terminal, has it.
    app.preferences, app.no_color, app.only_ascii = Preferences(hinted=True), False, False
    app.remove_class(ASCII)
    app.theme = "textual-dark" if dark else "textual-light"
    shots: list[str] = []
    shoot = partial(_shoot, talk=talk, moments=moments, shots=shots)
    asyncio.run(app.run_async(headless=True, size=size, auto_pilot=shoot))
    return shots


async def _shoot(pilot: Pilot[int], talk: Talk, moments: Sequence[tuple[int, int]], shots: list[str]) -> None:
    app, screen = pilot.app, pilot.app.screen
    if isinstance(screen, TimelineScreen):
        await _prepare(pilot, screen, talk)
    else:
        assert isinstance(screen, PresentingScreen), "the app was given a feed or a talk"
        screen.is_filmed = True
    view = screen.view
    before = [""] * app.size.height
    for switch, t_ns in moments:
        if switch >= 0 and view.timeline.switch_ns[switch] == t_ns:
            view.go(switch)
        else:
            view.go_to_time(t_ns)
        if isinstance(screen, TimelineScreen) and (mark := view.marks.at(t_ns)) is not None:
            screen.message_here(mark.line)
        screen.look()
        lines = await _settled(pilot)
        changed = (f"\x1b[{row}H{line}" for row, line in enumerate(lines, 1) if line != before[row - 1])
        shots.append("".join(changed))
        before = lines
    app.exit()


async def _prepare(pilot: Pilot[int], screen: TimelineScreen, talk: Talk) -> None:
    """Show what the talk shows."""
    view = screen.view
    view.marks = Marks(talk.marks)
    await screen.findings()
    while view.problems_ns is None:
        # The pane that counts them takes pauses.
        await pilot.pause(_PAUSE_S)
    await _settled(pilot)
    if talk.as_sequence:
        screen.action_sequence()
    if talk.axis is not None:
        view.take_axis(talk.axis)
    if not talk.part.is_whole:
        view.show_part(talk.part)


async def _settled(pilot: Pilot[int]) -> list[str]:
    """The lines of the screen, as soon as all is drawn that is to be."""
    lines, quiet = _lines(pilot.app), 0
    while quiet < _QUIET_ROUNDS:
        await pilot.pause(0)
        now = _lines(pilot.app)
        lines, quiet = now, quiet + 1 if now == lines else 0
    return lines


def _lines(app: App[int]) -> list[str]:
    # As Textual's own screenshots have it; there is no public way.
    return [strip.render(_CONSOLE) for strip in app.screen._compositor.render_strips()]
