"""Text of a trace is text in every format: nothing in it is obeyed, and none of it makes a file that is huge."""

from __future__ import annotations

import io
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from PIL import Image

from tests.unit.analysis.tape import Tape, feed
from tests.unit.export.test_svg import NO_XML
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import Timeline
from visualizer.export import FORMATS, Settings, View
from visualizer.trace import events as ev
from visualizer.trace import words

EVIL = "</text></title></svg></script><script>alert(1)</script>]]>&lt;[red]\x1b[2J\x1b]52;c;eA==\x07\u202e\ud800\x00"
LONG = "<b>w\x1b" * 20_000
#: Pixels, and what has no text in it.
PIXELS = (".png", ".gif", ".apng", ".webp")
#: For programs: their text is exact, in an encoding of theirs.
BINARY = (".parquet", ".pftrace")
#: What no text may have in it as it is: what a terminal obeys, turns around, or cannot encode.
OBEYED = ("\x1b", "\x00", "\x07", "\u202e", "\ud800")
#: Where a program's text is exact, and no browser reads it.
EXACT = (".json", ".csv")


def hostile(name: str) -> Timeline:
    tape = Tape()
    tape.spawn("evil", words.GREENLET, name, parent="main", line=3).switch("main", "evil", name, line=4)
    tape.waits("evil", words.JOIN, name).switch("evil", "main", name, line=5).prints(name)
    tape.switch("main", "evil", name).exits("evil", words.RAISED, name).switch("evil", "main")
    timeline = tape.timeline()
    timeline.header = ev.Header(words.FORMAT, words.VERSION, python=name, target=name)
    t_ns = timeline.last_ns
    feed(timeline, [ev.Uncaught(t_ns, name, name), ev.Note(t_ns, name), ev.End(t_ns, 0, 0)])
    return timeline


def settings(suffix: str, view: View | None, timeline: Timeline, text: str) -> Settings:
    """With that text in all wishes that the format knows, and few pixels."""
    known = Settings(view=view, names=(text, text))
    if view is View.COMPARISON:
        known = replace(known, other=known.part_of(timeline))
    options = FORMATS[suffix].options
    if "title" in options:
        known = replace(known, title=text)
    if "marks" in options:
        known = replace(known, marks=(Mark(timeline.switch_ns[1], text),))
    return replace(known, scale=0.2) if "scale" in options else known


@pytest.mark.parametrize("suffix", FORMATS)
def test_nothing_is_obeyed(suffix: str) -> None:
    timeline, form = hostile(EVIL), FORMATS[suffix]
    for view in form.views or (None,):
        content = form(timeline, settings(suffix, view, timeline, EVIL))
        if suffix in PIXELS:
            Image.open(io.BytesIO(content)).verify()
        elif suffix not in BINARY:
            text = content.decode()
            assert not [sign for sign in OBEYED if sign in text]
            assert suffix in EXACT or "<script>alert(1)" not in text
        if suffix == ".svg":
            root = ElementTree.fromstring(content)
            assert not [element for element in root.iter() if element.tag.endswith("script")]
            assert not NO_XML.search("".join(root.itertext()))


@pytest.mark.parametrize("suffix", FORMATS)
def test_a_very_long_name_makes_no_large_file(suffix: str) -> None:
    timeline, form = hostile(LONG), FORMATS[suffix]
    for view in form.views or (None,):
        content = form(timeline, settings(suffix, view, timeline, LONG))
        # What is exact has all of it, wherever it stands.
        assert len(content) < (100_000 if suffix in (".svg", *PIXELS) else 100 * len(LONG))
