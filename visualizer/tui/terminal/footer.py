"""What the footer has room for: in a narrow terminal what matters least is left out, and nothing is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby

from rich.cells import cell_len
from textual.binding import Binding

#: Names of actions, of which the first are left out first, and any that are not named here after them.
LEAST_FIRST = (
    "fit", "pan", "play", "zoom", "run_held", "lock", "axis", "compare", "difference", "step", "other", "page",
    "choose", "back",
)  # fmt: skip
_ALWAYS = ("app.help", "app.quit")


def left_out(shown: Iterable[Binding], width: int, display: Callable[[Binding], str]) -> set[str]:
    """Names of the actions that have no room in a footer of `width` cells, of the bindings that would stand in it."""
    first: dict[str, Binding] = {}
    for binding in shown:
        first.setdefault(binding.action, binding)
    others = [name for name in map(_name, first.values()) if name not in (*LEAST_FIRST, *_ALWAYS)]
    out: set[str] = set()
    for name in ("", *LEAST_FIRST, *others):
        out.add(name)
        if _cells((each for each in first.values() if _name(each) not in out), display) <= width:
            break
    return out


def _name(binding: Binding) -> str:
    return binding.action.partition("(")[0]


def _cells(shown: Iterable[Binding], display: Callable[[Binding], str]) -> int:
    """How many cells Textual's footer takes for them: keys of a group stand side by side before its word."""
    cells = 0
    for group, members in groupby(shown, lambda binding: binding.group):
        found = list(members)
        if group is not None and len(found) > 1:
            cells += sum(cell_len(display(each)) for each in found) + cell_len(group.description) + 3
        else:
            cells += sum(cell_len(display(each)) + cell_len(each.description) + 3 for each in found)
    return cells
