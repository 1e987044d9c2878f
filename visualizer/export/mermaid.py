"""A sequence diagram for Mermaid (https://mermaid.js.org/syntax/sequenceDiagram.html), as GitHub and GitLab draw it."""

from __future__ import annotations

import re

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.bars import tracks_of
from visualizer.export.formats import Format
from visualizer.export.settings import Settings, View
from visualizer.paint.panes.arrow_labels import arrow_of, crossing_labels
from visualizer.trace import words

#: Mermaid draws no longer text unless it is configured to (`maxTextSize`).
_LONGEST = 75_000
#: Longer names and values are cut: a box is as wide as what is written on it.
_WIDEST = 60
#: What has a meaning, or could have one, is written as its number.
_MEANT = re.compile(r"[^\w ,.()/=+\-→…]|\bend\b", re.IGNORECASE)


def _escaped(text: str) -> str:
    text = plain(text)
    if len(text) > _WIDEST:
        text = f"{text[: _WIDEST - 1]}…"
    return _MEANT.sub(lambda found: f"#{ord(found[0][0])};{found[0][1:]}", text) or " "


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The switches as arrows, with what crosses on them, between the tracks that take part. Raise ValueError if there
    are more than Mermaid draws."""
    part = settings.part_of(timeline)
    wanted = {*tracks_of(part, settings.rows)}
    lines, ends, size = [], set(), 0
    chapters = list(reversed(settings.marks))
    for index in range(part.first, part.stop):
        switch = arrow_of(timeline, timeline.switch(index))
        if switch.origin not in wanted or switch.target not in wanted:
            continue
        ends |= {switch.origin, switch.target}
        while chapters and chapters[-1].t_ns <= switch.t_ns:
            mark = chapters.pop()
            if mark.t_ns >= part.start_ns:
                lines.append(f"    Note over t{switch.origin},t{switch.target}: {_escaped(mark.line)}")
        label = next(iter(crossing_labels(timeline, switch)), "")
        ended = switch.suspension < 0 and switch.cause not in words.SUSPENDS_NOBODY
        arrow = "-->>" if ended else "->>"
        lines.append(f"    t{switch.origin}{arrow}t{switch.target}: {_escaped(label)}")
        size += len(lines[-1]) + 1
        if size > _LONGEST:
            break
    named = [f"    participant t{track} as {_escaped(timeline.name(track))}" for track in sorted(ends - {words.NOBODY})]
    heading = ["---", f"title: \"{_escaped(settings.title)}\"", "---"] if settings.title else []
    text = "\n".join([*heading, "sequenceDiagram", *named, *lines, ""])
    if len(text) > _LONGEST:
        # A tenth less, as the switches differ.
        fitting = max(1, int(0.9 * len(lines) * (_LONGEST - len(text) + size) / size))
        raise ValueError(
            f"Mermaid draws at most {_LONGEST:,} characters, and these {part.stop - part.first:,} switches take more; "
            f"export a part, such as FILE@#{part.first + 1}-#{part.first + fitting}, or some --tracks"
        )
    return text.encode()


FORMAT = Format(".mmd", make, (View.SEQUENCE,), frozenset(("rows", "marks", "title")))
