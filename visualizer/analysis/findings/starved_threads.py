"""Threads that could run most of the time and hardly did, since others of their process ran."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import numpy as np

from visualizer.analysis.findings.base import (
    NAMED_NS,
    STARVED_AGAIN,
    STARVED_NS,
    STARVED_SHARE,
    Finding,
    finding,
    function_of,
    suspension_before,
)
from visualizer.analysis.findings.collector import Observed
from visualizer.analysis.findings.kept_off import kept_off
from visualizer.analysis.model.timeline import State, Timeline, Track
from visualizer.analysis.text.durations import duration
from visualizer.trace import words

#: Beside a single other one, the interpreter gives a thread its turn long before NAMED_NS.
_FEWEST = 2
#: The rest of that time it mostly waits for what it does again and again.
_SHARE = 0.5


def starved_threads(timeline: Timeline, observed: Observed) -> Iterator[Finding]:
    """Of threads without a hub or loop: STARVED_AGAIN times NAMED_NS or longer from the end of a wait until it ran, for
    STARVED_NS in total, STARVED_SHARE of its life, and _SHARE of the time from the first of these to the last, while
    others of its process were seen to run, each for longer.

    Not counted, nor as parts of these: the times for which one thread kept the interpreter, and for which the machine
    is known to have run other programs.
    """
    off, hubs = kept_off(timeline, observed), {timeline.tracks[hub].parent for hub in timeline.tracks.scheduling()}
    threads = [one for one in timeline.tracks.of_kind(words.THREAD) if one.id not in hubs]
    for track in threads if len(threads) > _FEWEST else ():
        slices, until_ns = track.slices, track.exit_ns if track.exit_ns >= 0 else timeline.last_ns
        start_ns, state = np.asarray(slices.start_ns), np.asarray(slices.state)
        (ready,) = np.nonzero(state[:-1] == State.READY)
        ready = ready[start_ns[ready + 1] - start_ns[ready] >= NAMED_NS]
        if len(ready) < STARVED_AGAIN:
            continue
        since_ns, ran_ns = start_ns[ready], start_ns[ready + 1]
        lost_ns = ran_ns - since_ns - off.of_ns(track.id, since_ns, ran_ns)
        since_ns, ran_ns, lost_ns = (column[lost_ns >= NAMED_NS] for column in (since_ns, ran_ns, lost_ns))
        if len(lost_ns) < STARVED_AGAIN:
            continue
        times_ns = np.array([(track.spawn_ns, since_ns[0]), (until_ns, ran_ns[-1])])
        total_ns, (life_ns, span_ns) = int(lost_ns.sum()), times_ns[1] - times_ns[0] - off.of_ns(track.id, *times_ns)
        if total_ns < max(STARVED_NS, STARVED_SHARE * life_ns, _SHARE * span_ns):
            continue
        others = [one for one in threads if one.process == track.process and one is not track]
        waits = list(zip(since_ns.tolist(), ran_ns.tolist(), strict=True))
        ran = _seen(timeline, track, others, waits)
        if len(ran) < _FEWEST:
            continue
        worst = int(lost_ns.argmax())
        function, count = Counter(function_of(timeline, one) for one in ran).most_common(1)[0]
        several = len(ran) - count
        who = f"{count} × {function}" + (f" and {several} other{'s' * (several > 1)}" if several else "")
        share = min(100, round(100 * total_ns / max(1, until_ns - track.spawn_ns)))
        sentence = (
            f"{timeline.name(track.id)} was ready but did not run for {duration(total_ns, 2)}, {share}% of its life, "
            f"at most {duration(int(lost_ns[worst]), 2)} at once, while {who} ran (inferred: it had ended its wait, "
            "and they were seen to run)"
        )
        suspension = suspension_before(timeline, track, waits[worst][0] + 1)
        place = suspension.place if suspension is not None else track.place
        tracks = (track.id, *(one.id for one in ran))
        yield finding("starvation", sentence, tracks, waits[worst][0], place, total_ns, (track.id,))


def _seen(timeline: Timeline, track: Track, others: list[Track], waits: list[tuple[int, int]]) -> list[Track]:
    """Which of the others ran in one of these waits, were sampled from the first of them on, up to the end of what they
    did in the last, and ran for more than twice as long as it did."""
    until_ns = track.exit_ns if track.exit_ns >= 0 else timeline.last_ns

    def ran_ns(one: Track, since_ns: int = track.spawn_ns, until_ns: int = until_ns) -> int:
        return one.slices.spent_ns(State.RUNNING, until_ns, since_ns)

    def seen(one: Track) -> int:
        after = one.slices.at(waits[-1][1]) + 1
        end_ns = one.slices.start_ns[after] if after < len(one.slices) else timeline.last_ns
        return len(timeline.samples.between(one.id, waits[0][0], end_ns))

    own_ns = ran_ns(track)
    return [
        one for one in others if ran_ns(one) > 2 * own_ns and seen(one) and any(ran_ns(one, *wait) for wait in waits)
    ]
