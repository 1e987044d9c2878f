"""The server of `visualizer serve`: textual-serve's, with a page that asks nothing of other hosts, and which no other
page can use."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import logging
import re
import secrets
import shlex
import signal
import socket
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.server import Server, to_int

#: Each visitor is a process.
_MOST_VISITORS = 20
#: No browser shows more columns or rows.
_MOST_CELLS = 500
#: How long it has to end before it is killed.
_GRACE_S = 5.0
#: Of those to elsewhere there is one, which fetches a font.
_LINK = re.compile(r"<link\b[^>]*>")
#: It lies beside the page as well.
_FONT = "@font-face { font-family: 'Roboto Mono'; src: url('/static/fonts/RobotoMono-VariableFont_wght.ttf'); }"
#: Without one, a browser asks for it, and says that it is not there.
_ICON = "/static/images/background.png"
#: The terminal has the keys as soon as it shows something, and not only once it has been clicked.
_FOCUS = """<script>
new MutationObserver((changes, observer) => {
  const keys = document.querySelector("body.-first-byte .xterm-helper-textarea");
  if (keys) { observer.disconnect(); keys.focus(); }
}).observe(document, {attributes: true, childList: true, subtree: true});
</script>"""
#: Whatever else the page may come to ask for, a browser fetches nothing from elsewhere, and shows it in no other page.
_RULES = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; script-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; frame-ancestors 'none'"
)


class _Visitor(AppService):
    """A process for somebody who looks at the page."""

    #: Is done when it has ended; None until it is asked to.
    _ending: asyncio.Future[tuple[None, int]] | None = None

    async def set_terminal_size(self, width: int, height: int) -> None:
        await super().set_terminal_size(*(min(max(1, int(cells)), _MOST_CELLS) for cells in (width, height)))

    async def stop(self) -> None:
        """Have it end, and return when it has. Whoever asks second waits as well: another signal would come while it
        ends, when asyncio complains of that."""
        if (process := self._process) is None:
            return
        if self._ending is None:
            with contextlib.suppress(ProcessLookupError):
                # It may not listen yet.
                process.terminate()
            self._ending = asyncio.gather(super().stop(), process.wait())
        await asyncio.wait((self._ending,), timeout=_GRACE_S)
        if process.returncode is None:
            process.kill()
        await asyncio.wait((self._ending,))
        self._ending.result()


async def _end(visitor: _Visitor, terminal: web.WebSocketResponse) -> None:
    await visitor.stop()
    await terminal.close()


class BrowserServer(Server):
    """Runs `words` for each visitor of the page. `title`: what stands on it while that starts."""

    def __init__(self, words: Sequence[str], host: str, port: int, title: str) -> None:
        # An interrupt at the terminal is for the server, which then has its processes end.
        logging.getLogger("textual-serve").disabled = True
        super().__init__(f"trap '' INT; exec {shlex.join(words)}", host, port, title)
        #: Any user of this machine reaches its loopback addresses: only who was given this sees the page.
        self._token = secrets.token_urlsafe()
        self._visits: set[tuple[_Visitor, web.WebSocketResponse]] = set()

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM comes; `ready` is given the address. Raise OSError if it cannot be had."""
        runner = web.AppRunner(await self._make_app(), access_log=None)
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        await runner.setup()
        try:
            await web.TCPSite(runner, self.host, self.port).start()
            self.port = runner.addresses[0][1]
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, ended.set)
            host = f"[{self.host}]" if ":" in self.host else self.host
            ready(f"http://{host}:{self.port}/?token={self._token}")
            await ended.wait()
        finally:
            await runner.cleanup()

    async def on_startup(self, app: web.Application) -> None:
        """Who starts it says so."""

    async def on_shutdown(self, app: web.Application) -> None:
        await asyncio.gather(*(_end(*visit) for visit in self._visits))

    async def handle_index(self, request: web.Request) -> web.Response:
        self._check(request, request.query.get("token") or self._cookie(request))
        # By the name that the visitor knows: the server may have several.
        self.public_url = f"http://{request.host}"
        page = await super().handle_index(request)
        assert isinstance(page, web.Response), "it is rendered from a template"
        own = f'"{self.public_url}/'
        text = _LINK.sub(lambda link: link[0] if own in link[0] else "", page.text or "")
        icon = f'<link rel="icon" href="{self.public_url}{_ICON}">'
        page.text = text.replace("<style>", f"{icon}{_FOCUS}<style>{_FONT}", 1)
        page.headers["Content-Security-Policy"] = _RULES.format(host=request.host)
        # For the terminal in the page, and when it is loaded anew.
        page.set_cookie(self._cookie_name, self._token, httponly=True, samesite="Strict")
        return page

    async def handle_websocket(self, request: web.Request) -> web.WebSocketResponse:
        self._check(request, self._cookie(request))
        if urlsplit(request.headers.get("Origin", "")).netloc != request.host:
            # A page of another site, which a browser lets connect.
            raise web.HTTPForbidden(text="Only the page of this server may connect.")
        if len(self._visits) >= _MOST_VISITORS:
            raise web.HTTPServiceUnavailable(text=f"There are {_MOST_VISITORS} visitors already.")
        terminal = web.WebSocketResponse(heartbeat=15, timeout=_GRACE_S)

        async def close() -> None:
            await terminal.close()

        visitor = _Visitor(
            self.command, write_bytes=terminal.send_bytes, write_str=terminal.send_str, close=close,
            download_manager=self.download_manager,
        )
        await terminal.prepare(request)
        self._visits.add(visit := (visitor, terminal))
        size = (to_int(request.query.get(name, ""), usual) for name, usual in (("width", 80), ("height", 24)))
        try:
            await visitor.start(*(min(max(1, cells), _MOST_CELLS) for cells in size))
            # What no browser sends is no reason to stay, nor to say so at the terminal.
            with contextlib.suppress(ConnectionError, ArithmeticError, AssertionError, AttributeError, LookupError,
                                     TypeError, ValueError):  # fmt: skip
                await self._process_messages(terminal, visitor)
        finally:
            await _end(*visit)
            self._visits.remove(visit)
        return terminal

    @property
    def _cookie_name(self) -> str:
        """A browser has the same cookies for all ports of a host."""
        return f"visualizer-{self.port}"

    def _cookie(self, request: web.Request) -> str:
        return request.cookies.get(self._cookie_name, "")

    def _check(self, request: web.Request, token: str) -> None:
        """Refuse who was not given the token; and a page of another site, which could reach this by a name of its own
        that stands for our address."""
        if not secrets.compare_digest(token.encode(), self._token.encode()):
            raise web.HTTPForbidden(text="Open the whole address that `visualizer serve` has printed, with its token.")
        name = urlsplit(f"//{request.host}").hostname or ""
        with contextlib.suppress(ValueError):
            ipaddress.ip_address(name)
            return
        own = socket.gethostname().lower()
        if name not in ("localhost", self.host.lower(), own, f"{own}.local"):
            raise web.HTTPForbidden(text=f"This server is not called {name!r}.")
