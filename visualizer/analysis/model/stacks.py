"""Who runs inside whom.

A *strand* is a stack: a thread's own, or a greenlet's. At its bottom is the thread's or the greenlet's track, above it
are the generators it is in the middle of (PEP 342: a generator runs on the stack of its resumer). Each OS thread is on
one strand at a time.
"""

from __future__ import annotations

from visualizer.trace import words


class Strands:
    """The strands of all threads. Tracks are ids; a strand goes by that of its bottom."""

    def __init__(self) -> None:
        #: The thread on which things happen now.
        self.thread = words.NOBODY
        self._strands: dict[int, list[int]] = {}
        self._of_thread: dict[int, int] = {}

    def of(self, bottom: int) -> list[int]:
        """The strand of a thread or greenlet, begun if it is new."""
        strand = self._strands.get(bottom)
        if strand is None:
            strand = self._strands[bottom] = [bottom]
        return strand

    def now(self) -> list[int]:
        """The strand that the thread is on."""
        return self.of(self.bottom())

    def current(self) -> int:
        """The track that runs on the thread."""
        return self.now()[-1]

    def bottom(self) -> int:
        """The thread or greenlet whose strand the thread is on."""
        return self._of_thread.get(self.thread, self.thread)

    def top(self, track: int) -> int:
        """The generator that `track` is in the middle of, if it is the bottom of a strand; else itself."""
        strand = self._strands.get(track)
        return strand[-1] if strand else track

    def go_to(self, bottom: int) -> None:
        """The thread goes on with another strand."""
        self._of_thread[self.thread] = bottom

    def leave(self, generator: int) -> tuple[int, list[int]]:
        """Take `generator` off the thread's strand.

        Return who is then on top (-1 if the generator was not there), and who stood above it: a complete trace has
        taken those off before.
        """
        strand = self.now()
        if strand[-1] == generator and len(strand) > 1:
            del strand[-1]
            return strand[-1], []
        if generator not in strand[1:]:
            return words.NOBODY, []
        depth = strand.index(generator, 1)
        lost = strand[depth + 1 :]
        del strand[depth:]
        return strand[-1], lost

    def cut(self, bottom: int) -> list[int]:
        """A thread or greenlet ends. Return who still stood on its strand; a complete trace has nobody there."""
        strand = self._strands.get(bottom)
        if strand is None:
            return []
        lost = strand[1:]
        del strand[1:]
        return lost


def returns_by(outcome: str, closed: bool) -> str:
    """By which cause control is back with the resumer of a generator that ended so. `closed`: it was to be closed."""
    if outcome == words.RETURNED:
        return words.RETURN
    return words.CLOSE if outcome == words.CLOSED and closed else words.RAISE
