"""When whoever watches a program held it, and for how long: times in the trace leave that out."""

from __future__ import annotations

from bisect import bisect_right

_NS_PER_S = 1_000_000_000


class Pauses:
    """The stops of one program, in order. All times are those of the trace, in nanoseconds, but for what is held."""

    def __init__(self) -> None:
        #: Where its clock stood, and how long it had stood in all when it went on from there.
        self._at_ns: list[int] = []
        self._held_ns: list[int] = []
        #: Where it stands, if it does.
        self.since_ns: int | None = None

    def hold(self, t_ns: int, held_ns: int) -> None:
        """The program is held at `t_ns`, having been held for `held_ns` before."""
        # A line may be lost.
        self._at_ns.append(max(t_ns, self._at_ns[-1] if self._at_ns else t_ns))
        self._held_ns.append(max(held_ns, self.held_ns))
        self.since_ns = t_ns

    def go_on(self, t_ns: int, held_ns: int) -> None:
        """It goes on, having been held for `held_ns` by now."""
        if self.since_ns is None:
            self.hold(t_ns, self.held_ns)
        self._held_ns[-1] = max(held_ns, self._held_ns[-1])
        self.since_ns = None

    @property
    def held_ns(self) -> int:
        """For how long it was held in all, as far as that is over."""
        return self._held_ns[-1] if self._held_ns else 0

    def clock_ns(self, running_ns: int) -> int:
        """What its clock says when it would say `running_ns`, had it never been held."""
        return running_ns - self.held_ns if self.since_ns is None else self.since_ns

    def between(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """How often it was held behind the one time and not behind the other, and for how long."""
        first, last = bisect_right(self._at_ns, start_ns), bisect_right(self._at_ns, end_ns)
        before_ns = self._held_ns[first - 1] if first else 0
        return last - first, self._held_ns[last - 1] - before_ns if last > first else 0

    @property
    def sentence(self) -> str | None:
        """How often, and how long; None if it was never held."""
        count = len(self._at_ns)
        if not count:
            return None
        times = "once" if count == 1 else f"{count} times"
        told = f"The program was paused {times}, for {self.held_ns / _NS_PER_S:.3f} s in total, which its times exclude"
        return f"{told}." if self.since_ns is None else f"{told}; the trace ends during a pause."
