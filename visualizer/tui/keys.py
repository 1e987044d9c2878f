"""Every key, once: the bindings of the screens, the help and the command palette are all made from these tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding, BindingType

from visualizer.paint.rows.grouping import By, Order


class Section(NamedTuple):
    """Keys that belong together, as the help shows them."""

    title: str
    bindings: tuple[Binding, ...]


#: Pairs of keys that stand in the footer under one word.
STEP = Binding.Group("Step", compact=True)
ZOOM = Binding.Group("Zoom", compact=True)
PAN = Binding.Group("Pan", compact=True)


def key(keys: str, action: str, what: str, footer: str | Binding.Group = "") -> Binding:
    """A binding of `keys` (separated by commas); `footer` is its word in the footer, "" if it does not stand there."""
    if isinstance(footer, Binding.Group):
        return Binding(keys, action, what, tooltip=what, group=footer)
    return Binding(keys, action, footer or what, tooltip=what, show=bool(footer))


GENERAL = Section(
    "General",
    (
        key("question_mark", "app.help", "Show all keys", "Keys"),
        key("q", "app.quit", "Quit; twice, if still running: that ends it", "Quit"),
        key("ctrl+q", "app.quit", "Quit, as q does"),
        key("ctrl+c", "app.interrupt", "Say how to quit"),
        key("ctrl+p", "app.command_palette", "Find a command by its name"),
        key("ctrl+t", "app.change_theme", "Theme: choose how it looks; it is remembered"),
    ),
)

#: The panes that share a place, in order, and what each shows; its key is its number.
PANES = {
    "events": "Events: every switch, in a sentence",
    "output": "Output: what was printed, and by which track",
    "statistics": "Statistics; again: bars instead of numbers",
    "findings": "Findings: what is worth knowing",
    "tree": "Tree: who spawned whom, and what each does",
    "waits": "Waits: who waits for whom at this moment",
}

#: Marks, and a span that is measured.
SPANS = Section(
    "Marks and spans",
    (
        key("m", "mark", "Set a mark here, or remove it"),
        key("M", "name_mark", "Set a mark here and name it"),
        key("apostrophe", "jump('mark', 1)", "Next mark"),
        key("quotation_mark", "jump('mark', -1)", "Previous mark"),
        key("b", "marks", "List the marks"),
        key("v", "span", "Begin a span here; end it where one has gone"),
        key("shift+left", "extend_span(-1)", "Span one switch further back"),
        key("shift+right", "extend_span(1)", "Span one switch further on"),
        key("V", "span_of_marks", "Span between the marks around here"),
        key("i", "zoom_to_span", "Zoom in on the span"),
    ),
)

#: What is shown the first time: the action, and what it does in a few words.
HINT = (
    ("step(1)", "on to the next switch, and what it means"),
    ("zoom(2)", "zoom in, and s zooms out; so does the wheel"),
    ("axis", "every switch the same width, or back to time"),
    ("jump('finding', 1)", "to the next problem there is"),
    ("app.help", "all keys; any key takes this away"),
)

#: A small letter is the next, a capital the previous.
NAVIGATION = Section(
    "Jumps",
    (
        key("r", "jump('wake', 1)", "Next wake: a track becomes ready"),
        key("R", "jump('wake', -1)", "Previous wake"),
        key("e", "jump('exception', 1)", "Next exception that ended a track"),
        key("E", "jump('exception', -1)", "Previous exception"),
        key("o", "jump('output', 1)", "Next output"),
        key("O", "jump('output', -1)", "Previous output"),
        key("p", "jump('finding', 1)", "Next finding: a problem"),
        key("P", "jump('finding', -1)", "Previous finding"),
        key("t", "only_selected", "Jumps: of all tracks, or of the selected"),
        key("c", "why", "Cause: why did this run? To who woke it, then"),
        key("C", "led_to", "Effect: to what that led to"),
        key("colon", "go_to", "Go to a time, a switch, or a line of source"),
        key("slash,ctrl+f", "search", "Search tracks, events, output, expressions"),
        key("n", "hit(1)", "Next that was found, on text or line"),
        key("N", "hit(-1)", "Previous that was found"),
        key("u", "undo(-1)", "Undo: back to where the last jump came from"),
        key("U", "undo(1)", "Redo: forth again"),
        key("comma", "unzoom(-1)", "Back to what was in sight before"),
        key("full_stop", "unzoom(1)", "Forth again to what was in sight"),
    ),
)

#: Of the program itself, while it runs.
STEPPING = Section(
    "The program itself, if it was started here",
    (
        key("S", "hold", "Hold the program at the next switch; or go on"),
        key("J", "take_switch", "Let the program take just one switch"),
        key("T", "run_to_track", "Run the program to the selected track's turn"),
        key("semicolon", "run_to_line", "Run the program to a line of source"),
    ),
)

SWITCHES = Section(
    "Switches",
    (
        key("left,h", "step(-1)", "Previous switch", STEP),
        key("right,l", "step(1)", "Next switch", STEP),
        key("H", "step_of(-1)", "Previous switch to the selected track"),
        key("L", "step_of(1)", "Next switch to the selected track"),
        key("home,g", "first", "First switch"),
        key("end,G", "last", "Last switch; while live, follow the end"),
    ),
)

_PLAYING = (
    key("space", "play", "Play or pause the view, never the program", "Play"),
    key("greater_than_sign", "hurry(1)", "Play faster"),
    key("less_than_sign", "hurry(-1)", "Play slower"),
)

_SIGHT = (
    key("w,plus,equals_sign", "zoom(2)", "Zoom in", ZOOM),
    key("s,minus", "zoom(-2)", "Zoom out", ZOOM),
    key("a,ctrl+left", "pan(-1)", "Pan to the left", PAN),
    key("d,ctrl+right", "pan(1)", "Pan to the right", PAN),
    key("f", "fit", "Fit the whole timeline", "Fit"),
    key("x", "axis", "Time axis or switch axis", "Axis"),
    key("X", "fold_gaps", "Fold gaps in which nobody runs, or not"),
)

_ROWS = (
    key("up,k", "select(-1)", "Select the track above"),
    key("down,j", "select(1)", "Select the track below"),
    key("enter,z", "fold", "Fold or unfold the selected group or thread"),
    key("Z", "fold_all", "Fold or unfold all groups"),
    key("A", "sort(1)", "Sort rows by start, name or time in a state"),
    key("B", "group(1)", "Group by thread, kind, spawn tree, process"),
    key("asterisk", "pin", "Pin the selected row on top, or put it back"),
    key("delete,backspace", "hide", "Hide the selected row"),
    key("D", "show_hidden", "Show all rows again that are hidden"),
    key("ampersand", "filter", "Filter tracks by name; Escape shows all again"),
)

#: Names of actions whose effect is seen on rows alone: in the sequence there are none.
ON_ROWS = frozenset(
    name
    for binding in (*_SIGHT, *_ROWS, *NAVIGATION.bindings, *SPANS.bindings)
    if (name := binding.action.partition("(")[0]) in ("unzoom", "zoom_to_span")
    or (binding in (*_SIGHT, *_ROWS) and name != "select")
)

TIMELINE = (
    SWITCHES,
    STEPPING,
    NAVIGATION,
    SPANS,
    Section("Playing", (*_PLAYING, key("F", "follow", "Follow the end while the program runs"))),
    Section("What is in sight", (*_SIGHT, key("W", "times", "Times since start or mark, or by the clock"))),
    Section(
        "Tracks and panes",
        (
            *_ROWS,
            key("Y", "sequence", "Sequence: tracks side by side, arrows; back"),
            *(key(str(number), f"tab('{pane}')", what) for number, (pane, what) in enumerate(PANES.items(), 1)),
            key("tab", "app.focus_next", "Focus the next pane"),
            key("shift+tab", "app.focus_previous", "Focus the previous pane"),
            key("escape", "back", "Back to timeline or catalogue; twice if running", "Back"),
        ),
    ),
)

#: What has no key of its own, and stands in the command palette alone: (what it does, action).
BY_NAME = (
    *((f"Sort rows: {order.value}", f"sort_by('{order.name}')") for order in Order),
    *((f"Group rows by: {by.value}", f"group_by('{by.name}')") for by in By),
)

#: The same, wherever traces are looked at.
EXPORT = (("Export a picture: the shell command for it", "tell_export"),)

#: Bindings of a list that has the focus; they go before those of the screen.
LIST = Section(
    "In a list that has the focus",
    (
        key("up", "move(-1)", "A line up; among switches, the previous one"),
        key("down", "move(1)", "A line down; among switches, the next one"),
    ),
)

#: Bindings of the sequence, beside those.
SEQUENCE = Section(
    "In the sequence, if it has the focus",
    (
        key("left_square_bracket", "lane(-1)", "Select the track of the lane to the left"),
        key("right_square_bracket", "lane(1)", "Select the track of the lane to the right"),
    ),
)

#: Bindings of the list of findings, beside those.
FINDINGS = Section(
    "Among the findings, if they have the focus",
    (key("enter", "choose", "Go to the moment and the track of the finding"),),
)

#: Bindings of lists in which a track is chosen, beside those.
CHOICES = Section(
    "In tree and waits, whichever has the focus",
    (key("enter", "choose", "Select the track; fold or unfold a group"),),
)

#: Bindings of the list of marks, beside its own arrows and Enter.
MARKS = Section(
    "In the list of marks",
    (
        key("delete,backspace", "remove", "Remove the mark"),
        key("escape,b", "close", "Close the list"),
    ),
)

#: Bindings of whatever scrolls and has the focus.
PAGES = Section(
    "In the tracks or a list, whichever has the focus",
    (
        key("pageup", "page(-1)", "A page up"),
        key("pagedown", "page(1)", "A page down"),
    ),
)

#: What the mouse does is bound to no key, and so stands here in words: (what one does, what it does).
MOUSE = (
    ("Click on a track", "Select it, and go to that moment"),
    ("Click twice", "Zoom in on what the track does there"),
    ("Click on a ▾", "Fold or unfold the group or the thread"),
    ("Click on the overview", "Go to that moment of the whole trace"),
    ("Click on a tab or key", "The same as its key"),
    ("Rest on a cell", "See what it is, since when, why, what is next"),
    ("Drag the tracks", "Pan, and scroll"),
    ("Drag the ruler", "Select a span; the tracks with Shift or Ctrl"),
    ("Drag the overview", "Move what is in sight"),
    ("Click on an event, output, finding, arrow", "Go there"),
    ("Click on a line of tree, waits, statistics", "Select that track"),
    ("Wheel", "Scroll; over overview and ruler, zoom"),
    ("Ctrl and wheel", "Zoom where the pointer is"),
    ("Shift and wheel", "Pan"),
)

COMPARISON_MOUSE = (
    ("Click on a side", "Choose it, and go to that moment of it"),
    ("Click twice", "Zoom in on what the track does there"),
    ("Click on a ▾", "Fold or unfold the group or the thread"),
    ("Click on a key", "The same as the key"),
    ("Rest on a cell", "See what it is, since when, why, what is next"),
    ("Drag the tracks", "Pan both, and scroll"),
    ("Drag the ruler", "Select a span; the tracks with Shift or Ctrl"),
    ("Wheel", "Scroll; over the ruler, zoom"),
    ("Ctrl and wheel", "Zoom where the pointer is, both alike"),
    ("Shift and wheel", "Pan both"),
)

CATALOGUE = (
    Section(
        "Catalogue",
        (
            key("up,k", "move(-1)", "The one above"),
            key("down,j", "move(1)", "The one below"),
            key("home,g", "first", "The first"),
            key("end,G", "last", "The last"),
            key("pageup", "scroll(-1)", "Scroll the preview up"),
            key("pagedown", "scroll(1)", "Scroll the preview down"),
            key("enter", "choose", "Run the scenario, or open the recording", "Run or open"),
            key("S", "run_held", "Run the scenario, held at its first switch", "Run held"),
            key("slash,ctrl+f", "find", "Find a scenario or a recording by its name"),
            key("n", "find_next(1)", "Next that has it in its name"),
            key("N", "find_next(-1)", "Previous that has it in its name"),
            key("escape", "back", "Close the line in which a name is typed"),
            key("c", "compare", "Compare: mark a recording; then another", "Compare"),
        ),
    ),
)

LOADING = Section("While both are read", (key("escape", "back", "Back to the catalogue, or quit", "Back"),))

COMPARISON = (
    Section(
        "Both sides",
        (
            key("tab,shift+tab", "other", "Choose the other side: keys move that one", "Side"),
            key("y", "lock", "Move both playheads together, or each for itself", "Lock"),
            key("exclamation_mark", "difference", "Where the order of switches first differs", "Difference"),
            key("pageup", "page(-1)", "Scroll the figures up"),
            key("pagedown", "page(1)", "Scroll the figures down", "Figures"),
            key("escape", "back", "Back to the catalogue, or quit"),
        ),
    ),
    SWITCHES,
    NAVIGATION,
    SPANS,
    Section("Playing", _PLAYING),
    Section("What is in sight, of both alike", _SIGHT),
    Section("Tracks", _ROWS),
)


def bindings(sections: Iterable[Section]) -> list[BindingType]:
    """All bindings of the sections, as Textual's BINDINGS take them."""
    return [binding for section in sections for binding in section.bindings]
