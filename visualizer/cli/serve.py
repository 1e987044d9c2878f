"""`visualizer serve`."""

from __future__ import annotations

import asyncio
import errno
import ipaddress
import os
import sys
import tempfile

import click

from visualizer.analysis.text.printable import plain
from visualizer.cli.completion import served
from visualizer.cli.open import check
from visualizer.cli.painted import WholeNumber
from visualizer.cli.parts import is_trace, split_span
from visualizer.cli.script import target_of
from visualizer.cli.streams import fail, warn
from visualizer.session import why
from visualizer.session.state import STATE_DIR
from visualizer.trace.source import TraceError


@click.command("serve")
@click.argument("words", metavar="FILE | SCRIPT [ARGS]...", nargs=-1, required=True, shell_complete=served)
@click.option(
    "--host", default="127.0.0.1", show_default=True, metavar="ADDRESS", help="The address that a trace is served on."
)
@click.option(
    "--port",
    type=WholeNumber(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="The port; 0: any that is free.",
)
def command(words: tuple[str, ...], host: str, port: int) -> None:
    """Show a trace, or a script while it runs, in a browser.

    FILE is a trace, or a part of one: FILE@0.5-2 or FILE@#3-#17. SCRIPT is a script or the name of a scenario; each
    visitor runs it anew, and its options come after `--`. The keys are those of the terminal. Visitors only look:
    nothing is written, nothing else is opened or run, source is shown only as far as it is in the trace, and the
    recordings of a script are deleted at the end.

    The address has a token, without which nobody sees anything, as any user of this machine reaches its ports. Without
    --host, only this machine reaches the page. With one, whoever has the address can read the trace, and scripts are
    not served.

    \b
    Examples:
      visualizer serve run.trace
      visualizer serve ping_pong
      visualizer serve run.trace --host 0.0.0.0 --port 8080
    """
    try:
        from visualizer.cli.serving import BrowserServer
    except ModuleNotFoundError:
        fail("A browser is served by textual-serve; install it with: pip install 'visualizer[serve]'")
    if words[0] == "-":
        fail("A trace is served from a file, not from stdin.")
    shown = ("open", "--", *words) if is_trace(words[0]) else ("run", "--", *words)
    if shown[0] == "open":
        _check_trace(words)
    else:
        target_of(list(words), False)
        if not _is_loopback(host):
            fail("A script is served to this machine only: whoever opens the page runs it. Record it, and serve that.")

    def ready(address: str) -> None:
        click.echo(f"{plain(words[0])} is at {address}, until Ctrl-C.")
        sys.stdout.flush()
        if not _is_loopback(host):
            warn(f"Whoever has the address {address} can read all of this trace; it is sent unencrypted.")

    with tempfile.TemporaryDirectory(prefix="visualizer-") as folder:
        # What visitors choose is not for the next time, nor for others; and what they record goes with it.
        os.environ[STATE_DIR] = folder
        server = BrowserServer([sys.executable, "-P", "-m", "visualizer", *shown], host, port, words[0])
        try:
            asyncio.run(server.run(ready))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                fail(f"Port {port} is in use already; --port takes another.")
            # asyncio's words begin with what it tried.
            reason = os.strerror(error.errno).lower() if error.errno is not None and error.errno > 0 else why(error)
            fail(f"Cannot serve on {host}, port {port}: {reason}.")


def _check_trace(words: tuple[str, ...]) -> None:
    """Exit with one sentence if that is no trace that can be served."""
    file, _ = split_span(words[0])
    if len(words) > 1:
        raise click.UsageError("Only one trace can be served.")
    if os.path.exists(file) and not os.path.isfile(file):
        fail(f"Only a trace in a file can be served, not {file!r}.")
    try:
        check(file)
    except TraceError as error:
        fail(str(error))


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
