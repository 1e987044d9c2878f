"""The app's screen, or that of a talk, as one goes from switch to switch: an asciicast v2, for asciinema's player and
for agg (https://docs.asciinema.org/manual/asciicast/v2/)."""

from __future__ import annotations

import json
from dataclasses import replace

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.printable import plain
from visualizer.export.formats import Format
from visualizer.export.settings import Settings, View
from visualizer.export.steps import stepped

#: How long each step takes, if nothing is wished, and how much longer a mark, and the last one, stay.
_STEP_S, _STAYS_S = 1.0, 3.0
#: Each is a frame.
_MOST_MARKS = 600
#: Of a trace of more switches, in which a screen takes longer, there are at most so many frames if nothing is wished.
_LONG, _FRAMES = 200_000, 40
_HIDE_CURSOR, _SHOW_CURSOR = "\x1b[?25l", "\x1b[?25h"


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The recording. Each mark is a marker; there the screen stays for a while. Raise ValueError, with a sentence, if
    there is no switch, or there are too many marks."""
    if settings.film is None:
        raise ValueError("A .cast shows the screen of the app, which is filmed by `visualizer export`")
    part, switch_ns = settings.part_of(timeline), timeline.switch_ns
    marked = (mark for mark in settings.marks if part.start_ns <= mark.t_ns <= part.end_ns)
    marks = {(timeline.switch_before(mark.t_ns), mark.t_ns): mark.name for mark in marked}
    if len(marks) > _MOST_MARKS:
        many = f"The screen stops at {_MOST_MARKS} marks at most, and there are {len(marks):,}"
        raise ValueError(f"{many}: --no-marks, or --from and --to")
    # A talk with marks goes from one to the next.
    count, few = part.stop - part.first, settings
    if count > _LONG and settings.frames == Settings.frames:
        few = replace(settings, frames=_FRAMES)
    steps = stepped(count, few) if not (settings.present and marks) else ()
    moments = sorted({*((part.first + step, switch_ns[part.first + step]) for step in steps), *marks})
    stay_s = [_STEP_S + _STAYS_S * (moment in marks or moment == moments[-1]) for moment in moments]
    factor = settings.seconds / sum(stay_s) if settings.seconds else 1.0
    header = timeline.header
    title = plain(settings.title or (header.target if header is not None else ""))
    columns, rows = settings.cells
    lines: list[object] = [{"version": 2, "width": columns, "height": rows, "title": title}]
    at_s, before = 0.0, _HIDE_CURSOR
    film = settings.film(replace(settings, part=part), moments)
    for moment, shown, stays_s in zip(moments, film, stay_s, strict=True):
        lines.append((round(at_s, 3), "o", before + shown))
        if moment in marks:
            # Behind what is shown: a player may stop here.
            lines.append((round(at_s, 3), "m", plain(marks[moment])))
        at_s, before = at_s + factor * stays_s, ""
    lines.append((round(at_s, 3), "o", _SHOW_CURSOR))
    return "".join(f"{json.dumps(line, ensure_ascii=False, separators=(',', ':'))}\n" for line in lines).encode()


FORMAT = Format(".cast", make, (View.TIMELINE, View.SEQUENCE), frozenset(
    ("axes", "marks", "theme", "title", "frames", "seconds", "cells", "present")
))
