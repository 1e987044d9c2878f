"""A comparison in words and figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from visualizer.analysis.report.comparison import Comparison, Difference, Figure, Part, is_start
from visualizer.analysis.text.durations import duration, last_digit_ns
from visualizer.analysis.text.printable import plain
from visualizer.paint.text import caption
from visualizer.paint.text.canvas import Run
from visualizer.paint.text.tables import table

_NS_PER_S = 1_000_000_000
#: Times closer than this factor count as about the same.
_NOTICEABLE = 1.05
#: Key of a figure -> what it is called.
_NAMES = {
    "duration_s": "time",
    "switching_s": "first to last switch",
    "switches": "switches",
    "tracks": "tracks",
    "running_s": "running",
    "starting_run_s": "  before its first switch",
    "ready_s": "ready, not running",
    "waited_s": "waiting",
    "waiting_at_once": "waiting at once (average)",
    "blocked_s": "blocked hub",
    "idle_s": "idle",
}


def facts(part: Part) -> list[str]:
    """What was run, and which part of it is looked at."""
    found = [caption.title(part.timeline), *caption.facts(part.timeline)]
    if part.is_whole:
        return found
    # As many digits as tell the two apart.
    least_ns = (part.end_ns - part.start_ns) / 10
    digits = next((number for number in range(3, 12) if last_digit_ns(part.end_ns, number) <= least_ns), 12)
    return [*found[:-3], f"from {duration(part.start_ns, digits)} to {duration(part.end_ns, digits)}"]


def verdict(found: Comparison) -> str:
    """Which is faster, by how much: "B is 6.2× faster: 0.15 s instead of 0.94 s".

    If most of the difference is before the first switch, the time after it is compared.
    """
    duration_s, starting_s, switching_s = (found.figures[f"{name}_s"] for name in ("duration", "starting", "switching"))
    a, b = duration_s.a, duration_s.b
    if not min(a, b) and a != b:
        return f"{'B' if a else 'A'} takes no time: it is empty"
    if _alike(a, b) or not min(switching_s.a, switching_s.b):
        return _faster(a, b)
    if not is_start(duration_s.difference, starting_s.difference):
        return _faster(a, b)
    # How long Python takes to start is no merit of what it runs.
    apart = f"{_time(abs(starting_s.difference))} {'later' if starting_s.difference > 0 else 'earlier'}"
    return f"{_faster(switching_s.a, switching_s.b, ' from first to last switch')}; B's first switch comes {apart}"


def _alike(a: float, b: float) -> bool:
    return max(a, b) < _NOTICEABLE * min(a, b) or a == b


def _faster(a: float, b: float, between: str = "") -> str:
    if _alike(a, b):
        return f"Both take about the same time{between}: {_time(a)} and {_time(b)}"
    factor = _times(max(a, b) / min(a, b))
    return f"B is {factor} {'faster' if b < a else 'slower'}{between}: {_time(b)} instead of {_time(a)}"


def figures(found: Comparison) -> Iterator[str]:
    """The lines of the table. Figures that are zero in both are left out."""
    rows = []
    for key, name in _NAMES.items():
        figure = found.figures[key]
        if figure.a or figure.b:
            rows.append(_row(name, figure, _time if key.endswith("_s") else _number))
        if key == "waited_s":
            reasons = found.waited_by_reason.items()
            rows += [_row(f"  {plain(reason)}", by, _time) for reason, by in reasons if by.a or by.b]
    yield from table(("", "A", "B", "B - A", ""), rows, words=1)


def _row(name: str, figure: Figure, written: Callable[[float], str]) -> tuple[str, ...]:
    a, b = (written(amount) if amount else "-" for amount in (figure.a, figure.b))
    if written is _time and a != b and figure.a and figure.b:
        a, b = _fitting(figure.a, figure.difference), _fitting(figure.b, figure.difference)
    # Values that look the same as written here do not differ.
    difference = f"{'+' if figure.difference > 0 else '-'}{written(abs(figure.difference))}" if a != b else "-"
    return (name, a, b, difference, _factor(figure) if a != b else "the same")


def _fitting(seconds: float, difference: float) -> str:
    """A time with as many digits as its difference from another one, shown with three, needs."""
    ns, digits = round(seconds * _NS_PER_S), 3
    finest_ns = max(1.0, abs(difference) * _NS_PER_S / 100)
    while last_digit_ns(ns, digits) > finest_ns:
        digits += 1
    return duration(ns, digits)


def _factor(figure: Figure) -> str:
    if not figure.factor:
        return "none in B" if figure.a else "none in A"
    more = figure.factor > 1
    factor = figure.factor if more else 1 / figure.factor
    return f"{_times(factor)} {'higher' if more else 'lower'}" if factor >= _NOTICEABLE else "about the same"


def parting(found: Comparison) -> Iterator[list[Run]]:
    """Where the order of the switches first differs."""
    parted = found.first_difference
    if parted is None:
        same = f"all {found.alike}" if found.alike else "none"
        yield [Run(f"The order of switches is the same in both ({same})", "thread")]
        return
    alike = f"after {found.alike} equal switches" if found.alike else "from the first switch on"
    yield [Run(f"The order of switches differs {alike}", "thread")]
    number, time = _cells(parted)
    for letter, turn in zip("AB", (parted.a, parted.b), strict=True):
        if turn is None:
            yield [Run(f"{letter}  ", "edge"), Run("has no more switches", "text")]
            continue
        yield [
            Run(f"{letter}  ", "edge"),
            Run(f"{f'#{turn.number}':>{number}}", "ruler"),
            Run(f"  {_moment(turn.t):>{time}}  ", "dim"),
            Run(turn.sentence, "text"),
        ]


def _cells(parted: Difference) -> tuple[int, int]:
    turns = [turn for turn in (parted.a, parted.b) if turn is not None]
    return max(len(f"#{turn.number}") for turn in turns), max(len(_moment(turn.t)) for turn in turns)


def _moment(seconds: float) -> str:
    return f"{seconds:.6f} s"


def remarks(parts: tuple[Part, Part]) -> Iterator[list[Run]]:
    """What must be known of the recordings; of one recording once."""
    for letter, part in zip("AB", parts, strict=True):
        if letter == "B" and part.timeline is parts[0].timeline:
            return
        exception = caption.uncaught(part.timeline)
        for style, remark in [
            *([("error", exception)] if exception else []),
            *(("text", remark) for remark in caption.remarks(part.timeline)),
        ]:
            which = "" if parts[0].timeline is parts[1].timeline else f"{letter}  "
            yield [Run(which, "edge"), Run(remark, style)]


def _time(seconds: float) -> str:
    return duration(round(seconds * _NS_PER_S))


def _number(amount: float) -> str:
    return f"{amount:.0f}" if amount == int(amount) or amount >= 10 else f"{amount:.2g}"


def _times(factor: float) -> str:
    return f"{factor:.1f}×" if factor < 10 else f"{factor:.0f}×"
