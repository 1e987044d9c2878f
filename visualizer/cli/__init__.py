"""The command line: one file for each subcommand, and the table of them. A subcommand is imported when it is used."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

import click

from visualizer.cli.streams import fail, silence_stdout

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

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
    "present": "visualizer.cli.present",
    "serve": "visualizer.cli.serve",
    "demo": "visualizer.cli.demo",
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

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The sentences are read, not imported: that would take half a second, for numpy."""
        limit = formatter.width - 6 - max(map(len, COMMANDS))
        with formatter.section("Commands"):
            formatter.write_dl([(name, _sentence(name, limit)) for name in COMMANDS])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] in COMMANDS or args[0] in ALIASES or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        if (meant := _meant(args[0])) is not None:
            return super().resolve_command(ctx, [meant, *args])
        # Whoever types it right does not wait for this.
        from difflib import get_close_matches

        near = get_close_matches(args[0], COMMANDS)
        if args[0].startswith("-") or not near:
            return super().resolve_command(ctx, args)
        raise click.NoSuchCommand(args[0], possibilities=near, ctx=ctx)

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Subcommands, and what can stand in their place: see `_meant`."""
        from click.shell_completion import CompletionItem

        from visualizer.cli.completion import runnable, traces

        # As a group of click's does it, which would import them all.
        found = [CompletionItem(name, help=_sentence(name)) for name in COMMANDS if name.startswith(incomplete)]
        found += click.Command.shell_complete(self, ctx, incomplete)
        if ctx.invoked_subcommand is None and not incomplete.startswith("-"):
            found += [*runnable(incomplete), *traces(ctx, ctx.command.params[0], incomplete)]
        return found

    def invoke(self, ctx: click.Context) -> None:
        try:
            super().invoke(ctx)
            if sys.stdout is not None:
                sys.stdout.flush()
        except BrokenPipeError:
            # The reader has seen enough, as in `visualizer list | head -1`.
            silence_stdout()


def _sentence(name: str, limit: int = 45) -> str:
    """The first sentence of the docstring of a subcommand, as it is written there, in at most so many characters."""
    import ast

    source = Path(__file__).with_name(f"{COMMANDS[name].rpartition('.')[2]}.py").read_text("utf-8")
    functions = (node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef))
    said = next(ast.get_docstring(each) or "" for each in functions if each.name == "command")
    return click.Command(name, help=said).get_short_help_str(limit)


def _meant(word: str) -> str | None:
    """The subcommand for a trace or a script in its place; None if `word` is neither."""
    from visualizer.cli.parts import is_trace
    from visualizer.cli.terminal import has_screen
    from visualizer.session.catalogue import scenario

    if is_trace(word):
        return "open" if has_screen() else "show"
    is_script = word.endswith((".py", ".pyz")) or os.path.isfile(os.path.join(word, "__main__.py"))
    return "run" if is_script or scenario(word) is not None else None


def _print_version(context: click.Context, parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    # It takes as long to import as click does.
    from importlib import metadata

    try:
        version = metadata.version("visualizer")
    except metadata.PackageNotFoundError:
        version = "(not installed, running from source)"
    click.echo(f"visualizer {version}")
    context.exit()


@click.command(
    cls=Subcommands,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    subcommand_metavar="COMMAND | SCRIPT | TRACE [ARGS]...",
)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_print_version, help="Show the version."
)
@click.pass_context
def visualizer(context: click.Context) -> None:
    """Show which coroutine runs when.

    Runs a Python script, records every switch between its generators, greenlets, asyncio tasks, threads and processes,
    and draws them as a timeline: which track ran, which was ready but had to wait, which waited and for what, what woke
    it, and which value was passed.

    Without a subcommand, opens the catalogue: the bundled scenarios and your recent recordings. If stdout is not a
    terminal, prints what `visualizer list` prints. In place of a subcommand, a script or the name of a scenario is run,
    and a trace is opened.

    To let the shell complete commands, scenarios, scripts, traces and tracks, put this in ~/.bashrc (with zsh_source in
    ~/.zshrc): eval "$(_VISUALIZER_COMPLETE=bash_source visualizer)"

    \b
    Examples:
      visualizer                             open the catalogue
      visualizer my_script.py                run a script and watch it; the same as `visualizer run my_script.py`
      visualizer a.trace                     open a trace; the same as `visualizer open a.trace`
      visualizer run gevent_sleeps           watch a bundled scenario
      visualizer run my_script.py --fast     watch your own script, with its arguments
      visualizer record my_script.py -o a.trace && visualizer open a.trace
    """
    if context.invoked_subcommand is not None:
        return
    from visualizer.cli.terminal import has_screen, keys_from_terminal

    if not has_screen():
        listing = visualizer.get_command(context, "list")
        assert listing is not None, "it stands in the table"
        context.invoke(listing)
        return
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
