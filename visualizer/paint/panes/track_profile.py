"""One track in depth, as lines: its states as a bar, its steps and latencies as histograms, what it waited for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from visualizer.analysis.model.timeline import State
from visualizer.analysis.report.details import spread
from visualizer.analysis.report.track_times import TrackTimes
from visualizer.analysis.text.durations import duration
from visualizer.analysis.text.printable import plain
from visualizer.paint.panes.bars import bar, histogram, share_bar
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.cell_width import fit
from visualizer.paint.text.palette import STYLE_OF

#: Cells of the words in front.
_HEAD = 9
#: At most this many reasons of waits are listed, the longest first.
_REASONS = 5
_LONGEST_BAR = 30
_NS_PER_S = 1_000_000_000


def profile(lengths: TrackTimes, width: int, *, ascii: bool = False) -> Iterator[list[Run]]:
    """The lines, each of at most `width` cells."""
    room = max(8, width - _HEAD)
    spent = {State(state): float(spent_ns) for state, spent_ns in lengths.spent_ns.items() if spent_ns > 0}
    life_ns = sum(spent.values())
    if not spent:
        # It began after the span, or had ended before.
        yield [_head("life"), Run("none of it in this time", "dim")]
        return
    yield [_head("life"), *share_bar(spent, life_ns, min(room, 2 * _LONGEST_BAR), ascii=ascii)]
    yield [_head(""), *_shares(spent, life_ns, room)]
    yield from _spread("ran", lengths.steps_ns, "running", room, ascii)
    yield from _spread("delay", lengths.latencies_ns, "ready", room, ascii)
    if lengths.late_ns > 0:
        longest, total = duration(lengths.late_max_ns, 2), duration(lengths.late_ns, 2)
        said = f"max {longest}, {total} in total behind its timers"
        yield [_head("late"), Run(fit(said if len(said) <= room else f"max {longest}", room).rstrip(), "text")]
    by_reason: Counter[str] = Counter()
    for of, waited_ns in lengths.waited_ns.items():
        by_reason[of.reason] += waited_ns
    waited = [(reason, waited_ns) for reason, waited_ns in by_reason.most_common() if waited_ns > 0]
    shown = waited[:_REASONS]
    for number, (reason, waited_ns) in enumerate(shown):
        size = max(4, min(_LONGEST_BAR, room - 20))
        named = fit(plain(reason), min(10, max(4, room - size - 9)))
        yield [
            _head("waited" if number == 0 else ""),
            Run(f"{named} ", "text"),
            bar(waited_ns, shown[0][1], size, STYLE_OF[State.WAITING], ascii=ascii),
            Run(f" {duration(waited_ns, 2)}", "text"),
        ]
    if left := len(waited) - len(shown):
        yield [_head(""), Run(f"and {left} more reason{'s' if left > 1 else ''}", "dim")]


def _head(text: str) -> Run:
    return Run(fit(f" {text}", _HEAD), "dim")


def _shares(spent: dict[State, float], life_ns: float, room: int) -> list[Run]:
    runs: list[Run] = []
    taken = 0
    for state, spent_ns in sorted(spent.items(), key=lambda one: -one[1]):
        text = f"{state.name.lower()} {_percent(spent_ns / life_ns)}  "
        if taken + len(text) - 2 > room:
            break
        taken += len(text)
        runs.append(Run(text, STYLE_OF[state]))
    return runs


def _percent(share: float) -> str:
    if 0 < share < 0.01:
        return "<1 %"
    return ">99 %" if 0.99 < share < 1 else f"{share * 100:.0f} %"


def _spread(name: str, lengths_ns: Sequence[int], style: str, room: int, ascii: bool) -> Iterator[list[Run]]:
    """A histogram, and beside it, or below it, the numbers."""
    lengths_ns = sorted(lengths_ns)
    lines = histogram(lengths_ns, room, style, ascii=ascii)
    if not lines:
        return
    yield [_head(name), *lines[0]]
    yield [_head(""), *lines[1]]
    of = spread(lengths_ns)
    median, p95, longest = (duration(round(s * _NS_PER_S), 2) for s in (of.median_s, of.p95_s, of.max_s))
    said = f"{of.count}: median {median}, p95 {p95}, max {longest}"
    if len(said) > room:
        said = f"{of.count}: median {median}, max {longest}"
    yield [_head(""), Run(fit(said, room).rstrip(), "text")]
