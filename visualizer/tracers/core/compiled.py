"""The recorder in C (_recorder.c), where it was built: the short ways of the hooks, which Python has as well.

The environment variable VISUALIZER_RECORDER tells which is wanted: "yes" takes the one in C or refuses to record, "no"
the one in Python, "auto" (as without the variable) the one in C where it is there and fits.
"""

from __future__ import annotations

import os
import time

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from typing import Any

#: What _recorder.c has to have been built for.
ABI = 90
WANTED = "VISUALIZER_RECORDER"
_monotonic_ns = time.monotonic_ns


def recorder(clock: Callable[[], int]) -> Any:
    """The module in C; None where all is to be done in Python. Raise ImportError if it is wanted and cannot be used.

    `clock`: of the recording. One that can stand still is Python's: there the recorder in C is never used.
    """
    return built() if clock is _monotonic_ns else None


def built() -> Any:
    """The same, whatever clock there is."""
    wanted = os.environ.get(WANTED) or "auto"
    if wanted == "no":
        return None
    try:
        from visualizer.tracers import _recorder

        if _recorder.ABI != ABI:
            raise ImportError("it was built for another version of the visualizer")
    except ImportError as error:
        if wanted == "yes":
            raise ImportError(f"{WANTED} is yes, and there is no recorder in C: {error}") from None
        return None
    return _recorder
