"""What moves: a frame for each switch, the playhead further on in each, and nothing that a viewer cannot do without."""

from __future__ import annotations

import io
import re
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image, ImageSequence

from tests.unit.export.test_svg import SVG
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.analysis.text.sentences import sentence
from visualizer.export import FORMATS, Settings, View
from visualizer.export.png import painted
from visualizer.export.steps import steps
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.text.palette import LIGHT

GOLDEN = Path(__file__).parents[2] / "golden"
SMALL = Settings(axes=(Axis.SWITCHES,), width=600, scale=0.5, seconds=3)


@pytest.fixture(scope="module")
def timeline() -> Timeline:
    return load(str(GOLDEN / "gevent_sleeps.trace"))[0]


def frames(timeline: Timeline, suffix: str, settings: Settings) -> list[np.ndarray]:
    opened = Image.open(io.BytesIO(FORMATS[suffix](timeline, settings)))
    return [np.asarray(frame.convert("RGB")).astype(int) for frame in ImageSequence.Iterator(opened)]


def playhead(frame: np.ndarray) -> tuple[int, int]:
    """Its left and its upper end."""
    ground = LIGHT["playhead"].ground or ""
    wanted = [int(ground[at : at + 2], 16) for at in (1, 3, 5)]
    rows, columns = (np.abs(frame - wanted).sum(axis=2) < 12).nonzero()
    return int(columns.min()), int(rows.min())


def test_a_frame_for_each_switch_alike_in_every_format(timeline: Timeline) -> None:
    gif, apng, webp = (frames(timeline, suffix, SMALL) for suffix in (".gif", ".apng", ".webp"))
    assert len(gif) == timeline.switch_count
    assert [playhead(frame)[0] for frame in gif] == sorted({playhead(frame)[0] for frame in gif})
    assert gif[0].shape[1] == 300
    for others in (apng, webp):
        assert all(np.array_equal(one, other) for one, other in zip(gif, others, strict=True))
    # One palette for all frames, letters of few tones, and of each frame what is not as before.
    assert len(FORMATS[".gif"](timeline, SMALL)) < 31_000
    # What has not happened yet is pale, and at the end nothing is.
    running = [int(LIGHT["running"].colour[at : at + 2], 16) for at in (1, 3, 5)]
    full = [int((np.abs(frame - running).sum(axis=2) < 24).sum()) for frame in gif]
    assert full == sorted(full)
    assert full[-1] > 3 * full[0]


def test_how_long_frames_stay_and_how_many_there_are_at_most(timeline: Timeline) -> None:
    told: list[str] = []
    settings = Settings(axes=(Axis.TIME,), width=400, frames=4, seconds=2, tell=told.append)
    opened = Image.open(io.BytesIO(FORMATS[".gif"](timeline, settings)))
    assert [frame.info["duration"] for frame in ImageSequence.Iterator(opened)] == [500, 500, 500, 2_500]
    assert opened.info["loop"] == 0
    assert told == [
        f"The animation has 4 frames for {timeline.switch_count} switches: --frames, or --from and --to."
    ]


def test_in_a_sequence_the_playhead_goes_down(timeline: Timeline) -> None:
    part = Part.between(timeline, 0, timeline.switch_ns[4])
    found = [playhead(frame) for frame in frames(timeline, ".gif", Settings(view=View.SEQUENCE, part=part, width=500))]
    assert len(found) == 5
    assert len({x for x, _ in found}) == 1
    steps = np.diff([y for _, y in found])
    assert steps.min() > 20
    assert steps.max() - steps.min() <= 1


