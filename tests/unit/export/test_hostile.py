"""Text of a trace is text in every format: nothing in it is obeyed, and none of it makes a file that is huge."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from shutil import which
from xml.etree import ElementTree

import pytest
from PIL import Image
from pypdf import PdfReader

from tests.browser import CHROMIUM
from tests.unit.analysis.tape import Tape, feed
from tests.unit.export.test_svg import NO_XML
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.model.timeline import Timeline
from visualizer.cli.export import filmed
from visualizer.export import FORMATS, Format, Settings, View
from visualizer.trace import events as ev
from visualizer.trace import words

EVIL = "</text></title></svg></script><script>alert(1)</script>]]>&lt;[red]\x1b[2J\x1b]52;c;eA==\x07\u202e\ud800\x00"
LONG = "<b>w\x1b" * 10_000
#: Pixels, and what has no text in it.
PIXELS = (".png", ".gif", ".apng", ".webp")
#: For programs: their text is exact, in an encoding of theirs.
BINARY = (".parquet", ".pftrace")
#: What no text may have in it as it is: what a terminal obeys, turns around, or cannot encode.
OBEYED = ("\x1b", "\x00", "\x07", "\u202e", "\ud800")
#: What a .cast sends beside text: where a line begins, in what colours it is, and whether there is a cursor.
SENT = re.compile(r"\x1b\[[0-9;]*[Hm]|\x1b\[\?25[hl]")
#: Where a program's text is exact, and no browser reads it.
EXACT = (".json", ".csv", ".cast")


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
    known = Settings(view=view, names=(text, text), film=filmed)
    if view is View.COMPARISON:
        known = replace(known, other=known.part_of(timeline))
    options, form = FORMATS[suffix].options, FORMATS[suffix]
    if "title" in options:
        known = replace(known, title=text)
    if form.honours("marks", view):
        known = replace(known, marks=(Mark(timeline.switch_ns[1], text),))
    return replace(known, scale=0.2) if "scale" in options else known


def views(form: Format) -> Sequence[View | None]:
    """What is looked at: of formats that take long, whose views differ in what is looked at elsewhere, one."""
    return form.views[:1] if form.suffix in (".cast", ".pdf") else form.views or (None,)


WRITES_PDF = which("rsvg-convert") or CHROMIUM
EVERY = [
    pytest.param(suffix, marks=pytest.mark.skipif(suffix == ".pdf" and not WRITES_PDF, reason="nothing writes a PDF"))
    for suffix in FORMATS
]


@pytest.mark.parametrize("suffix", EVERY)
def test_nothing_is_obeyed(suffix: str) -> None:
    timeline, form = hostile(EVIL), FORMATS[suffix]
    for view in views(form):
        content = form(timeline, settings(suffix, view, timeline, EVIL))
        if suffix in PIXELS:
            Image.open(io.BytesIO(content)).verify()
        elif suffix == ".pdf":
            (page,) = (read := PdfReader(io.BytesIO(content))).pages
            # A sign that the font lacks is read as NUL in what Chromium writes.
            assert not [sign for sign in OBEYED if sign != "\x00" and sign in page.extract_text()]
            assert not {"/OpenAction", "/AA", "/Names", "/AcroForm"} & {*read.root_object}
            assert not {"/Annots", "/AA"} & {*page}
        elif suffix not in BINARY:
            text = content.decode()
            assert not [sign for sign in OBEYED if sign in text]
            assert suffix in EXACT or "<script>alert(1)" not in text
        if suffix == ".cast":
            sent = [json.loads(line) for line in text.splitlines()]
            assert SENT.sub("", "".join([sent[0]["title"], *(event[2] for event in sent[1:])])).isprintable()
        if suffix == ".svg":
            root = ElementTree.fromstring(content)
            assert not [element for element in root.iter() if element.tag.endswith("script")]
            assert not NO_XML.search("".join(root.itertext()))


# What draws a .pdf is what draws an .svg.
@pytest.mark.parametrize("suffix", [suffix for suffix in FORMATS if suffix != ".pdf"])
def test_a_very_long_name_makes_no_large_file(suffix: str) -> None:
    # The screen looks at each name again for each frame.
    name, form = LONG[:20_000] if suffix == ".cast" else LONG, FORMATS[suffix]
    timeline = hostile(name)
    for view in views(form):
        content = form(timeline, settings(suffix, view, timeline, name))
        # What is exact has all of it, wherever it stands.
        assert len(content) < (100_000 if suffix in (".svg", *PIXELS) else 100 * len(LONG))
