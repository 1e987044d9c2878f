"""What scenarios print, without what a clock decides."""

from __future__ import annotations

import re

#: Those that print in an order that clocks decide: a machine that stands still for a moment may change it.
BY_CLOCK = {
    "asyncio_cancel", "asyncio_crawler", "asyncio_server", "crawler", "eventlet_pool", "mixed", "processes",
    "select_echo", "sync_vs_gevent_vs_asyncio", "thread_pool", "threading_server", "threads", "tiny_loop",
}


def printed(name: str, text: str) -> list[str]:
    """The lines that a scenario has printed, in an order, and with times, that are the same each time."""
    lines = re.sub(r"\d+\.\d s", "TIME s", text).splitlines()
    return sorted(lines) if name in BY_CLOCK else lines
