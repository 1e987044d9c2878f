"""The command line: one file for each subcommand, and the table of them. A subcommand is imported when it is used."""

from __future__ import annotations

import signal
import sys
from importlib import import_module, metadata

import click

from visualizer.cli.streams import fail, on_terminal, silence_stdout

#: Subcommand -> the module that has it as `command`, in the order of `--help`.
COMMANDS = {
    "list": "visualizer.cli.catalogue",
    "run": "visualizer.cli.run",
    "record": "visualizer.cli.record",
    "open": "visualizer.cli.open",
    "show": "visualizer.cli.show",
    "events": "visualizer.cli.events",
    "stats": "visualizer.cli.stats",
    "compare": "visualizer.cli.compare",
    "explain": "visualizer.cli.explain",
    "problems": "visualizer.cli.problems",
    "export": "visualizer.cli.export",
}


#: Former names, which are not listed.
ALIASES = {"findings": "problems"}


class Subcommands(click.Group):
    """The subcommands of the table, each imported when it is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        command: click.Command = import_module(COMMANDS[name]).command
        return command

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            # The reader has seen enough, as in `visualizer list | head -1`.
            silence_stdout()


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    try:
        version = metadata.version("visualizer")
    except metadata.PackageNotFoundError:
        version = "(not installed, running from source)"
    click.echo(f"visualizer {version}")
    context.exit()


@click.command(cls=Subcommands, invoke_without_command=True)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
@click.pass_context
def visualizer(context: click.Context) -> None:
    """Show which coroutine runs when.

    Runs a Python script, records every switch between its generators, greenlets and gevent greenlets, and draws them
    as a timeline: which track ran, which was ready but had to wait, which waited and for what, what woke it, and which
    value was passed.

    Without a subcommand, opens the catalogue: the bundled scenarios and your recent recordings. If stdout is not a
    terminal, prints what `visualizer list` prints.

    \b
    Examples:
      visualizer                             open the catalogue
      visualizer run gevent_sleeps           watch a bundled scenario
      visualizer run my_script.py --fast     watch your own script, with its arguments
      visualizer record my_script.py -o a.trace && visualizer open a.trace
    """
    if context.invoked_subcommand is not None:
        return
    if not on_terminal():
        listing = visualizer.get_command(context, "list")
        assert listing is not None, "it stands in the table"
        context.invoke(listing)
        return
    from visualizer.cli.terminal import keys_from_terminal
    from visualizer.tui.app import VisualizerApp

    keys_from_terminal()
    VisualizerApp().run()


def main() -> None:
    """Run the command line. Wrong usage or input is reported in one sentence."""
    try:
        sys.exit(visualizer.main(prog_name="visualizer", standalone_mode=False))
    except click.UsageError as error:
        hint = f" Try `{error.ctx.command_path} --help`." if error.ctx is not None else ""
        meant = getattr(error, "possibilities", None)
        if meant:
            fail(f"{error.message.rstrip('.')}; did you mean {' or '.join(sorted(meant))}?{hint}")
        fail(f"{error.format_message().rstrip('.')}.{hint}")
    except click.ClickException as error:
        fail(error.format_message())
    except click.Abort:
        sys.exit(128 + signal.SIGINT)
    except OSError as error:
        silence_stdout()
        fail(f"{error.strerror or error}{f': {error.filename!r}' if error.filename else ''}.")
