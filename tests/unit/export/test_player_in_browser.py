"""The page in a browser: a deck with two of them, each of which a script of the test drives by its keys.

Chromium draws it without a screen or a network, and is asked what the scripts saw. It takes a second or two, once.
"""

from __future__ import annotations

import asyncio
import json
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, LIMIT_S, MISSING, opened
from tests.unit.analysis.tape import Tape
from visualizer.analysis.explore.marks import Mark, recorded
from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.text.sentences import sentence, sentence_before_first
from visualizer.export import FORMATS, Settings
from visualizer.export.player import steps
from visualizer.trace import words

pytestmark = pytest.mark.skipif(not CHROMIUM, reason=MISSING)

HOSTILE = "</script><img src=x onerror=alert(1)>"
#: Of each key what is to be seen after it; then what else there is. It runs in the page.
DRIVER = """
const errors = [];
addEventListener("error", event => errors.push(event.message));
addEventListener("unhandledrejection", event => errors.push(String(event.reason)));
addEventListener("securitypolicyviolation", event => errors.push(`${event.violatedDirective} ${event.blockedURI}`));
window.alert = () => errors.push("alert");
const root = document.documentElement, text = id => document.getElementById(id).textContent;
const drive = () => {
  if (!root.dataset.ready) return setTimeout(drive, 20);
  const seen = [];
  const look = key => seen.push([key, Number(root.dataset.at), text("sentence")]);
  look("");
  for (const key of KEYS) { dispatchEvent(new KeyboardEvent("keydown", {key, cancelable: true})); look(key); }
  // The page paints in the next frame, which it has asked for before.
  requestAnimationFrame(() => {
    const canvas = document.getElementById("picture"), colours = new Set();
    const dots = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data.buffer);
    for (const dot of dots) colours.add(dot);
    const {width, height} = canvas.getBoundingClientRect();
    const items = [...document.querySelectorAll("#list button")];
    parent.postMessage({
      name: NAME, seen, errors, ready: root.dataset.ready, colours: colours.size, size: [width, height],
      requests: performance.getEntriesByType("resource").map(entry => entry.name),
      elements: document.querySelectorAll("img, #packed").length, scripts: document.scripts.length,
      listed: items.map(item => item.querySelector(".text").textContent),
      current: items.findIndex(item => item.ariaCurrent === "true"),
      marked: [...document.querySelectorAll("pre mark")].map(mark => mark.textContent),
      chapter: text("chapter"), here: [...document.querySelectorAll("figure .here")].map(line => line.textContent),
      chapters: [...document.querySelectorAll("#chapters button")].map(chapter => chapter.textContent),
      title: document.title, theme: root.dataset.theme, blank: !document.getElementById("blank").hidden,
      view: canvas.ariaLabel, present: root.classList.contains("present"),
    }, "*");
  });
};
drive();
"""
#: All within the window (tests/browser.py): one out of sight is given no frames to paint.
DECK = """<!doctype html><script>
const told = [];
const all = new Promise(resolve => addEventListener("message", event => {
  if (told.push(event.data) === 5) resolve(told);
}));
</script><iframe src="plain.html" width="1200" height="680"></iframe>
<iframe src="presented.html?present#2" width="1200" height="680"></iframe>
<iframe src="long.html#3" width="1200" height="680"></iframe>"""
#: By the keys of the terminal; then to the other axis and back, the sequence, zoom and pan.
PLAIN = ["ArrowRight", "l", "l", "h", "ArrowLeft", "End", "ArrowRight", "Home", "h", *"xXxwsadfYYjjLTc?"]
#: Of a long trace: an address leads to the step before that switch.
LONG = ["ArrowRight", "ArrowRight", "ArrowRight", "Y", "ArrowLeft"]
#: From mark to mark, and at either end over to the deck; by its number, blank, larger.
PRESENTED = [" ", "ArrowRight", "PageDown", " ", "ArrowLeft", "h", "1", "Home", "ArrowLeft", "End", *"2Y+-b"]


def tape() -> Tape:
    source = "\n".join(f"\tf{number:06}()" for number in range(1, 41))
    made = Tape().lists(source).spawn("g", words.GENERATOR, HOSTILE, creator="main", line=30)
    for line in (5, 6, 7):
        made.resume("g", words.SEND, "'<b>'", line=12).yields("g", "1", line=line)
        if line == 6:
            made.marks("main", "between: two switches", line=20)
    return made.exits("main").end()


def driven(timeline: Timeline, settings: Settings, name: str, keys: list[str]) -> bytes:
    """The page with a script that drives it, which its rules allow."""
    script = f"const NAME = {json.dumps(name)}, KEYS = {json.dumps(keys)};{DRIVER}"
    allowed = f"script-src 'sha256-{b64encode(sha256(script.encode()).digest()).decode()}' "
    page = FORMATS[".html"](timeline, settings).decode()
    assert page.count("script-src ") == 1
    return page.replace("script-src ", allowed).replace("</body>", f"<script>{script}</script></body>").encode()


