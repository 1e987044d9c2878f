"""Durations and moments as people write them."""

from __future__ import annotations

from math import floor, log10

#: From how many nanoseconds on a unit is used, the unit, and its nanoseconds.
UNITS = ((100_000_000, "s", 1_000_000_000), (100_000, "ms", 1_000_000), (100, "µs", 1_000), (0, "ns", 1))
_MINUTES_FROM_NS = 120 * 1_000_000_000


def duration(ns: int, digits: int = 3) -> str:
    """`ns` nanoseconds in the unit that suits: "1 s", "0.25 s", "0.3 ms", "12 µs", "3 min 20 s".

    At most `digits` significant digits, fewer where they would be zeros. Who wants more than three wants no minutes.
    """
    if ns < 0:
        return "-" + duration(-ns, digits)
    if _in_minutes(ns, digits):
        minutes, seconds = divmod(round(ns / 1e9), 60)
        return f"{minutes} min {seconds} s" if seconds else f"{minutes} min"
    if ns == 0:
        return "0 s"
    unit, unit_ns = _unit(ns)
    text = f"{ns / unit_ns:.{_decimals(ns / unit_ns, digits)}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} {unit}"


def in_seconds(t_ns: int) -> str:
    """A moment, `t_ns` nanoseconds after the start, to the microsecond: "0.412345 s"."""
    return f"{t_ns / 1e9:.6f} s"


def last_digit_ns(ns: int, digits: int = 3) -> float:
    """How many nanoseconds one more in the last digit of such a text is."""
    if _in_minutes(ns, digits):
        return 1e9
    unit_ns = _unit(ns)[1]
    return unit_ns / 10.0 ** _decimals(ns / unit_ns, digits) if ns else 0.0


def _in_minutes(ns: int, digits: int) -> bool:
    return ns >= _MINUTES_FROM_NS and digits <= 3


def _unit(ns: int) -> tuple[str, int]:
    return next((unit, unit_ns) for least, unit, unit_ns in UNITS if ns >= least)


def _decimals(amount: float, digits: int) -> int:
    return max(0, digits - 1 - floor(log10(amount)))
