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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from PIL import Image

from tests.conftest import ROOT
from tests.unit.export.test_player_in_browser import CHROMIUM, FLAGS

pytest.importorskip("textual_serve", reason="textual-serve is not installed")
pytestmark = pytest.mark.skipif(not CHROMIUM, reason="there is no Chromium here")

TRACE = str(Path(__file__).parents[2] / "golden" / "ping_pong.trace")
#: Only what keeps a failure from hanging.
LIMIT_S = 60
CONTROL = re.compile(r"\x1b\[[0-9;?]*[a-zA-Z]")


class Browser:
    """A page of Chromium. `events`: what it has told, (method, what), in order."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._asked = 0
        self.events: list[tuple[str, dict[str, Any]]] = []

    async def ask(self, method: str, **wishes: Any) -> dict[str, Any]:
        self._asked += 1
        await self._socket.send_json({"id": self._asked, "method": method, "params": wishes})
        while True:
            told = await self._take()
            if told.get("id") == self._asked:
                assert "error" not in told, told
                result: dict[str, Any] = told["result"]
                return result

    async def until(self, holds: Callable[[], bool]) -> None:
        while not holds():
            await self._take()

    async def _take(self) -> dict[str, Any]:
        told: dict[str, Any] = await self._socket.receive_json(timeout=LIMIT_S)
        if "method" in told:
            self.events.append((told["method"], told["params"]))
        return told

    def all_of(self, method: str) -> list[dict[str, Any]]:
        return [what for told, what in self.events if told == method]

    def shown(self) -> str:
        """What was sent to the terminal in the page, without colours and places."""
        frames = [frame["response"] for frame in self.all_of("Network.webSocketFrameReceived")]
        sent = b"".join(base64.b64decode(frame["payloadData"]) for frame in frames if frame["opcode"] == 2)
        return CONTROL.sub("", sent.decode(errors="replace"))

    async def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


async def steps(address: str, folder: Path) -> None:
    devtools = folder / "DevToolsActivePort"
    async with asyncio.timeout(LIMIT_S):
        while not devtools.exists() or "\n" not in devtools.read_text():
            await asyncio.sleep(0.05)
    port = devtools.read_text().split()[0]
    async with aiohttp.ClientSession() as session:
        async with session.put(f"http://127.0.0.1:{port}/json/new?about:blank") as answer:
            page = await answer.json(content_type=None)
        async with session.ws_connect(page["webSocketDebuggerUrl"], max_msg_size=0) as socket:
            browser = Browser(socket)
            for domain in ("Network", "Runtime", "Log", "Page"):
                await browser.ask(f"{domain}.enable")
            await browser.ask("Emulation.setFocusEmulationEnabled", enabled=True)
            await browser.ask("Page.navigate", url=address)
            await browser.until(lambda: "Five keys" in browser.shown())
            await browser.press("ArrowRight", 39)
            await browser.until(lambda: "4.074 ms of" in browser.shown())
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
    flags = [flag for flag in FLAGS if "virtual-time" not in flag]
    folder = tmp_path / "profile"
    server = subprocess.Popen(
        [sys.executable, "-m", "visualizer", "serve", TRACE, "--port", "0"],
        env={**os.environ, "PYTHONPATH": str(ROOT)}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    browser = subprocess.Popen(
        [CHROMIUM, *flags, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert server.stdout is not None
    try:
        assert select.select([server.stdout], [], [], LIMIT_S)[0]
        said = re.search(r" is at (http://\S+), until", server.stdout.readline())
        assert said is not None
        asyncio.run(steps(said[1], folder))
        server.send_signal(signal.SIGINT)
        assert server.wait(LIMIT_S) == 0
    finally:
        for process in (browser, server):
            process.kill()
            process.wait(LIMIT_S)
        server.stdout.close()
