"""When whoever watches a program paused it, and for how long: times in the trace leave that out."""

from __future__ import annotations

from bisect import bisect_right

_NS_PER_S = 1_000_000_000


class Pauses:
    """The stops of one program, in order. All times are those of the trace, in nanoseconds, but for what is paused."""

    def __init__(self) -> None:
        #: Where its clock stood, and how long it had stood in all when it went on from there.
        self._at_ns: list[int] = []
        self._paused_ns: list[int] = []
        #: Where it stands, if it does.
        self.since_ns: int | None = None

    def pause(self, t_ns: int, paused_ns: int) -> None:
        """The program is paused at `t_ns`, having been paused for `paused_ns` before."""
        # A line may be lost.
        self._at_ns.append(max(t_ns, self._at_ns[-1] if self._at_ns else t_ns))
        self._paused_ns.append(max(paused_ns, self.paused_ns))
        self.since_ns = t_ns

    def resume(self, t_ns: int, paused_ns: int) -> None:
        """It goes on, having been paused for `paused_ns` by now."""
        if self.since_ns is None:
            self.pause(t_ns, self.paused_ns)
        self._paused_ns[-1] = max(paused_ns, self._paused_ns[-1])
        self.since_ns = None

    @property
    def paused_ns(self) -> int:
        """For how long it was paused in all, as far as that is over."""
        return self._paused_ns[-1] if self._paused_ns else 0

    def clock_ns(self, running_ns: int) -> int:
        """What its clock says when it would say `running_ns`, had it never been paused."""
        return running_ns - self.paused_ns if self.since_ns is None else self.since_ns

    def between(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """How often it was paused behind the one time and not behind the other, and for how long."""
        first, last = bisect_right(self._at_ns, start_ns), bisect_right(self._at_ns, end_ns)
        before_ns = self._paused_ns[first - 1] if first else 0
        return last - first, self._paused_ns[last - 1] - before_ns if last > first else 0

    @property
    def sentence(self) -> str | None:
        """How often, and how long; None if it was never paused."""
        count = len(self._at_ns)
        if not count:
            return None
        times = "once" if count == 1 else f"{count} times"
        total_s = self.paused_ns / _NS_PER_S
        text = f"The program was paused {times}, for {total_s:.3f} s in total, which its times exclude"
        return f"{text}." if self.since_ns is None else f"{text}; the trace ends during a pause."