def test_it_pauses_at_marks_with_what_is_said_there_and_has_a_frame_for_each(timeline: Timeline) -> None:
    told: list[str] = []
    marks = (Mark(timeline.switch_ns[3], "asleep", "nobody runs"), Mark(timeline.switch_ns[8] + 1, "only named"))
    for frames_at_most, numbers in ((100, [*range(18)]), (5, [3, 5, 8, 11, 17])):
        known = steps(timeline, Settings(marks=marks, frames=frames_at_most, seconds=18, tell=told.append))
        assert [*known.numbers] == numbers
        said = {number: text for number, (text, style) in zip(numbers, known.told, strict=True) if style == "gap"}
        assert said == {
            3: "#4  asleep: nobody runs", 8: f"only named · #9  {sentence(timeline, 8)}"
        }
        step_ms = 18_000 // len(numbers)
        longer = {number: ms - step_ms for number, ms in zip(numbers, known.ms, strict=True) if ms > step_ms}
        assert longer.keys() == {3, 8, 17}
        assert min(longer.values()) >= 2_000
        assert told[-1] == "The animation pauses at 2 marks; --no-marks leaves them out."
    # Of a sequence, only at those among its switches.
    part = Part.between(timeline, 0, timeline.switch_ns[4])
    shown = steps(timeline, Settings(view=View.SEQUENCE, marks=marks, part=part))
    assert [number for number, said in enumerate(shown.told) if said.style == "gap"] == [3]


@pytest.mark.parametrize("view", [View.TIMELINE, View.SEQUENCE])
def test_a_drawing_that_moves_stands_still_whole_where_css_is_not_known(timeline: Timeline, view: View) -> None:
    content = FORMATS[".svg"](timeline, Settings(view=view, animate=True, height=900, seconds=9))
    assert len(content) < 60_000
    root = ElementTree.fromstring(content)
    assert not list(root.iter(f"{SVG}script"))
    [layer] = [group for group in root.findall(f"{SVG}g") if group.get("class") == "moves"]
    style = root.findtext(f"{SVG}style") or ""
    assert style.startswith("@media(prefers-reduced-motion:no-preference){.moves{visibility:visible}")
    assert "11s step-end infinite" in style
    said = [text.text for text in layer.iter(f"{SVG}text")]
    assert [text.partition("  ")[2] for text in said if text] == [
        sentence(timeline, index) for index in range(timeline.switch_count)
    ]
    moved = {group.get("id") or "" for group in layer.iter(f"{SVG}g")} - {""}
    for name in moved:
        places = re.findall(rf"@keyframes {name}{{(.*?)}}}}", style)[0]
        at = [float(percent) for percent in re.findall(r"([\d.]+)%", places)]
        assert at == sorted(at)
        assert len(at) == timeline.switch_count
    whole = ElementTree.fromstring(content)
    for element in (whole.find(f"{SVG}style"), next(g for g in whole.findall(f"{SVG}g") if g.get("class") == "moves")):
        assert element is not None
        whole.remove(element)
    assert painted(content, 256, 180) == painted(ElementTree.tostring(whole), 256, 180)


@pytest.mark.parametrize(
    ("suffix", "settings", "said"),
    [
        (".svg", Settings(frames=3), "--frames is for what moves: give --animate, too"),
        (".svg", Settings(view=View.TREE, animate=True), "Nothing moves in the view 'tree'"),
        (".svg", Settings(animate=True, at_ns=0), "--at points out a moment, and --animate goes through all of them"),
        (".gif", Settings(view=View.TREE), "A .gif file cannot show the view 'tree'; it has timeline, sequence"),
        (".gif", Settings(at_ns=0), "--at has no effect on a .gif file"),
        (".gif", Settings(part=Part(Timeline(), 0, 0, 0, 0)), "Nothing moves: there is no switch in that part"),
        (".gif", Settings(width=10_000, scale=2), r"The 18 frames have [\d,]+ pixels, and can have 400,000,000"),
    ],
)
def test_what_cannot_move_is_said_in_one_sentence(
    timeline: Timeline, suffix: str, settings: Settings, said: str
) -> None:
    with pytest.raises(ValueError, match=f"^{said}"):
        FORMATS[suffix](timeline, settings)
