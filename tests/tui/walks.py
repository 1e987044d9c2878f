"""Keys that are pressed one after another in one app: what is seen after each is said beside it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

S = TypeVar("S", bound=Screen[None])
#: A key, what is looked at on the screen, and what that is afterwards.
Look = tuple[str, Callable[[S], object], object]
#: A key alone only leads on.
Walk = Sequence[str | Look[S]]


def looked_at(*walks: Walk[S]) -> set[str]:
    """The keys of which it is said what they do."""
    return {step[0] for walk in walks for step in walk if not isinstance(step, str)}


async def go(
    pilot: Pilot[int],
    screen: S,
    walk: Walk[S],
    *,
    settle: Callable[[], Awaitable[object]] | None = None,
    before: Callable[[str], None] = lambda key: None,
    after: Callable[[Look[S]], None] = lambda step: None,
) -> None:
    """Press the keys of `walk`. `settle` waits for what one brings about; `before` and `after` look at more of each."""
    for number, step in enumerate(walk):
        if isinstance(step, str):
            await pilot.press(step)
            continue
        key, says, expected = step
        was = says(screen)
        before(key)
        await pilot.press(key)
        await (settle or pilot.pause)()
        assert says(screen) == expected, f"step {number}, {key}: it was {was}"
        after(step)
