"""Keys that come faster than they can be done: pasted, or played by a script."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import partial
from typing import Any

from textual import events
from textual.app import App
from textual.message import Message
from textual.screen import Screen
from textual.widgets import Input

#: Typed text is answered by messages from widget to widget, and a new screen begins by some: so often all are awaited.
_ROUNDS = 3
#: A widget that is removed may take the message with it. A key that only takes long is waited for: the next would
#: land on the wrong screen.
_PATIENCE_S = 2


@dataclass
class KeyDone(Message):
    """Goes the way of a key, behind it: from the focus up to the app."""

    key: int
    rounds: int


class TypingAhead(App[int]):
    """A key is looked at only when the one before has done what it does: it may open a line in which this is typed."""

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key] = deque()
        #: Number of the key that is being done, 0 if none is, and of the last.
        self._doing = 0
        self._last = 0
        #: On which screen it was pressed.
        self._pressed_on: Screen[Any] | None = None

    async def on_event(self, event: events.Event) -> None:
        if not isinstance(event, events.Key) or event.is_forwarded or not self.screen_stack:
            await super().on_event(event)
        elif self._doing:
            self._typed.append(event)
        else:
            await self._do(event)

    async def _do(self, key: events.Key) -> None:
        self._last += 1
        number = self._doing = self._last
        self._pressed_on = self.screen
        rounds = _ROUNDS if isinstance(self.focused, Input) else 0
        self.set_timer(_PATIENCE_S, partial(self._next, number))
        await super().on_event(key)
        self._wait(number, rounds)

    def _wait(self, number: int, rounds: int) -> None:
        target = (self.focused or self.screen) if self.screen_stack else None
        if target is None or not target.post_message(KeyDone(number, rounds)):
            self.call_later(self._next, number)

    def on_key_done(self, message: KeyDone) -> None:
        if message.key != self._doing or not self.screen_stack:
            return
        rounds = message.rounds
        if self.screen is not self._pressed_on:
            self._pressed_on, rounds = self.screen, _ROUNDS
        if rounds:
            self._wait(message.key, rounds - 1)
        else:
            # Behind what the key had the app do later, such as to move the focus.
            self.call_later(self._next, message.key)

    async def _next(self, number: int) -> None:
        if number != self._doing:
            return
        if self._typed:
            await self._do(self._typed.popleft())
        else:
            self._doing = 0
