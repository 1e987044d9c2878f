"""What a screen may ask of the app around it: the app knows its screens, they know only this."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

if TYPE_CHECKING:
    from textual.screen import Screen

    from visualizer.session.target import Target
    from visualizer.tui.state.pair import Pair


@runtime_checkable
class Shell(Protocol):
    """The app, as its screens see it."""

    @property
    def only_trace(self) -> bool:
        """Whether others see what is shown, which is then nothing of this machine but the trace."""

    def watch_target(self, target: Target, hold: bool = False) -> None:
        """Run `target` and show it over the catalogue; `hold`: it is paused at its first switch."""

    def watch_recording(self, path: Path) -> None:
        """Show a recording over the catalogue."""

    def show_notification(self, sentence: str) -> None:
        """Show a notification for a few seconds."""

    async def back_to_catalogue(self) -> None:
        """Leave the timeline."""

    async def compare_recordings(self, a: Path, b: Path) -> None:
        """Show two recordings on one scale over the catalogue."""

    async def show_pair(self, pair: Pair) -> None:
        """Both sides of a comparison have been read: show them."""

    async def give_up(self, sentence: str) -> None:
        """Two traces cannot be compared; the sentence says why."""

    async def leave_comparison(self) -> None:
        """Back to the catalogue if the comparison was opened there, else quit."""


def shell(screen: Screen[Any]) -> Shell:
    """The app that shows `screen`."""
    app = screen.app
    assert isinstance(app, Shell)
    return app
