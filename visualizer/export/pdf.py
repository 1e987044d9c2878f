"""Each view on one page of its own size, with text that can be selected: the drawing, as librsvg or Chromium has it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import zlib
from base64 import b64encode
from html import escape
from itertools import chain
from pathlib import Path
from xml.etree import ElementTree

from visualizer.analysis.model.timeline import Timeline
from visualizer.export.formats import Format
from visualizer.export.page import NAMESPACE, Drawing
from visualizer.export.png import NO_FONT
from visualizer.export.settings import Settings
from visualizer.export.svg import DRAWN, PICTURE, drawn

#: A page is at most 200 inches long, of 96 pixels each.
_LONGEST = 200 * 96
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
#: They need a second or two; a program that hangs is not waited for.
_LIMIT_S = 120
#: Objects of the file that are packed together, as later versions of the format allow.
_OBJECTS = re.compile(rb"/ObjStm\b.*?\bstream\r?\n(.*?)endstream", re.DOTALL)
#: As a picture, no script in it would run, and nothing be fetched.
_PAGE = (
    "<!doctype html><meta charset=utf-8><title>{title}</title>"
    "<style>@page {{ size: {width}px {height}px; margin: 0 }} body {{ margin: 0 }} "
    "img {{ display: block; width: {width}px; height: {height}px }}</style>"
    '<img src="data:image/svg+xml;base64,{svg}">'
)


def make(timeline: Timeline, settings: Settings) -> bytes:
    """The page. Raise ImportError, with a sentence, if there is no program that writes it, and ValueError if it fails,
    or the page is too long."""
    drawing = drawn(timeline, settings)
    if (longest := max(drawing.width, drawing.height)) > _LONGEST:
        raise ValueError(f"A page of a PDF is at most {_LONGEST:,} pixels long, and this takes {longest:,}")
    if (rsvg := shutil.which("rsvg-convert")) is not None:
        made = _output([rsvg, "--format=pdf", "--dpi-x=96", "--dpi-y=96"], drawing.svg)
    elif (browser := next(filter(None, map(shutil.which, _BROWSERS)), None)) is not None:
        made = _printed(browser, drawing)
    else:
        raise ImportError(
            "A PDF is written by rsvg-convert (apt install librsvg2-bin, brew install librsvg), or Chromium; "
            "neither is installed"
        )
    if not _has_font(made):
        raise ValueError(NO_FONT)
    return made


def _printed(browser: str, drawing: Drawing) -> bytes:
    with tempfile.TemporaryDirectory(prefix="visualizer-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        page, pdf = folder / "page.html", folder / "page.pdf"
        title = escape(ElementTree.fromstring(drawing.svg).findtext(f"{{{NAMESPACE}}}title") or "")
        svg = b64encode(drawing.svg).decode()
        page.write_text(_PAGE.format(title=title, width=drawing.width, height=drawing.height, svg=svg), "utf-8")
        command = [
            browser, "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--no-pdf-header-footer", f"--user-data-dir={folder / 'profile'}", f"--print-to-pdf={pdf}", page.as_uri(),
        ]  # fmt: skip
        if os.geteuid() == 0:
            # Its sandbox is not for root.
            command.insert(1, "--no-sandbox")
        _output(command, b"")
        if not pdf.exists():
            raise ValueError(f"{browser} wrote no PDF")
        return pdf.read_bytes()


def _has_font(pdf: bytes) -> bool:
    """Whether letters can be seen: without a font, text is left out without a word."""
    packed = (zlib.decompressobj().decompress(found[1]) for found in _OBJECTS.finditer(pdf))
    return any(b"/FontDescriptor" in objects for objects in chain((pdf,), packed))


def _output(command: list[str], given: bytes) -> bytes:
    """What the program prints. Raise ValueError, with a sentence, if it fails."""
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise ValueError(f"{command[0]} did not end within {_LIMIT_S} seconds") from None
    if done.returncode:
        said = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise ValueError(f"{command[0]} failed{f': {said[-1]}' if said else ''}")
    return done.stdout


FORMAT = Format(".pdf", make, tuple(DRAWN), PICTURE)
