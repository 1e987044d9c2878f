"""The page, read by pypdf, as either program writes it."""

from __future__ import annotations

import io
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from pypdf import PdfReader

from visualizer.analysis.load.loader import load
from visualizer.export import FORMATS, Settings, pdf

TRACE = Path(__file__).parents[2] / "golden" / "ping_pong.trace"
PROGRAMS = ("rsvg-convert", "chromium")


def only(monkeypatch: pytest.MonkeyPatch, *programs: str) -> None:
    """As if there were no other programs."""
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name: which(name) if name in programs else None)


@pytest.mark.parametrize("program", PROGRAMS)
def test_one_page_of_the_pictures_size_whose_text_is_text(
    program: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    if shutil.which(program) is None:
        pytest.skip(f"there is no {program} here")
    only(monkeypatch, program)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    timeline, _ = load(str(TRACE))
    made = PdfReader(io.BytesIO(FORMATS[".pdf"](timeline, Settings(width=1000, height=700, title="A <talk>"))))
    (page,) = made.pages
    # 96 pixels are 72 points.
    assert (round(page.mediabox.width), round(page.mediabox.height)) == (750, 525)
    assert {"A <talk>", "main", "test1", "test2"} <= {*page.extract_text().splitlines()}
    assert not page.images
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_written_is_said_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    timeline, _ = load(str(TRACE))
    with pytest.raises(ValueError, match="at most 19,200 pixels long, and this takes 20,000"):
        FORMATS[".pdf"](timeline, Settings(height=20_000))
    only(monkeypatch)
    with pytest.raises(ImportError, match=r"rsvg-convert .* or Chromium; neither is installed"):
        FORMATS[".pdf"](timeline, Settings())
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/cat" if name == "rsvg-convert" else None)
    monkeypatch.setattr(pdf, "_output", lambda command, given: b"%PDF")
    with pytest.raises(ValueError, match="No font was found"):
        FORMATS[".pdf"](timeline, Settings())
    monkeypatch.undo()
    monkeypatch.setattr(shutil, "which", lambda name: "/bin/false" if name == "rsvg-convert" else None)
    with pytest.raises(ValueError, match="/bin/false failed"):
        FORMATS[".pdf"](timeline, Settings())

    def hangs(command: list[str], **keywords: object) -> None:
        raise subprocess.TimeoutExpired(command, 1)

    monkeypatch.setattr(subprocess, "run", hangs)
    with pytest.raises(ValueError, match="did not end within 120 seconds"):
        FORMATS[".pdf"](timeline, Settings())
