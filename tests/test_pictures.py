"""The README's pictures and the gallery, as they are kept."""

from __future__ import annotations

import re

from tests.pictures import GALLERY, OF_README, RECORDINGS, ROOT, is_current, made, superfluous


def test_the_pictures_are_up_to_date() -> None:
    """After a wanted change: `make pictures`, and look at what has changed."""
    assert [path.name for path, content in made() if not is_current(path, content)] == []
    assert superfluous() == set()


def test_a_picture_that_is_missing_or_other_is_not_up_to_date() -> None:
    drawing, screen = OF_README / "gevent_sleeps.svg", OF_README / "timeline.png"
    assert is_current(drawing, drawing.read_bytes())
    assert not is_current(drawing, drawing.read_bytes() + b" ")
    assert not is_current(drawing.with_name("absent.svg"), drawing.read_bytes())
    assert not is_current(screen, b"<svg/>")


def test_what_is_linked_is_there() -> None:
    for page, link in (
        (ROOT / "README.md", r'(?:\]\(|src(?:set)?=")([\w./-]+)[)"]'),
        (GALLERY / "index.html", r'(?:href|src)="([^"]+)"'),
    ):
        links = re.findall(link, page.read_text(encoding="utf-8"))
        assert len(links) > 5
        assert [link for link in links if not (page.parent / link).exists()] == []


def test_a_recording_has_no_path_of_the_machine_that_made_it() -> None:
    for recording in RECORDINGS.iterdir():
        tops = set(re.findall(r'"(/[^"/]+)/[^"]*\.py"', recording.read_text(encoding="utf-8")))
        assert tops <= {"/src", "/lib"}, recording.name
