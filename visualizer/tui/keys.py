"""Every key, once: the bindings of the screens, the help and the command palette are all made from these tables."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from textual.binding import Binding, BindingType

from visualizer.paint.rows.grouping import By, RowOrder


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
        key("q", "app.quit", "Quit; press twice to stop a running program", "Quit"),
        key("ctrl+q", "app.quit", "Quit, like q"),
        key("ctrl+c", "app.interrupt", "Show how to quit"),
        key("ctrl+p", "app.command_palette", "Find a command by name"),
        key("ctrl+t", "app.change_theme", "Choose a theme (remembered)"),
    ),
)


class Pane(NamedTuple):
    """One of the panes that share a place: what it shows, its class in `widgets/`, and its names, the longest first."""

    what: str
    widget: str
    names: tuple[str, str, str]


#: Id of each such pane, in order; its key is its number.
PANES = {
    "events": Pane("Events: every switch in a sentence", "switch_list:Events", ("Events", "Events", "Event")),
    "output": Pane("Output: what each track printed", "output:OutputPane", ("Output", "Output", "Out")),
    "statistics": Pane(
        "Statistics; press again for bars", "statistics:StatisticsPane", ("Statistics", "Stats", "Stat")
    ),
    "findings": Pane("Problems found in this run", "problems:ProblemsPane", ("Problems", "Problems", "Prob")),
    "tree": Pane("Tree: which track spawned which", "tree:Tree", ("Tree", "Tree", "Tree")),
    "waits": Pane("Waits: which track waits for which", "waits:WaitsPane", ("Waits", "Waits", "Wait")),
}

#: Marks, and a span that is measured.
SPANS = Section(
    "Marks and spans",
    (
        key("m", "mark", "Set or remove a mark here"),
        key("M", "name_mark", "Name the mark here, with a caption"),
        key("apostrophe", "jump('mark', 1)", "Next mark"),
        key("quotation_mark", "jump('mark', -1)", "Previous mark"),
        key("b", "marks", "List the marks"),
        key("v", "span", "Start or end a span here"),
        key("shift+left", "extend_span(-1)", "Extend the span to the previous switch"),
        key("shift+right", "extend_span(1)", "Extend the span to the next switch"),
        key("V", "span_of_marks", "Select the span between the nearest marks"),
        key("i", "zoom_to_span", "Zoom in on the span"),
    ),
)

#: Shown to first-time users: the action, and what it does in a few words.
HINT = (
    ("step(1)", "go to the next switch and see why it happened"),
    ("zoom(2)", "zoom in (s or the mouse wheel: zoom out)"),
    ("axis", "time axis, or every switch at the same width"),
    ("jump('finding', 1)", "go to the next problem"),
    ("app.help", "show all keys (any key closes this hint)"),
)

#: A small letter is the next, a capital the previous.
NAVIGATION = Section(
    "Jumps",
    (
        key("r", "jump('wake', 1)", "Next wakeup: a track becomes ready"),
        key("R", "jump('wake', -1)", "Previous wakeup"),
        key("e", "jump('exception', 1)", "Next exception that ended a track"),
        key("E", "jump('exception', -1)", "Previous exception"),
        key("o", "jump('output', 1)", "Next output"),
        key("O", "jump('output', -1)", "Previous output"),
        key("p", "jump('finding', 1)", "Next problem"),
        key("P", "jump('finding', -1)", "Previous problem"),
        key("t", "only_selected", "Jump among all tracks or the selected one"),
        key("c", "why", "Go to the cause: what made this track run"),
        key("C", "led_to", "Go to the effect: what this run caused"),
        key("colon", "go_to", "Go to a time, a switch or a source line"),
        key("slash,ctrl+f", "search", "Search tracks, events, output, expressions"),
        key("n", "hit(1)", "Next search result"),
        key("N", "hit(-1)", "Previous search result"),
        key("u", "undo(-1)", "Undo the last jump"),
        key("U", "undo(1)", "Redo the jump"),
        key("comma", "unzoom(-1)", "Previous visible range"),
        key("full_stop", "unzoom(1)", "Next visible range"),
    ),
)

#: Of the program itself, while it runs.
STEPPING = Section(
    "The program itself (if started here)",
    (
        key("S", "hold", "Pause the program at its next switch; resume"),
        key("J", "take_switch", "Run the program to its next switch"),
        key("T", "run_to_track", "Run the program to the selected track"),
        key("semicolon", "run_to_line", "Run the program to a source line"),
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
        key("end,G", "last", "Last switch; if live, follow the end"),
    ),
)

_PLAYING = (
    key("space", "play", "Play or pause the view (not the program)", "Play"),
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
    key("X", "fold_gaps", "Fold or unfold idle gaps"),
)

_ROWS = (
    key("up,k", "select(-1)", "Select the track above"),
    key("down,j", "select(1)", "Select the track below"),
    key("enter,z", "fold", "Fold or unfold the selected group or thread"),
    key("Z", "fold_all", "Fold or unfold all groups"),
    key("A", "sort(1)", "Sort rows by start, name or time in a state"),
    key("B", "group(1)", "Group by thread, kind, spawn tree, process"),
    key("asterisk", "pin", "Pin or unpin the selected row"),
    key("delete,backspace", "hide", "Hide the selected row"),
    key("D", "show_hidden", "Show all hidden rows"),
    key("ampersand", "filter", "Filter tracks by name; Escape clears it"),
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
    Section("Visible range", (*_SIGHT, key("W", "times", "Times since start, since mark, or time of day"))),
    Section(
        "Tracks and panes",
        (
            *_ROWS,
            key("Y", "sequence", "Sequence diagram, or back to the timeline"),
            *(key(str(number), f"tab('{id}')", pane.what) for number, (id, pane) in enumerate(PANES.items(), 1)),
            key("0", "enlarge", "Enlarge the focused pane, or put it back"),
            key("y", "copy", "Copy the sentence; press again: the source line"),
            key("tab", "app.focus_next", "Focus the next pane"),
            key("shift+tab", "app.focus_previous", "Focus the previous pane"),
            key("escape", "back", "Back; press twice to stop a running program", "Back"),
        ),
    ),
)

#: Commands without a key, found in the command palette only: (what it does, action).
BY_NAME = (
    *((f"Sort rows: {order.value}", f"sort_by('{order.name}')") for order in RowOrder),
    *((f"Group rows by: {by.value}", f"group_by('{by.name}')") for by in By),
)

#: The same, wherever traces are looked at.
EXPORT = (
    ("Export a picture: show the shell command", "show_export_command"),
    ("Export a picture: copy the shell command", "copy_export_command"),
    ("Export a picture: run the shell command", "run_export_command"),
)

#: Bindings of a list that has the focus; they go before those of the screen.
LIST = Section(
    "Focused list",
    (
        key("up", "move(-1)", "Up one line; in events: previous switch"),
        key("down", "move(1)", "Down one line; in events: next switch"),
    ),
)

#: Bindings of the sequence, beside those.
SEQUENCE = Section(
    "Focused sequence diagram",
    (
        key("left_square_bracket", "lifeline(-1)", "Select the track to the left"),
        key("right_square_bracket", "lifeline(1)", "Select the track to the right"),
    ),
)

#: Bindings of the list of findings, beside those.
FINDINGS = Section(
    "Focused list of problems",
    (key("enter", "choose", "Go to the problem's time and track"),),
)

#: Bindings of lists in which a track is chosen, beside those.
CHOICES = Section(
    "Focused tree or waits",
    (key("enter", "choose", "Select the track; fold or unfold a group"),),
)

#: Bindings of the list of marks, beside its own arrows and Enter.
MARKS = Section(
    "List of marks",
    (
        key("less_than_sign", "move(-1)", "Move the mark to the previous switch"),
        key("greater_than_sign", "move(1)", "Move the mark to the next switch"),
        key("delete,backspace", "remove", "Remove the mark"),
        key("escape,b", "close", "Close the list"),
    ),
)

#: Bindings of whatever scrolls and has the focus.
PAGES = Section(
    "Focused tracks or list",
    (
        key("pageup", "page(-1)", "Page up"),
        key("pagedown", "page(1)", "Page down"),
    ),
)

PRESENTING = Section(
    "Presenting",
    (
        key("space,right,enter,pagedown,l", "next(1)", "Next mark; without marks, next switch"),
        key("left,backspace,pageup,h", "next(-1)", "Previous mark, or previous switch"),
        *(key(str(number), f"mark({number})", f"Mark {number}, or switch {number}") for number in range(1, 10)),
        key("down,j", "step(1)", "Next switch"),
        key("up,k", "step(-1)", "Previous switch"),
        key("home,g", "end(-1)", "First switch"),
        key("end,G", "end(1)", "Last switch"),
        key("b,full_stop", "blank", "Blank the screen, or show it again"),
        key("plus,equals_sign,w", "zoom(2)", "Zoom in"),
        key("minus,s", "zoom(-2)", "Zoom out"),
        key("x", "axis", "Time axis or switch axis"),
        key("Y", "sequence", "Sequence diagram, or the tracks"),
        key("p", "play", "With --autoplay: stop, or go on by itself"),
        key("t", "timer", "Start the timer again"),
        key("escape", "app.quit", "Quit"),
    ),
)

#: Mouse actions have no bindings; this is their help text: (gesture, effect).
MOUSE = (
    ("Click on a track", "Select it and go to that time"),
    ("Double-click", "Zoom in on that state of the track"),
    ("Click on a ▾", "Fold or unfold the group or thread"),
    ("Click on the overview", "Go to that time"),
    ("Click on a tab or key", "Same as its key"),
    ("Hover over a cell", "Show its state, since when, why, and what is next"),
    ("Drag the tracks", "Pan and scroll"),
    ("Drag the ruler", "Select a span (on tracks: with Shift or Ctrl)"),
    ("Drag the overview", "Move the visible range"),
    ("Click on an event, output, problem, arrow", "Go there"),
    ("Click on a line of tree, waits, statistics", "Select that track"),
    ("Wheel", "Scroll; on overview and ruler: zoom"),
    ("Ctrl+wheel", "Zoom at the pointer"),
    ("Shift+wheel", "Pan"),
)

COMPARISON_MOUSE = (
    ("Click on a side", "Choose it and go to that time"),
    ("Double-click", "Zoom in on that state of the track"),
    ("Click on a ▾", "Fold or unfold the group or thread"),
    ("Click on a key", "Same as its key"),
    ("Hover over a cell", "Show its state, since when, why, and what is next"),
    ("Drag the tracks", "Pan both and scroll"),
    ("Drag the ruler", "Select a span (on tracks: with Shift or Ctrl)"),
    ("Wheel", "Scroll; on the ruler: zoom"),
    ("Ctrl+wheel", "Zoom both at the pointer"),
    ("Shift+wheel", "Pan both"),
)

CATALOGUE = (
    Section(
        "Catalogue",
        (
            key("up,k", "move(-1)", "Previous entry"),
            key("down,j", "move(1)", "Next entry"),
            key("home,g", "first", "First entry"),
            key("end,G", "last", "Last entry"),
            key("pageup", "scroll(-1)", "Scroll the preview up"),
            key("pagedown", "scroll(1)", "Scroll the preview down"),
            key("enter", "choose", "Run the scenario or open the recording", "Run or open"),
            key("S", "run_paused", "Run the scenario, paused at its first switch", "Run paused"),
            key("slash,ctrl+f", "find", "Search scenarios and recordings by name"),
            key("n", "find_next(1)", "Next match"),
            key("N", "find_next(-1)", "Previous match"),
            key("escape", "back", "Close the search"),
            key("c", "compare", "Compare: mark a recording, then another one", "Compare"),
            key("o", "open_other", "Run a script of your own, or open a trace", "Open"),
            key("r", "rename", "Rename the recording"),
            key("delete,backspace", "delete", "Delete the recording; press twice"),
        ),
    ),
)

LOADING = Section("While both traces load", (key("escape", "back", "Back to the catalogue, or quit", "Back"),))

COMPARISON = (
    Section(
        "Both sides",
        (
            key("tab,shift+tab", "other", "Move the keys to the other side", "Side"),
            key("y", "lock", "Move both playheads together or separately", "Lock"),
            key("exclamation_mark", "difference", "First difference in the order of switches", "Difference"),
            key("pageup", "page(-1)", "Scroll the figures up"),
            key("pagedown", "page(1)", "Scroll the figures down", "Figures"),
            key("escape", "back", "Back to the catalogue, or quit"),
        ),
    ),
    SWITCHES,
    NAVIGATION,
    SPANS,
    Section("Playing", _PLAYING),
    Section("Visible range (of both)", _SIGHT),
    Section("Tracks", _ROWS),
)


def bindings(sections: Iterable[Section]) -> list[BindingType]:
    """All bindings of the sections, as Textual's BINDINGS take them."""
    return [binding for section in sections for binding in section.bindings]
