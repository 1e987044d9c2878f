"""When a viewer paused the program, and for how long: times in the trace leave that out."""

from __future__ import annotations

from bisect import bisect_right

_NS_PER_S = 1_000_000_000


class Pauses:
    """The pauses of one program, in order. Times are those of the trace, in nanoseconds; pauses are real time."""

    def __init__(self) -> None:
        #: Where its clock stopped, and the total length of pauses when it went on from there.
        self._at_ns: list[int] = []
        self._paused_ns: list[int] = []
        #: Where the clock stands, while the program is paused.
        self.since_ns: int | None = None

    def pause(self, t_ns: int, paused_ns: int) -> None:
        """The program is paused at `t_ns`. `paused_ns`: the total length of earlier pauses."""
        # A line may be lost.
        self._at_ns.append(max(t_ns, self._at_ns[-1] if self._at_ns else t_ns))
        self._paused_ns.append(max(paused_ns, self.paused_ns))
        self.since_ns = t_ns

    def resume(self, t_ns: int, paused_ns: int) -> None:
        """It resumes. `paused_ns`: the total length of pauses so far."""
        if self.since_ns is None:
            self.pause(t_ns, self.paused_ns)
        self._paused_ns[-1] = max(paused_ns, self._paused_ns[-1])
        self.since_ns = None

    @property
    def paused_ns(self) -> int:
        """The total length of the pauses that are over."""
        return self._paused_ns[-1] if self._paused_ns else 0

    def clock_ns(self, running_ns: int) -> int:
        """The program's clock when it would be `running_ns` without any pause."""
        return running_ns - self.paused_ns if self.since_ns is None else self.since_ns

    def between(self, start_ns: int, end_ns: int) -> tuple[int, int]:
        """How often it was paused after `start_ns` and up to `end_ns`, and for how long."""
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
