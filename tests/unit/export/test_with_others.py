"""What others wrote reads what we export: Mermaid's parser, speedscope's importer, axe-core, and a deck of reveal.js.

All of it in one Chromium, without a network. `make node` installs the four packages, outside of the checkout.
"""

from __future__ import annotations

import html
import json
import os
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from tests.browser import CHROMIUM, MISSING, dumped
from tests.unit.analysis.tape import Tape
from visualizer.analysis.explore.marks import Mark
from visualizer.analysis.load.loader import load
from visualizer.analysis.model.timeline import Timeline
from visualizer.export import FORMATS, Settings
from visualizer.trace import words

GOLDEN = Path(__file__).parents[2] / "golden"
PACKAGES = Path(os.environ.get("NODE_PACKAGES", ""), "node_modules")
ABSENT = [name for name in ("mermaid", "axe-core", "speedscope", "reveal.js") if not (PACKAGES / name).is_dir()]
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason=MISSING),
    pytest.mark.skipif(
        bool(ABSENT) or "NODE_PACKAGES" not in os.environ,
        reason="the packages of npm are not there: `make node` installs them, and `make test` then finds them",
    ),
]

#: In the page: what axe-core finds in it, in the light and in the dark, and a key for each message.
DRIVER = """
const root = document.documentElement;
const told = (what, value) => parent.postMessage({what, value}, "*");
addEventListener("message", ({data}) => {
  if (!data.key) return;
  dispatchEvent(new KeyboardEvent("keydown", {key: data.key, cancelable: true}));
  told("at", Number(root.dataset.at));
});
const serious = async () => (await axe.run({resultTypes: ["violations"]})).violations
  .filter(one => ["serious", "critical"].includes(one.impact))
  .map(one => [one.id, one.help, one.nodes.map(node => node.html).slice(0, 3)]);
const look = async () => {
  if (!root.dataset.ready) return setTimeout(look, 20);
  if (AXE) {
    const light = await serious();
    dispatchEvent(new KeyboardEvent("keydown", {key: "T", cancelable: true}));
    told("axe", [light, root.dataset.theme, await serious()]);
  } else told("ready", Number(root.dataset.at));
};
look();
"""
PAGE = """<!doctype html><meta charset="utf-8"><pre id="told"></pre>
<script>
const found = {{at: [], slides: []}};
const tell = () => document.getElementById("told").textContent = JSON.stringify(found);
addEventListener("message", async ({{data}}) => {{
  if (!data || !data.what) return;
  if (data.what === "at") found.at.push(data.value); else found[data.what] = data.value;
  tell();
}});
</script>
<link rel="stylesheet" href="{packages}/reveal.js/dist/reveal.css">
<div class="reveal" style="height: 700px"><div class="slides">
<section>before</section>
<section><iframe id="deck" src="presented.html?present" width="900" height="600"></iframe></section>
<section>behind</section></div></div>
<iframe src="plain.html" width="1200" height="900"></iframe>
<script src="{packages}/mermaid/dist/mermaid.min.js"></script>
<script src="{packages}/reveal.js/dist/reveal.js"></script>
<script>
const wait = ms => new Promise(done => setTimeout(done, ms));
const player = document.getElementById("deck");
const press = async key => {{ player.contentWindow.postMessage({{key}}, "*"); await wait(100); }};
(async () => {{
  found.mermaid = [];
  for (const text of {mermaid}) {{
    try {{ found.mermaid.push((await mermaid.parse(text)).diagramType); }}
    catch (error) {{ found.mermaid.push(String(error)); }}
  }}
  await Reveal.initialize({{embedded: true, hash: false, history: false}});
  Reveal.on("slidechanged", event => found.slides.push(event.indexh));
  Reveal.slide(1);
  while (!("ready" in found)) await wait(50);
  for (let i = 0; i < {steps}; i++) await press("ArrowRight");
  tell();
}})();
</script>"""


def hostile() -> Timeline:
    """Names and values that mean something to whoever reads the exports."""
    tape = Tape()
    for number, name in enumerate(("end", "a;b#c", "note over x: y", "-->> %%{init}%%", "<script>alert(1)</script>\n")):
        tape.spawn(str(number), words.GREENLET, name, parent="main").switch("main", str(number), name)
        tape.exits(str(number), words.RAISED, name).switch(str(number), "main")
    return tape.timeline()


def page(timeline: Timeline, marks: tuple[Mark, ...], with_axe: bool) -> str:
    """The page with a script that drives it, and axe-core, which its rules allow."""
    scripts = [f"const AXE = {json.dumps(with_axe)};{DRIVER}"]
    if with_axe:
        scripts.insert(0, (PACKAGES / "axe-core" / "axe.min.js").read_text())
    allowed = " ".join(f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in scripts)
    made = FORMATS[".html"](timeline, Settings(marks=marks)).decode()
    assert made.count("script-src ") == 1
    added = "".join(f"<script>{one}</script>" for one in scripts)
    return made.replace("script-src ", f"script-src {allowed} ").replace("</body>", f"{added}</body>")


def test_mermaid_parses_axe_finds_nothing_serious_and_a_deck_goes_through_the_page(tmp_path: Path) -> None:
    timeline = load(str(GOLDEN / "gevent_sleeps.trace"))[0]
    marks = (Mark(timeline.switch_ns[3], "asleep", "nobody runs"), Mark(timeline.switch_ns[11], "awake"))
    (tmp_path / "plain.html").write_text(page(timeline, marks, True))
    (tmp_path / "presented.html").write_text(page(timeline, marks, False))
    diagrams = [FORMATS[".mmd"](one, Settings(title="a: \"b\"", marks=marks)).decode() for one in (timeline, hostile())]
    quoted = json.dumps([*diagrams, "sequenceDiagram\n  what is this"]).replace("<", "\\u003c")
    content = PAGE.format(packages=PACKAGES.resolve().as_uri(), mermaid=quoted, steps=2)
    (tmp_path / "page.html").write_text(content)
    told = re.search(r'<pre id="told">(.*?)</pre>', dumped(tmp_path, (tmp_path / "page.html").as_uri()), re.DOTALL)
    assert told is not None
    found: dict[str, Any] = json.loads(html.unescape(told[1]))
    *parsed, refused = found["mermaid"]
    assert parsed == ["sequence", "sequence"]
    assert "error" in refused.lower(), "it does not take everything"
    assert found["axe"] == [[], "dark", []]
    # It begins at the first mark, goes to the second, and over to the deck.
    assert (found["ready"], found["at"]) == (4, [12, 12])
    assert found["slides"] == [1, 2]


def test_speedscope_imports_our_chrome_trace(tmp_path: Path) -> None:
    """A profile for each track, as long as the track is there."""
    content = FORMATS[".json"](load(str(GOLDEN / "gevent_sleeps.trace"))[0], Settings())
    # That is how its own command line gives it a file.
    script = f'speedscope.loadFileFromBase64("a.json", "{b64encode(content).decode()}")'
    (tmp_path / "a.js").write_text(script)
    app = (PACKAGES / "speedscope" / "dist" / "release" / "index.html").resolve().as_uri()
    dom = dumped(tmp_path, f"{app}#localProfilePath={tmp_path / 'a.js'}")
    rows = re.findall(r'<span>gevent_sleeps \(pid 1\), (\w+) \(tid \d\)</span></td><td[^>]*>([\d.]+\w*s)</td>', dom)
    assert dict(rows) == {"main": "2.05s", "hub": "2.02s", "foo": "2.00s", "bar": "1.00s", "third": "382.01µs"}
