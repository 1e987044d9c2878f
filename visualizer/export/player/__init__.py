"""The timeline as one page that can be stepped through, zoomed and presented: a file of its own, without a network.

What is known of the trace is worked out here, from the model that the screen is painted from; the script of the page
only draws it. It stands deflated in the page, so no text of a trace is ever read as HTML; the few words in the page
itself are escaped, and a Content-Security-Policy lets nothing run or load but what is written here.
"""

from __future__ import annotations

import html
import json
import zlib
from base64 import b64encode
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from visualizer.analysis.explore.jumps import beginning
from visualizer.analysis.findings import findings, grouped
from visualizer.analysis.model.timeline import State, Timeline
from visualizer.export.formats import Format
from visualizer.export.pen import HEIGHTS, ON_RUNNING, PAGE, TINT
from visualizer.export.player.columns import Columns
from visualizer.export.player.content import collect
from visualizer.export.player.steps import BEGINNING, Steps, steps_of
from visualizer.export.player.texts import short
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings, View
from visualizer.paint.axis import times
from visualizer.paint.axis.viewport import BOTH, Axis, is_burst
from visualizer.paint.comparison.figures import facts
from visualizer.paint.panes import sequence
from visualizer.paint.rows.order import tracks_of
from visualizer.paint.text import caption
from visualizer.paint.text.legend import in_order, meaning
from visualizer.paint.text.palette import DARK, GLYPHS, LIGHT, STYLE_OF

#: Rows that a page has, and of how many tracks those of a kind share one; it can be unfolded.
_ROWS, _EYEFUL = 400, 24
#: So many problems are listed, none of them longer than that.
_PROBLEMS, _LONGEST_PROBLEM = 20, 1_000
#: Nobody goes through more.
_MARKS = 1_000


def draw_html(timeline: Timeline, settings: Settings) -> bytes:
    """The page as an HTML file."""
    part = settings.part_of(timeline)
    shown, hidden = wanted_rows(part, settings, _ROWS, _EYEFUL)
    problems = grouped(timeline, [one for one in findings(timeline) if part.start_ns <= one.t_ns <= part.end_ns])
    problems, marks = problems[:_PROBLEMS], settings.marks[:_MARKS]
    matter = [*(one.worst.t_ns for one in problems), *(mark.t_ns for mark in marks)]
    steps = steps_of(part, matter if settings.at_ns is None else [*matter, settings.at_ns])
    said, *known = facts(part)
    title = short(settings.title or said)
    columns = Columns()
    told = {
        "axis": (Axis.SWITCHES if settings.axes == BOTH and is_burst(timeline) else settings.axes[0]).value,
        "view": (settings.view or View.TIMELINE).value,
        "at": steps.at(settings.at_ns) if settings.at_ns is not None else None,
        "begins_at": beginning(timeline) if part.first == 0 else 0,
        "selected": short(settings.selected),
        "font_size": settings.font_size or 16,
        "problems": [
            (short(group.sentence, _LONGEST_PROBLEM), steps.at(group.worst.t_ns)) for group in problems
        ],
        "states": [[STYLE_OF[state], meaning(state), GLYPHS[state], HEIGHTS.get(state, 0)] for state in State],
        "legend": [int(state) for state in in_order(part.states(tracks_of(shown)))] if settings.legend else [],
        "moment": times.digits_of(timeline.last_ns),
        "finer": sequence.digits_of(timeline.last_ns),
        **collect(steps, shown, marks, columns),
    }
    told["columns"] = columns.layout
    notes = _notes(steps, told["summed"], hidden, len(settings.marks) - len(marks))
    for note in notes:
        settings.tell(note)
    remarks = [text for text in (caption.uncaught(timeline), *caption.remarks(timeline)) if text]
    return _page(
        {
            "title": title,
            "theme": "dark" if settings.dark else "",
            "facts": " · ".join(known),
            "notes": "\n".join(map(short, (*remarks, *notes))),
        },
        _packed(told, columns),
    )


def _notes(steps: Steps, summed: bool, rows: int, marks: int) -> list[str]:
    """What of the part is not on the page, in sentences. `rows`, `marks`: how many more there are."""
    found = []
    part, count = steps.part, len(steps.numbers)
    if steps.every > 1:
        found.append(
            f"One can step to {count:,} of {part.stop - part.first:,} switches: all up to"
            f" #{part.first + BEGINNING:,}, all around marks and problems, and every {steps.every}th of the others"
        )
    if summed:
        found.append("What is short is drawn together, as high as the share in which it runs")
    if found:
        found.append("--from and --to show a part in full")
    if rows:
        found.append(f"{rows:,} more tracks have no row: --tracks chooses others")
    if marks:
        found.append(f"Only the first {_MARKS:,} marks are there, of {_MARKS + marks:,}")
    return found


def _packed(told: dict[str, Any], columns: Columns) -> str:
    """How long the texts are, the texts, and the columns; deflated, in letters."""
    texts = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    squeezed = zlib.compressobj(9, zlib.DEFLATED, -15)
    raw = len(texts).to_bytes(4, "little") + texts + columns.packed()
    return b64encode(squeezed.compress(raw) + squeezed.flush()).decode()


def _page(words: dict[str, str], packed: str) -> bytes:
    page, style, script = _written()
    rules = f"default-src 'none'; base-uri 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'"
    parts = {
        **{name: html.escape(text) for name, text in words.items()},
        "rules": rules,
        "style": style,
        "packed": packed,
        "script": script,
    }
    # Split first: nothing that is put in is looked at again.
    found = page.split("%%")
    return "".join(parts[piece] if at % 2 else piece for at, piece in enumerate(found)).encode()


def _hash(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


@lru_cache(maxsize=1)
def _written() -> tuple[str, str, str]:
    """The page, its style with the palette in front, and its script."""
    page, style, script = (
        files("visualizer.export.player").joinpath(name).read_text(encoding="utf-8")
        for name in ("page.html", "player.css", "player.js")
    )
    light, dark = _colours(dark=False), _colours(dark=True)
    themes = (
        f":root{{color-scheme:light;{light}}}@media(prefers-color-scheme:dark){{:root{{color-scheme:dark;{dark}}}}}"
        f":root[data-theme=light]{{color-scheme:light;{light}}}:root[data-theme=dark]{{color-scheme:dark;{dark}}}"
        f"@media print{{:root,:root[data-theme]{{color-scheme:light;{light}}}}}"
    )
    return page, themes + style, script


def _colours(dark: bool) -> str:
    inks = DARK if dark else LIGHT
    known = {name: ink.colour for name, ink in inks.items()}
    known |= {f"{name}-ground": ink.ground for name, ink in inks.items() if ink.ground is not None}
    known |= {"page": PAGE[dark], "on-running": ON_RUNNING[dark], "tint": str(TINT[dark])}
    return "".join(f"--{name}:{colour};" for name, colour in known.items())


FORMAT = Format(
    ".html",
    draw_html,
    (View.TIMELINE, View.SEQUENCE),
    frozenset(("axes", "rows", "selected", "at_ns", "marks", "theme", "title", "font_size", "legend")),
)
