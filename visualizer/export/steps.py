"""What moves over a picture: the playhead, from switch to switch, and the sentence of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.page import Cover, Drawing, Stage, moment_told
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
#: Viewers take less for more.
_SHORTEST_MS = 30


class Steps(NamedTuple):
    """`numbers`: of the switches among those of the stage; `told`: the sentence of each; `ms`: how long each stays."""

    drawing: Drawing
    stage: Stage
    numbers: Sequence[int]
    told: Sequence[str]
    ms: Sequence[int]

    def places(self, cover: Cover) -> Iterator[tuple[float, float]]:
        """Of each step, from where to where on the cover it is; nothing beyond has happened yet."""
        whole, count = cover.right - cover.left if cover.upright else cover.bottom - cover.top, len(self.stage.switches)
        for number in self.numbers:
            yield cover.place(number), cover.place(number + 1) if number + 1 < count else whole


def steps(timeline: Timeline, settings: Settings) -> Steps:
    """The picture and the steps over it. Raise ValueError, with a sentence, if there is none."""
    drawing = MOVING[settings.view or View.TIMELINE](timeline, settings, moving=True)
    stage = drawing.stage
    assert stage is not None, "it is drawn with one"
    count = len(stage.switches)
    if not count:
        raise ValueError("Nothing moves: there is no switch in that part of the trace")
    shown = min(count, settings.frames)
    if shown < count:
        settings.tell(f"The animation has {shown} frames for {count} switches: --frames, or --from and --to.")
    numbers = [(number + 1) * count // shown - 1 for number in range(shown)]
    whole_ms = settings.seconds * 1000 or min(_LONGEST_MS, _STEP_MS * shown)
    ms = [max(_SHORTEST_MS, round(whole_ms / shown))] * shown
    ms[-1] += _STAYS_MS
    return Steps(drawing, stage, numbers, [moment_told(timeline, stage.switches[number]) for number in numbers], ms)
