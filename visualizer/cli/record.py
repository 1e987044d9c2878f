"""`visualizer record`."""

from __future__ import annotations

from pathlib import Path
from shutil import SameFileError

import click

from visualizer.cli import fail, warn
from visualizer.cli.script import END_OF_OPTIONS, ScriptCommand, script_parameters, split, target_of
from visualizer.session import recordings, why
from visualizer.session.launch import start, tracer_options
from visualizer.session.signals import bystander, exit_like


@click.command("record", cls=ScriptCommand)
@script_parameters
@click.option("-o", "--output", metavar="FILE", help="Where to write the trace.  [required]")
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
def command(
    words: tuple[str, ...], module: bool, include: tuple[str, ...], no_source: bool, output: str | None, force: bool
) -> None:
    """Run a script and record its switches in FILE.

    TARGET is a scenario name, a script path, or a module name with -m. The script keeps the terminal: stdin, stdout,
    stderr, signals and exit code are its own, and nothing else is printed.

    Options go before TARGET; only -o FILE and --force may also be the last words of the line. All other words after
    TARGET are the script's. `--` before TARGET ends the options.

    \b
    Examples:
      visualizer record ping_pong -o ping_pong.trace
      visualizer record -o run.trace my_script.py --verbose input.txt
      visualizer record -o run.trace -m http.server 8000
    """
    script, ended = split(words)
    if output is None and not ended:
        script, output, forced = _options_at_the_end(script)
        force = force or forced
    target = target_of(script, module)
    if not output or output == END_OF_OPTIONS:
        raise click.UsageError("Missing output file: add -o FILE before TARGET or at the very end.")
    path = Path(output)
    try:
        recordings.make_empty(path, target, overwrite=force)
    except FileExistsError:
        fail(f"{str(path)!r} exists already; --force overwrites it.")
    except IsADirectoryError:
        fail(f"{str(path)!r} is a directory; give the name of a file.")
    except SameFileError:
        fail(f"{str(path)!r} is the script itself.")
    except (OSError, ValueError) as error:
        fail(f"Cannot write {str(path)!r}: {why(error)}.")
    with bystander() as by:
        try:
            run = start(target, path, options=tracer_options(include, source=not no_source))
        except OSError as error:
            fail(f"Cannot start {target.name!r}: {why(error)}.")
        by.stand_by(run)
        status = run.wait()
        if run.warning is not None:
            warn(run.warning)
        recordings.remember(path)
    exit_like(status)


def _options_at_the_end(words: list[str]) -> tuple[list[str], str | None, bool]:
    """Take `-o FILE` and a `--force` beside it off the end. The first word, the script, is never one of them."""
    rest, output, force = list(words), None, False
    while len(rest) > 1:
        if output is None and len(rest) > 2 and rest[-2] in ("-o", "--output"):
            output = rest[-1]
            del rest[-2:]
        elif output is None and rest[-1].startswith("--output="):
            output = rest.pop().removeprefix("--output=")
        elif not force and rest[-1] == "--force":
            force = True
            rest.pop()
        else:
            break
    return (rest, output, force) if output is not None else (words, None, False)
