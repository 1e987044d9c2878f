"""What `run` and `record` share: a script with arguments of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import click

from visualizer.cli.completion import targets
from visualizer.cli.streams import fail
from visualizer.session.launch import ALL, NONE
from visualizer.session.target import Target, TargetError, resolve

#: Stands for a `--` that came before the script. No argument can hold this character.
END_OF_OPTIONS = "\0"

_F = TypeVar("_F", bound=Callable[..., Any])


class ScriptCommand(click.Command):
    """A command whose own options come before the script: everything from the script on is passed to it unchanged."""

    allow_interspersed_args = False

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        # click swallows the first `--`, but whether one came before the script must still be known afterwards.
        if "--" in args:
            first = args.index("--")
            args = [*args[:first], END_OF_OPTIONS, *args[first + 1 :]]
        return super().parse_args(ctx, args)


def script_parameters(function: _F) -> _F:
    """Add `-m`, the tracers' options and TARGET [ARGS...] to a command; the last arrives as `words`, see `split`."""
    for decorate in (
        click.argument("words", metavar="TARGET [ARGS]...", nargs=-1, type=click.UNPROCESSED, shell_complete=targets),
        click.option("-m", "--module", is_flag=True, help="TARGET is a module name, as with `python -m`."),
        click.option(
            "--include",
            metavar="PATTERN",
            multiple=True,
            help="Also record generators of a package or of files matching part of a path (requests, json/encoder); "
            "by default only the script's own are recorded. Can be repeated.",
        ),
        click.option(
            "--marks",
            is_flag=True,
            help="Comments of the script as `# visualizer: text` mark the moments at which their lines run.",
        ),
        click.option(
            "--no-children",
            "children",
            flag_value=NONE,
            help="Record the first process only. By default also the children that it and they fork, and the Python "
            "programs that they start.",
        ),
        click.option(
            "--all-children",
            "children",
            flag_value=ALL,
            help="Also record the processes that multiprocessing starts for its own use.",
        ),
        click.option(
            "--no-source", is_flag=True, help="Do not store source text in the trace, only file names."
        ),
    ):
        function = decorate(function)
    return function


def split(words: tuple[str, ...]) -> tuple[list[str], bool]:
    """Return the script and its arguments as typed, and whether a `--` came before them."""
    ended = words[:1] == (END_OF_OPTIONS,)
    return ["--" if word == END_OF_OPTIONS else word for word in words[ended:]], ended


def target_of(words: list[str], module: bool) -> Target:
    """The target to run. Exit with one sentence if there is no such target."""
    if not words:
        raise click.UsageError("Missing TARGET: a scenario name, a script path, or -m and a module.")
    try:
        return resolve(words, module)
    except TargetError as error:
        fail(str(error))
