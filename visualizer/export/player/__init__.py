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
from collections.abc import Sequence
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from visualizer.analysis.model.timeline import State, Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.pen import HEIGHTS, ON_RUNNING, PAGE, TINT
from visualizer.export.player.columns import Columns
from visualizer.export.player.content import FINE, collect, cut_to_fit, short
from visualizer.export.rows import wanted_rows
from visualizer.export.settings import Settings
from visualizer.paint.axis import times
from visualizer.paint.panes import sequence
from visualizer.paint.rows.order import Row
from visualizer.paint.text import caption
from visualizer.paint.text.legend import meaning, occurring
from visualizer.paint.text.palette import DARK, GLYPHS, LIGHT, STYLE_OF


def draw_html(timeline: Timeline, settings: Settings) -> bytes:
    """The page as an HTML file."""
    part = settings.part if settings.part is not None else Part.whole(timeline)
    shown = wanted_rows(part, settings)
    kept = cut_to_fit(part, shown)
    columns = Columns()
    title = caption.title(timeline)
    told = {
        "title": short(title),
        "axis": settings.axes[0].value,
        "view": "timeline",
        "at": -1,
        "until_ns": kept.end_ns,
        "fine": FINE,
        "selected": settings.selected,
        "marks": [],
        "states": [[STYLE_OF[state], meaning(state), GLYPHS[state], HEIGHTS.get(state, 0)] for state in State],
        "occurring": [int(state) for state in occurring(timeline)],
        "moment": times.digits_of(timeline.last_ns),
        "finer": sequence.digits_of(timeline.last_ns),
        **collect(kept, shown, columns),
    }
    told["columns"] = columns.layout
    return _page(
        {
            "title": short(title),
            "facts": " · ".join(caption.facts(timeline)),
            "theme": "dark" if settings.dark else "",
            "notes": "\n".join(short(note) for note in _notes(part, kept, shown, settings)),
        },
        _packed(told, columns),
    )


def _notes(part: Part, kept: Part, shown: Sequence[Row], settings: Settings) -> list[str]:
    timeline = part.timeline
    found = [caption.uncaught(timeline) or "", *caption.remarks(timeline)]
    if kept is not part:
        found.append(
            f"Only switches #{kept.first + 1} to #{kept.stop} of {timeline.switch_count} are on this page, which"
            f" is as many as it holds; export another part of the trace to see others."
        )
    elif not part.is_whole:
        found.append(f"A part of the trace: switches #{part.first + 1} to #{part.stop} of {timeline.switch_count}.")
    hidden = 0 if settings.rows else len(timeline.tracks) - sum(len(row.members) or 1 for row in shown)
    if hidden > 0:
        found.append(f"{hidden} more tracks have no row.")
    return [note for note in found if note]


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