def drive(timeline: Timeline, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What each page saw, and what the deck was handed."""
    marks = (Mark(timeline.switch_ns[2], HOSTILE), *recorded(timeline), Mark(timeline.switch_ns[4], "then"))
    for name, settings, keys in (
        ("plain", Settings(title=HOSTILE), PLAIN),
        ("presented", Settings(marks=marks, theme="dark"), PRESENTED),
    ):
        (folder / f"{name}.html").write_bytes(driven(timeline, settings, name, keys))
    for name, limit in {"MOST": 3, "BEGINNING": 2, "_AROUND_ALL": 0, "_OTHERS": 3}.items():
        monkeypatch.setattr(steps, name, limit)
    (folder / "long.html").write_bytes(driven(timeline, Settings(title="long"), "long", LONG))
    (folder / "deck.html").write_text(DECK)
    every = asyncio.run(_told(folder))
    pages = {one["name"]: one for one in every if isinstance(one, dict)}
    return {**pages, "handed": [json.loads(one)["method"] for one in every if isinstance(one, str)]}


async def _told(folder: Path) -> list[Any]:
    async with asyncio.timeout(LIMIT_S), opened(folder / "profile") as browser:
        await browser.ask("Page.navigate", url=(folder / "deck.html").as_uri())
        await browser.until(lambda: bool(browser.all_of("Page.loadEventFired")))
        found = await browser.ask("Runtime.evaluate", expression="all", awaitPromise=True, returnByValue=True)
        every: list[Any] = found["result"]["value"]
        return every


def test_it_is_driven_by_its_keys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All in one: a browser takes a second or two to start."""
    timeline = tape().timeline()
    told = drive(timeline, tmp_path, monkeypatch)
    for name in ("plain", "presented", "long"):
        asks_for_nothing_and_obeys_no_text(told[name])
    has_the_keys_of_the_terminal(told["plain"], timeline)
    is_presented_from_mark_to_mark(told["presented"], timeline.switch_count)
    sentences = [sentence_before_first(timeline), *(sentence(timeline, n) for n in range(timeline.switch_count))]
    assert told["long"]["seen"] == [
        [key, n, sentences[n]] for key, n in zip(["", *LONG], [3, 5, 5, 5, 5, 3], strict=True)
    ]
    assert told["long"]["listed"] == [sentences[n] for n in (1, 2, 3, 5)]
    assert told["handed"] == ["next", "prev"], "at either end"


def asks_for_nothing_and_obeys_no_text(page: dict[str, Any]) -> None:
    assert (page["ready"], page["errors"], page["requests"]) == ("yes", [], [])
    assert page["elements"] == 0, "no image, and what was packed is gone"
    assert page["scripts"] == 2, "its own and this test's"
    assert page["colours"] > 20
    assert page["size"][0] > 1000
    assert page["size"][1] > 180


def has_the_keys_of_the_terminal(page: dict[str, Any], timeline: Timeline) -> None:
    last = timeline.switch_count
    sentences = [sentence_before_first(timeline), *(sentence(timeline, index) for index in range(last))]
    at = [0, 1, 2, 3, 2, 1, last, last, 0, 0]
    assert page["seen"][: len(at)] == [[key, n, sentences[n]] for key, n in zip(["", *PLAIN], at, strict=False)]
    by_key = {key: n for key, n, _ in page["seen"][len(at) :]}
    assert by_key.pop("L") == 1, "the first switch to the second row"
    assert by_key.pop("T") == 1
    assert by_key.pop("c") == by_key.pop("?") == 0, "main, which has resumed it, runs before the first switch"
    assert set(by_key.values()) == {0}, "none of the others goes anywhere"
    assert (page["theme"], page["view"], page["title"]) == ("dark", "Timeline of the tracks", HOSTILE)
    assert (page["listed"], page["current"]) == (sentences[1:], -1)
    assert page["marked"] == []


def is_presented_from_mark_to_mark(page: dict[str, Any], last: int) -> None:
    assert [n for _, n, _ in page["seen"]] == [2, 3, 4, 5, 5, 4, 3, 3, 0, 0, last, 4, 4, 4, 4, 4]
    assert page["chapters"] == [f"1 {HOSTILE}", "2 between", "3 then"]
    assert page["chapter"] == "between two switches"
    assert (page["present"], page["blank"], page["theme"]) == (True, True, "dark")
    assert page["view"] == "Sequence of the switches"
    # At the line of the mark itself, and not at that of the switch before; the other one is suspended as it was.
    assert page["here"] == ["▶20  f000020()", "▶6  f000006()"]
    assert page["marked"] == ["0006()"]
