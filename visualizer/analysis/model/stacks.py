"""Who runs inside whom.

A *stack* is a thread's own, or a greenlet's. At its bottom is the thread's or the greenlet's track, above it are the
generators it is in the middle of (PEP 342: a generator runs on the stack of its resumer). Each OS thread is on one
stack at a time.
"""

from __future__ import annotations

from typing import NamedTuple

from visualizer.trace import words


class Standing(NamedTuple):
    """Who stands where at a moment, on the stacks of all threads."""

    #: A thread; at the bottom of which stack it is, and who runs there.
    thread: int
    bottom: int
    current: int
    #: Of each track on a stack of several, all that stand on that, from the bottom up.
    stacks: dict[int, list[int]]
    #: Generators that are being closed.
    closing: frozenset[int]


#: Nothing is known of where anybody stands.
NOWHERE = Standing(words.NOBODY, words.NOBODY, words.NOBODY, {}, frozenset())


class Stacks:
    """The stacks of all threads. Tracks are ids; a stack goes by that of its bottom."""

    def __init__(self) -> None:
        #: The thread on which things happen now.
        self.thread = words.NOBODY
        #: Bottom -> its stack, from the bottom up; where there is none, the bottom stands alone.
        self.stacks: dict[int, list[int]] = {}
        #: Thread -> the bottom of the stack that it is on; where there is none, its own.
        self.of_thread: dict[int, int] = {}
        #: Generators that are being closed.
        self.closing: set[int] = set()

    @property
    def bottom(self) -> int:
        """The thread or greenlet whose stack the thread is on."""
        return self.of_thread.get(self.thread, self.thread)

    @property
    def current(self) -> int:
        """The track that runs on the thread."""
        return self.stack(self.bottom)[-1]

    def stack(self, bottom: int) -> list[int]:
        """The stack of a thread or greenlet, begun if it is new."""
        stack = self.stacks.get(bottom)
        if stack is None:
            stack = self.stacks[bottom] = [bottom]
        return stack

    def go_to(self, bottom: int) -> None:
        """The thread goes on with another stack."""
        self.of_thread[self.thread] = bottom

    def standing(self, thread: int) -> Standing:
        """Who stands where now, and on that thread."""
        stacks = [[*stack] for stack in self.stacks.values() if len(stack) > 1]
        of_track = {track: stack for stack in stacks for track in stack}
        bottom = self.of_thread.get(thread, thread)
        current = of_track.get(bottom, [bottom])[-1]
        return Standing(thread, bottom, current, of_track, frozenset(self.closing))

    def tidy(self) -> None:
        """Forget the stacks of those that stand alone."""
        if self.stacks:
            self.stacks = {bottom: stack for bottom, stack in self.stacks.items() if len(stack) > 1}


def returns_by(outcome: str, closed: bool) -> str:
    """By which cause control is back with the resumer of a generator that ended so. `closed`: it was to be closed."""
    if outcome == words.RETURNED:
        return words.RETURN
    return words.CLOSE if outcome == words.CLOSED and closed else words.RAISE
