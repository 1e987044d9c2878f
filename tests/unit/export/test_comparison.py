"""Two parts in one drawing: one scale, each cut to its part, the saving as a number."""

from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

import pytest

from tests.unit.analysis.tape import Tape, ping_pong, sleeps
from tests.unit.export.test_svg import GOLDEN, LEGEND, NO_XML, SVG, bars, texts
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.report.comparison import Part
from visualizer.export import FORMATS, Settings
from visualizer.paint.axis.viewport import Axis
from visualizer.paint.text.palette import LIGHT
from visualizer.trace import words


def drawn(a: Part, b: Part, *axes: Axis, names: tuple[str, str] = ("a", "b")) -> ElementTree.Element:
    settings = Settings(part=a, other=b, names=names, axes=axes or (Axis.TIME,))
    return ElementTree.fromstring(FORMATS[".svg"](a.timeline, settings))


def halves() -> tuple[Part, Part]:
    timeline, _ = load(str(GOLDEN / "sync_vs_async.trace"))
    switch_ns = timeline.switch_ns
    return Part.between(timeline, switch_ns[0], switch_ns[17]), Part.between(timeline, switch_ns[18], switch_ns[-1])


def sleeping(seconds: int) -> Part:
    tape = Tape().spawn("g", words.GENERATOR).resume("g")
    return Part.whole(tape.at(seconds * 1_000_000_000).exits("g").exits("main").end().timeline())


def test_a_second_is_as_long_in_both() -> None:
    root = drawn(sleeping(4), sleeping(1))
    widths = sorted(width for _, width in bars(root, LIGHT["running"].colour))
    assert widths[-1] == pytest.approx(4 * widths[-2], rel=1e-3)
    assert {"B is 4.0× faster: 1 s instead of 4 s", "3 s saved", "A a", "B b"} <= {
        " ".join(text.split()) for text in texts(root)
    }


def test_what_takes_longer_says_so_beside_the_other() -> None:
    assert "B takes 3 s longer" in texts(drawn(sleeping(1), sleeping(4)))
    same = texts(drawn(sleeping(1), sleeping(1)))
    assert not any("saved" in text or "longer" in text for text in same)


def test_along_the_switches_both_begin_with_switch_1() -> None:
    root = drawn(*halves(), Axis.SWITCHES)
    said = texts(root)
    # Not "#5", which is another one.
    assert said.count("+5") == 2
    assert (said.count("+20"), said.count("+60")) == (1, 0)
    assert "B takes 36 more switches" in said
    [one, other] = [text.get("x") for text in root.iter(f"{SVG}text") if text.text == "+5"]
    assert one == other


@pytest.mark.parametrize(("axis", "share"), [(Axis.TIME, 0.112), (Axis.SWITCHES, 17 / 53)])
def test_nothing_lies_outside_of_a_part(axis: Axis, share: float) -> None:
    """In time B takes a ninth of A. Behind the first switch A has 17 more, and B 53."""
    root = drawn(*halves(), axis)
    below = next(float(text.get("y", 0)) for text in root.iter(f"{SVG}text") if text.text == "B  b")
    edges: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for rect in root.findall(f"{SVG}rect"):
        x, y, width = (float(rect.get(name, "0").rstrip("%")) for name in ("x", "y", "width"))
        if x and rect.get("width") != LEGEND:
            edges[y > below].append((x, x + width))
    begins = {round(min(left for left, _ in sides)) for sides in edges.values()}
    lengths = sorted(max(right for _, right in sides) - min(begins) for sides in edges.values())
    assert max(begins) - min(begins) <= 3
    assert lengths[0] == pytest.approx(share * lengths[1], rel=0.03)


def test_many_tracks_are_counted() -> None:
    tape = Tape()
    for number in range(230):
        tape.spawn(f"g{number}", words.GENERATOR, creator="main")
    part = Part.whole(tape.end().timeline())
    assert "… and 207 more tracks" in texts(drawn(part, Part.whole(ping_pong().timeline())))


def test_names_are_not_obeyed() -> None:
    names = "</text><script>", "\x1b[31m\x00"
    other = Part.whole(ping_pong().timeline())
    picture = FORMATS[".svg"](sleeps().timeline(), Settings(other=other, names=names))
    root = ElementTree.fromstring(picture)
    assert not any(element.tag.endswith("script") for element in root.iter())
    assert not NO_XML.search(picture.decode())


def test_nothing_at_all() -> None:
    empty = Part.whole(Timeline())
    assert "Both take about the same time: 0 s and 0 s" in texts(drawn(empty, empty, *Axis))


def test_a_height_that_is_given_and_rows_of_either_side() -> None:
    a, b = Part.whole(sleeps().timeline()), Part.whole(ping_pong().timeline())
    settings = Settings(other=b, names=("a", "b"), axes=(Axis.TIME,), height=720)
    root = ElementTree.fromstring(FORMATS[".svg"](a.timeline, replace(settings, rows=("test2", "foo"), selected="foo")))
    assert (root.get("width"), root.get("height")) == ("1280", "720")
    height = float(root.get("viewBox", "").split()[-1])
    lowest = max(float(text.get("y", 0)) for text in root.iter(f"{SVG}text"))
    assert 0.8 * height < lowest < height
    assert {"foo", "test2"} <= set(texts(root))
    assert len(bars(root, LIGHT["selected"].colour)) == 1
    for wish, said in (
        ({"rows": ("nobody",)}, "There is no row 'nobody'; there are main"),
        ({"selected": "nobody"}, "There is no row 'nobody' in the picture to be marked"),
        ({"height": 200}, r"A picture 200 pixels high has no room for a comparison; it takes \d+"),
    ):
        with pytest.raises(ValueError, match=f"^{said}"):
            FORMATS[".svg"](a.timeline, replace(settings, **wish))
