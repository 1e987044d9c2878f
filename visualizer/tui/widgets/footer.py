"""The last line: keys that do something now. What has no room is left out, what matters least first; nothing is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from rich.cells import cell_len
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget

#: Names of actions, of which the first are left out first, and any that are not named here after them.
LEAST_FIRST = (
    "fit", "pan", "play", "zoom", "run_paused", "lock", "axis", "compare", "difference", "step", "other", "page",
    "choose", "back",
)
_ALWAYS = ("app.help", "app.quit")


class _Part(NamedTuple):
    """Some cells of the line, in the style of a component or the line's own; `binding` is what a click on them does."""

    text: str
    component: str
    binding: Binding | None = None


class Footer(Widget):
    """Painted as one line: with a widget for each key, as in Textual's own, each change of a key would take 40 ms."""

    COMPONENT_CLASSES = {"footer--key", "footer--word", "footer--hovered"}
    ALLOW_SELECT = False
    DEFAULT_CSS = """
    Footer {
        dock: bottom;
        height: 1;
        color: $footer-foreground;
        background: $footer-background;
        .footer--key {
            color: $footer-key-foreground;
            background: $footer-key-background;
            text-style: bold;
        }
        .footer--word {
            color: $footer-description-foreground;
            background: $footer-description-background;
        }
        .footer--hovered { background: $block-hover-background; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[_Part] = []
        self._hovered: Binding | None = None

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._fill)

    def on_resize(self) -> None:
        self._fill(self.screen)

    def _fill(self, screen: Screen[Any]) -> None:
        # While the terminal is not in front nothing has the focus, and there are other keys for as long.
        if not self.app.app_focus:
            return
        display = self.app.get_key_display
        shown: dict[str, Binding] = {}
        for each in screen.active_bindings.values():
            if each.binding.show:
                shown.setdefault(each.binding.action, each.binding)
        out = left_out(shown.values(), self.size.width, display)
        self._parts = []
        for group in _groups(each for each in shown.values() if _name(each) not in out):
            # A single key can be clicked from blank to blank; of several, only the keys themselves.
            whole, key, word = (group[0], "footer--key", "footer--word") if len(group) == 1 else (None, "", "")
            keys = [_Part(display(binding), "footer--key", binding) for binding in group]
            self._parts += [_Part(" ", key, whole), *keys, _Part(" ", key, whole)]
            self._parts += [_Part(_word(group), "footer--word", whole), _Part(" ", word, whole)]
        self.refresh()

    def render_line(self, y: int) -> Strip:
        blank = Style(bgcolor=self.rich_style.bgcolor)
        hovered = Style(bgcolor=self.get_component_rich_style("footer--hovered").bgcolor)

        def style(part: _Part) -> Style:
            known = self.get_component_rich_style(part.component) if part.component else blank
            return known + hovered if part.binding is not None and part.binding == self._hovered else known

        line = Strip([Segment(part.text, style(part)) for part in self._parts])
        return line.adjust_cell_length(self.size.width, blank)

    def _binding_at(self, x: int) -> Binding | None:
        end = 0
        for part in self._parts:
            end += cell_len(part.text)
            if x < end:
                return part.binding
        return None

    def on_mouse_down(self, event: events.MouseDown) -> None:
        binding = self._binding_at(event.x)
        if binding is not None:
            self.app.simulate_key(binding.key)

    def on_mouse_move(self, event: events.MouseMove) -> None:
        self._hover(self._binding_at(event.x))

    def on_leave(self) -> None:
        self._hover(None)

    def _hover(self, binding: Binding | None) -> None:
        if binding != self._hovered:
            self._hovered = binding
            self.tooltip = binding.tooltip if binding is not None else None
            self.refresh()


def left_out(shown: Iterable[Binding], width: int, display: Callable[[Binding], str]) -> set[str]:
    """Names of the actions that have no room in a footer of `width` cells, of the bindings that would stand in it."""
    first = list(shown)
    others = [name for name in map(_name, first) if name not in (*LEAST_FIRST, *_ALWAYS)]
    out: set[str] = set()
    for name in ("", *LEAST_FIRST, *others):
        out.add(name)
        if _cells((each for each in first if _name(each) not in out), display) <= width:
            break
    return out


def _name(binding: Binding) -> str:
    return binding.action.partition("(")[0]


def _groups(shown: Iterable[Binding]) -> list[list[Binding]]:
    """Those of a group together, and each other one for itself."""
    found: list[list[Binding]] = []
    for binding in shown:
        if found and binding.group is not None and found[-1][0].group == binding.group:
            found[-1].append(binding)
        else:
            found.append([binding])
    return found


def _word(group: list[Binding]) -> str:
    binding = group[0]
    return binding.group.description if binding.group is not None and len(group) > 1 else binding.description


def _cells(shown: Iterable[Binding], display: Callable[[Binding], str]) -> int:
    """How many cells they take: keys of a group stand side by side before its word."""
    return sum(sum(cell_len(display(each)) for each in group) + cell_len(_word(group)) + 3 for group in _groups(shown))
