"""Memory that reading a trace takes for a moment: arrays of a megabyte, of which a thousand come and go.

glibc hands each of them back to the system, which has to clear its pages before they are had again: a tenth of the time
of loading. See mallopt(3) and malloc_trim(3). With another C library nothing here does anything.
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

#: Parameters of mallopt, from malloc.h, and how much: what is free at the end of the heap stays, up to so many bytes,
#: and what is smaller than so many comes from the heap.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_KEPT, _SMALL = 1 << 28, 1 << 25


def keep() -> None:
    """Have what is freed from now on kept for what is asked for next. For processes that end soon, or `give_back`."""
    change = _function("mallopt")
    if change is not None:
        change(_TRIM_THRESHOLD, _KEPT)
        change(_MMAP_THRESHOLD, _SMALL)


def give_back() -> None:
    """Give back to the system what is free, also in holes between what stays. Takes about a millisecond."""
    trim = _function("malloc_trim")
    if trim is not None:
        trim(0)


@cache
def _function(name: str) -> Any:
    """A function of the C library; None if it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None)
