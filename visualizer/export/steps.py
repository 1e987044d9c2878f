"""What moves over a picture: the playhead, from switch to switch, and the sentence of each."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export.page import Cover, Drawing, Stage, moment_told
from visualizer.export.pen import shortened
from visualizer.export.sequence import draw_sequence
from visualizer.export.settings import Settings, View
from visualizer.export.timeline import draw_timeline

#: Views over which something can move.
MOVING = {View.TIMELINE: draw_timeline, View.SEQUENCE: draw_sequence}
#: How much is left to be seen of what has not happened yet.
FADED = 0.28
#: Height of a sentence, and what is above its baseline, as multiples of the size of its letters.
LINE, ABOVE = 1.7, 1.2
#: Width of the playhead, in pixels of the page.
PLAYHEAD = 3.0
#: How long a step takes, if nothing is wished, and all of them at most; and how much longer the last one stays.
_STEP_MS, _LONGEST_MS, _STAYS_MS = 700, 24_000, 2_000
#: A mark stays so much longer, and for each character of what is said there.
_PAUSE_MS, _READ_MS = 2_000, 30
#: Viewers take less for more.
_SHORTEST_MS = 30


class Said(NamedTuple):
    """A line of text, and its style."""

    text: str
    style: str


class Steps(NamedTuple):
    """`numbers`: of the switches among those of the stage; `told`: the sentence of each, at a mark what is said there;
    `ms`: how long each stays."""

    drawing: Drawing
    stage: Stage
    numbers: Sequence[int]
    told: Sequence[Said]
    ms: Sequence[int]

    def places(self, cover: Cover) -> Iterator[tuple[float, float]]:
        """Of each step, from where to where on the cover it is; nothing beyond has happened yet."""
        whole, count = cover.right - cover.left if cover.upright else cover.bottom - cover.top, len(self.stage.switches)
        for number in self.numbers:
            yield cover.place(number), cover.place(number + 1) if number + 1 < count else whole


def stepped(count: int, settings: Settings, marked: Collection[int] = ()) -> list[int]:
    """The numbers, of so many switches, of those after which there is a frame, the `marked` ones before others. Raise
    ValueError, with a sentence, if there is none."""
    if not count:
        raise ValueError("Nothing moves: there is no switch in that part of the trace")
    shown = min(count, settings.frames)
    if shown < count:
        settings.tell(f"The animation has {shown} frames for {count} switches: --frames, or --from and --to.")
    even = max(1, shown - len(marked)) if shown < count else count
    return sorted({(number + 1) * count // even - 1 for number in range(even)}.union([*marked][: shown - 1]))


def steps(timeline: Timeline, settings: Settings) -> Steps:
    """The picture and the steps over it. Raise ValueError, with a sentence, if there is none."""
    drawing = MOVING[settings.view or View.TIMELINE](timeline, settings, moving=True)
    stage = drawing.stage
    assert stage is not None, "it is drawn with one"
    count = len(stage.switches)
    marks = _marks(settings.part_of(timeline), stage.switches, settings.marks) if count else {}
    numbers, shown = stepped(count, settings, marks), min(count, settings.frames)
    whole_ms = settings.seconds * 1000 or min(_LONGEST_MS, _STEP_MS * shown)
    step_ms = max(_SHORTEST_MS, round(whole_ms / shown))
    told, ms = [], []
    for number in numbers:
        said, here = Said(moment_told(timeline, stage.switches[number]), "thread"), marks.get(number, [])
        if here:
            text = " · ".join(mark.told for mark in here)
            # A mark that is but named takes nothing from the sentence.
            captioned = any(mark.caption for mark in here)
            text = f"#{stage.switches[number] + 1}  {text}" if captioned else f"{text} · {said.text}"
            said = Said(shortened(text), "gap")
        told.append(said)
        ms.append(step_ms + bool(here) * (_PAUSE_MS + _READ_MS * len(said.text)))
    ms[-1] += _STAYS_MS
    if pauses := sum(number in marks for number in numbers):
        settings.tell(f"The animation pauses at {pauses} mark{'s' * (pauses > 1)}; --no-marks leaves them out.")
    return Steps(drawing, stage, numbers, told, ms)


def _marks(part: Part, switches: Sequence[int], marks: Sequence[Mark]) -> dict[int, list[Mark]]:
    """The marks, by the number among the switches of the last that is not behind each."""
    switch_ns, found = part.timeline.switch_ns, dict[int, list[Mark]]()
    end_ns = part.end_ns if switches[-1] == part.stop - 1 else switch_ns[switches[-1]]
    for mark in marks:
        if part.start_ns <= mark.t_ns <= end_ns:
            at = bisect_right(switches, mark.t_ns, key=switch_ns.__getitem__) - 1
            found.setdefault(max(0, at), []).append(mark)
    return found
