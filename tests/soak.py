"""Whether to take long for thoroughness' sake, as `make soak` does."""

import os

from hypothesis import settings

SOAK = bool(os.environ.get("SOAK"))


def examples(few: int) -> settings:
    """So many examples of a property; thousands where thoroughness is asked for."""
    return settings(max_examples=2000 if SOAK else few)
