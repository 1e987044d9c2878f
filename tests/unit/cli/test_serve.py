"""`visualizer serve`: the screen in a browser."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import aiohttp
import psutil  # type: ignore[import-untyped]
import pytest

from tests.conftest import ROOT, Visualizer

pytest.importorskip("textual_serve", reason="textual-serve is not installed")

TRACE = str(Path(__file__).parents[2] / "golden" / "ping_pong.trace")
URL = re.compile(r"\b\w+://[^/\"' ]+")


async def seen(address: str) -> str:
    """The page, and whether the terminal in it lives, for this page and for none of another site."""
    address, _, token = address.partition("/?token=")
    host = address.removeprefix("http://")
    async with aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True)) as session:
        for wrong in (address, f"{address}/?token={token[:-1]}"):
            async with session.get(wrong) as answer:
                assert (answer.status, answer.cookies) == (403, {})
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"ws://{host}/ws", headers={"Origin": address})
        async with session.get(f"{address}/?token={token}") as answer:
            page, rules = await answer.text(), answer.headers["Content-Security-Policy"]
        assert token not in page
        async with session.get(address, headers={"Host": f"evil.example:{host.rpartition(':')[2]}"}) as answer:
            assert answer.status == 403
        for url in re.findall(r'(?:src|href)="([^"]+)"', page):
            async with session.get(url) as answer:
                assert answer.status == 200
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await session.ws_connect(f"ws://{host}/ws", headers={"Origin": "http://evil.example"})
        async with session.ws_connect(f"ws://{host}/ws?width=100&height=30", headers={"Origin": address}) as terminal:
            shown = ""
            while "test2" not in shown:
                shown += (await terminal.receive_bytes(timeout=60)).decode("utf-8", "replace")
    assert "default-src 'self'" in rules
    return page


def test_a_page_of_this_machine_shows_the_terminal_and_nothing_is_left(tmp_path: Path) -> None:
    """All in one: it takes two processes."""
    server = subprocess.Popen(
        [sys.executable, "-m", "visualizer", "serve", TRACE, "--port", "0"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(tmp_path)},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert server.stdout is not None
        said = re.fullmatch(r".* is at (http://(127\.0\.0\.1:\d+)/\?token=[\w-]{43}), .*\.\n", server.stdout.readline())
        assert said is not None
        page = asyncio.run(seen(said[1]))
        assert {url.partition("://")[2] for url in URL.findall(page)} <= {said[2], "www.w3.org"}
        visitors = psutil.Process(server.pid).children(recursive=True)
        server.send_signal(signal.SIGINT)
        assert server.communicate(timeout=60) == ("", "")
        assert server.returncode == 0
        assert not [visitor for visitor in visitors if visitor.is_running()]
        assert list(tmp_path.iterdir()) == []
    finally:
        server.kill()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("none.trace",), "Cannot open the trace 'none.trace': no such file or directory."),
        (("-",), "A trace is served from a file, not from stdin."),
        ((TRACE, TRACE), "Only one trace can be served."),
        (("ping_pong", "--host", "0.0.0.0"), "A script is served to this machine only: whoever"),
        (("nothing",), "There is no scenario or script 'nothing'"),
    ],
)
def test_what_cannot_be_served_is_said(visualizer: Visualizer, args: tuple[str, ...], said: str) -> None:
    done = visualizer("serve", *args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert said in done.stderr


def test_a_port_in_use(visualizer: Visualizer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = visualizer("serve", TRACE, "--port", str(port))
    assert (done.returncode, done.stderr) == (2, f"visualizer: Port {port} is in use already; --port takes another.\n")


def test_without_the_library_a_sentence_says_so(visualizer: Visualizer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "visualizer.cli.serving", raising=False)
    monkeypatch.setitem(sys.modules, "textual_serve", None)
    monkeypatch.setitem(sys.modules, "textual_serve.app_service", None)
    done = visualizer("serve", TRACE)
    assert done.returncode == 2
    assert "install it with: pip install 'visualizer[serve]'" in done.stderr
