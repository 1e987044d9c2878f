"""How thorough random tests are: `make soak` takes long, and what only tries one more interpreter is brief."""

import os

from hypothesis import settings

SOAK = bool(os.environ.get("SOAK"))
#: The same examples are tried with another interpreter: a few find what this one does otherwise.
BRIEF = bool(os.environ.get("BRIEF"))


def count(few: int, many: int = 2000) -> int:
    """How many examples to try of something: `few`, and `many` where thoroughness is asked for."""
    return many if SOAK else few // 3 if BRIEF else few


def examples(few: int) -> settings:
    """So many examples of a property; thousands where thoroughness is asked for."""
    return settings(max_examples=count(few))
