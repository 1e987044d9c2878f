"""The README's pictures and the gallery of scenarios, made from recordings that are kept beside them.

    python -m tests.pictures [--record]

A recording tells other times whenever it is made; from one that is kept, the same files come every time. So a test can
tell whether they are up to date. `--record` records the scenarios anew before.
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import html
import os
import re
import sysconfig
import tempfile
from collections.abc import Iterator
from io import BytesIO
from itertools import groupby
from pathlib import Path
from typing import Any
from unittest.mock import patch

from PIL import Image
from PIL.PngImagePlugin import PngInfo

import visualizer
from visualizer.api.trace import Trace
from visualizer.export import FORMATS, Settings
from visualizer.export.png import painted
from visualizer.paint.axis.viewport import Axis
from visualizer.session.catalogue import Scenario, scenarios
from visualizer.session.preferences import Preferences
from visualizer.session.state import STATE_DIR
from visualizer.tui.app import VisualizerApp
from visualizer.tui.screens.timeline import TimelineScreen

ROOT = Path(__file__).parent.parent
GALLERY, OF_README = ROOT / "docs" / "gallery", ROOT / ".github"
RECORDINGS = GALLERY / "recordings"
_OF_EACH = ".svg", ".html"
#: A text in a PNG that says what it was painted from: the pixels also depend on the fonts of the machine.
_PAINTED_FROM = "Source"
_WIDTH, _HEIGHT = 1482, 904
#: Those that Textual asks for; its blocks and shades leave no gaps in the one that we ask for.
_FONTS = re.compile("Fira Code|arial")

_PAGE = """<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>The scenarios</title>
<style>
:root {{ color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }}
body {{ max-width: 75rem; margin: 2rem auto; padding: 0 1rem }}
section {{ display: grid; grid-template-columns: repeat(auto-fill, minmax(min(34rem, 100%), 1fr)); gap: 1.5rem }}
a {{ color: inherit; text-decoration: none }}
article {{ border: 1px solid #8886; border-radius: 8px; overflow: hidden }}
article:hover, article:focus-within {{ border-color: #06c }}
img {{ display: block; width: 100%; max-height: 17rem; object-fit: cover; object-position: left top; background: #fff }}
h3, p {{ margin: .5rem 1rem }}
@media (prefers-color-scheme: dark) {{ img {{ filter: invert(.92) hue-rotate(180deg) }} }}
</style>
<h1>The scenarios</h1>
<p>Each picture opens its recording: step through it with the arrow keys, <kbd>?</kbd> shows all keys.
<code>visualizer run NAME</code> runs it on your machine.</p>
{sections}
</html>
"""
_SECTION = """<h2>{runtime}</h2>
<section>
{cards}
</section>"""
_CARD = """<article><a href="{name}.html"><img src="{name}.svg" alt="The timeline of {name}" loading="lazy">
<h3>{name}</h3>
<p>{sentence}</p></a></article>"""


def made() -> Iterator[tuple[Path, bytes]]:
    """Each file and what it holds now; for a PNG, the drawing that it is painted from."""
    shown = scenarios()
    for scenario in shown:
        trace = _recording(scenario.name)
        for suffix in _OF_EACH:
            yield GALLERY / f"{scenario.name}{suffix}", _exported(trace, suffix)
    yield GALLERY / "index.html", _index(shown)
    both = _recording("sync_vs_async")
    first, second = both.between("#1", "#18"), both.between("#19")
    names = "run.trace@#1-#18", "run.trace@#19-#"
    for theme, ending in ("light", ".svg"), ("dark", "-dark.svg"):
        of_both = _exported(first, ".svg", other=second.part, names=names, axes=(Axis.TIME,), theme=theme)
        yield OF_README / f"gevent_sleeps{ending}", _exported(_recording("gevent_sleeps"), ".svg", theme=theme)
        yield OF_README / f"ping_pong{ending}", _exported(_recording("ping_pong"), ".svg", animate=True, theme=theme)
        yield OF_README / f"mixed{ending}", _exported(_recording("mixed"), ".svg", theme=theme)
        yield OF_README / f"sync_vs_async{ending}", of_both
    yield OF_README / "timeline.png", asyncio.run(_screen("gevent_sleeps", "x", "right"))


def is_current(path: Path, content: bytes) -> bool:
    """Whether the file is what `made` makes now."""
    if path.suffix != ".png" or not path.exists():
        return path.exists() and path.read_bytes() == content
    with Image.open(path) as picture:
        return picture.info.get(_PAINTED_FROM) == _digest(content)


def superfluous() -> set[Path]:
    """What lies in the gallery although there is no such scenario."""
    names = [scenario.name for scenario in scenarios()]
    wanted = {GALLERY / f"{name}{suffix}" for name in names for suffix in _OF_EACH}
    wanted |= {RECORDINGS / f"{name}.trace" for name in names} | {GALLERY / "index.html", RECORDINGS}
    return {*GALLERY.iterdir(), *RECORDINGS.iterdir()} - wanted


def record() -> None:
    """Record all scenarios anew. Neither a path of this machine nor the source of a library stays in a recording."""
    paths = sysconfig.get_paths()
    elsewhere = {paths["purelib"]: "/lib/site-packages", paths["stdlib"]: "/lib/python", str(ROOT): "/src"}
    RECORDINGS.mkdir(parents=True, exist_ok=True)
    for scenario in scenarios():
        path = RECORDINGS / f"{scenario.name}.trace"
        path.unlink(missing_ok=True)
        done = visualizer.record(scenario.name, to=path)
        if done.exit_code or done.warning:
            raise SystemExit(f"{scenario.name} ended with {done.exit_code}: {done.warning}")
        text = path.read_text(encoding="utf-8")
        for here, there in elsewhere.items():
            text = text.replace(here, there)
        path.write_text(_without_libraries(text), encoding="utf-8")


def _without_libraries(text: str) -> str:
    """A trace without the source of libraries, which is not ours to hand on."""
    theirs = set(re.findall(r'^\["text",(\d+),"/lib/', text, re.MULTILINE))
    lines = text.splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith(tuple(f'["listing",{id},' for id in theirs)))


def _recording(name: str) -> Trace:
    return visualizer.load(RECORDINGS / f"{name}.trace")


def _exported(trace: Trace, suffix: str, **wishes: Any) -> bytes:
    settings = Settings(**{"part": trace.part, "names": (Path(trace.path).name,), **wishes})
    return FORMATS[suffix](trace.timeline, settings)


def _index(shown: list[Scenario]) -> bytes:
    sections = [
        _SECTION.format(
            runtime=html.escape(runtime),
            cards="\n".join(_CARD.format(name=one.name, sentence=html.escape(one.sentence)) for one in those),
        )
        for runtime, those in groupby(shown, lambda one: one.runtime)
    ]
    return _PAGE.format(sections="\n".join(sections)).encode()


async def _screen(name: str, *keys: str) -> bytes:
    """The terminal as a drawing: that recording, after these keys."""
    with tempfile.TemporaryDirectory() as folder, patch.dict(os.environ, {STATE_DIR: folder}):
        Preferences(hinted=True).save()
        app = VisualizerApp(open_path=RECORDINGS / f"{name}.trace")
        async with app.run_test(size=(120, 35)) as pilot:
            screen = app.screen
            assert isinstance(screen, TimelineScreen)
            while screen.feed.live:
                await pilot.pause(0.02)
            await pilot.press(*keys)
            await pilot.pause()
            return _FONTS.sub("DejaVu Sans Mono", app.export_screenshot(title="visualizer")).encode()


def _painted(drawing: bytes) -> bytes:
    """It as a PNG that says what it was painted from."""
    told = PngInfo()
    told.add_text(_PAINTED_FROM, _digest(drawing))
    into = BytesIO()
    with Image.open(BytesIO(painted(drawing, _WIDTH, _HEIGHT))) as picture:
        picture.save(into, "PNG", optimize=True, pnginfo=told)
    return into.getvalue()


def _digest(drawing: bytes) -> str:
    return f"sha256 {hashlib.sha256(drawing).hexdigest()}"


if __name__ == "__main__":
    options = argparse.ArgumentParser(description="Make the README's pictures and the gallery.")
    options.add_argument("--record", action="store_true", help="record all scenarios anew before")
    if options.parse_args().record:
        record()
    for file in superfluous():
        file.unlink()
    for file, content in made():
        if not is_current(file, content):
            file.write_bytes(_painted(content) if file.suffix == ".png" else content)
            print(file.relative_to(ROOT))
