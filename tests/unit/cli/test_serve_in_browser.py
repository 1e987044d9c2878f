"""`visualizer serve` in Chromium, which is driven by its DevTools protocol: the terminal in the page, and its keys."""

from __future__ import annotations

import asyncio
import base64
import io
import os
import re
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from tests.browser import CHROMIUM, LIMIT_S, MISSING, Browser, opened
from tests.conftest import ROOT

pytest.importorskip("textual_serve", reason="textual-serve is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason=MISSING)

TRACE = str(Path(__file__).parents[2] / "golden" / "ping_pong.trace")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


def shown(browser: Browser) -> str:
    """What was sent to the terminal in the page, without colours and places."""
    frames = [frame["response"] for frame in browser.all_of("Network.webSocketFrameReceived")]
    sent = b"".join(base64.b64decode(frame["payloadData"]) for frame in frames if frame["opcode"] == 2)
    return CONTROL.sub("", sent.decode(errors="replace"))


async def steps(address: str, folder: Path) -> None:
    async with opened(folder) as browser:
        await browser.ask("Emulation.setFocusEmulationEnabled", enabled=True)
        await browser.ask("Page.navigate", url=address)
        await browser.until(lambda: "Five keys" in shown(browser))
        await browser.press("ArrowRight", 39)
        await browser.until(lambda: "4.074 ms of" in shown(browser))
        picture = base64.b64decode((await browser.ask("Page.captureScreenshot"))["data"])
    with Image.open(io.BytesIO(picture)) as screen:
        colours = screen.convert("RGB").getcolors(1 << 24)
    assert len(colours or []) > 100, "it is painted"
    host = address.partition("/?")[0]
    asked = [event["request"]["url"] for event in browser.all_of("Network.requestWillBeSent")]
    asked += [event["url"].replace("ws:", "http:") for event in browser.all_of("Network.webSocketCreated")]
    assert len(asked) > 3
    assert [url for url in asked if not url.startswith(f"{host}/")] == [], "nothing is fetched from elsewhere"
    assert any(url.endswith(".ttf") for url in asked), "the font lies beside the page"
    assert not browser.all_of("Runtime.exceptionThrown")
    entries = [event["entry"] for event in browser.all_of("Log.entryAdded")]
    assert [entry["text"] for entry in entries if entry["level"] == "error"] == []


def test_the_screen_appears_and_has_the_keys_of_the_terminal(tmp_path: Path) -> None:
    server = subprocess.Popen(
        [sys.executable, "-m", "visualizer", "serve", TRACE, "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        assert select.select([server.stdout], [], [], LIMIT_S)[0]
        said = re.search(r" is at (http://\S+), until", server.stdout.readline())
        assert said is not None
        asyncio.run(steps(said[1], tmp_path / "profile"))
        server.send_signal(signal.SIGINT)
        assert server.wait(LIMIT_S) == 0
    finally:
        server.kill()
        server.wait(LIMIT_S)
        server.stdout.close()
