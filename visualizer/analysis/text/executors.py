"""Where the time went that somebody waited for a call which a ThreadPoolExecutor made."""

from __future__ import annotations

from visualizer.analysis.model.timeline import Suspension, Timeline, Wakeup
from visualizer.analysis.text.durations import duration

#: What took no longer than that is not told.
_JUST_NS = 1_000_000


def in_pool(timeline: Timeline, wakeup: Wakeup, suspension: Suspension, t_ns: int) -> str:
    """What to add of the wait that was over by `wakeup`, when the track ran again at `t_ns`, such as ": 1.2 s in the
    queue of ThreadPoolExecutor 1 (its workers were busy with save), 0.3 s in pool_0"; "" if that was no such call, or
    it had not to wait."""
    call = timeline.pool_calls.ended(wakeup.waker, wakeup.t_ns, suspension)
    if call is None:
        return ""
    queued_ns, ran_ns = call.begun_ns - max(suspension.t_ns, call.given_ns), wakeup.t_ns - call.begun_ns
    parts = [f"{duration(ran_ns, 2)} in {timeline.name(wakeup.waker, wakeup.t_ns)}"]
    # A worker that has only just been started, or is free, takes a moment to begin.
    if queued_ns >= _JUST_NS or (queued_ns > 0 and (call.behind or call.ahead)):
        why = [f"its workers were busy with {', '.join(call.behind)}"] if call.behind else []
        if call.ahead:
            calls = "1 call" if call.ahead == 1 else f"{call.ahead} calls"
            why.append(f"behind {calls} given before")
        behind = f" ({'; '.join(why)})" if why else ""
        parts.insert(0, f"{duration(queued_ns, 2)} in the queue of {call.pool}{behind}")
    if t_ns - wakeup.t_ns >= _JUST_NS:
        parts.append(f"{duration(t_ns - wakeup.t_ns, 2)} until it ran again")
    return f": {', '.join(parts)}"
