"""A headless Chromium, where there is one, driven by its DevTools protocol."""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
MISSING = "there is no Chromium here"
#: Without a screen or a network of its own.
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-quic", "--disable-extensions",
    "--window-size=1280,2200",
)  # fmt: skip
#: For a page that ends by itself: its clock does not wait.
_AT_ONCE = ("--virtual-time-budget=120000", "--allow-file-access-from-files", "--dump-dom")
#: Only what keeps a failure from hanging.
LIMIT_S = 120


def dumped(folder: Path, url: str) -> str:
    """What becomes of a page; the browser keeps all of its own in this folder."""
    command = [CHROMIUM, *FLAGS, *_AT_ONCE, f"--user-data-dir={folder / 'profile'}", url]
    return subprocess.run(command, capture_output=True, text=True, timeout=LIMIT_S).stdout


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

    async def press(self, key: str, code: int) -> None:
        for kind in ("rawKeyDown", "keyUp"):
            await self.ask("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code)


@asynccontextmanager
async def opened(folder: Path) -> AsyncIterator[Browser]:
    """A page in a browser that keeps all of its own in this folder. Both are gone afterwards."""
    process = subprocess.Popen(
        [CHROMIUM, *FLAGS, "--remote-debugging-port=0", f"--user-data-dir={folder}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
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
                yield browser
    finally:
        process.kill()
        process.wait(LIMIT_S)
