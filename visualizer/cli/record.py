"""`visualizer record`."""

from __future__ import annotations

from pathlib import Path
from shutil import SameFileError

import click

from visualizer.cli.script import END_OF_OPTIONS, ScriptCommand, script_parameters, split, target_of
from visualizer.cli.streams import fail, says_to_terminal, warn
from visualizer.session import recordings, why
from visualizer.session.launch import CHILDREN, start, tracer_options
from visualizer.session.signals import bystander, exit_like

#: May stand beside `-o FILE` at the end.
_BESIDE = {"--force", "--marks"}
#: A larger trace takes too long to be looked at in passing.
_LARGE_BYTES = 32 << 20


@click.command("record", cls=ScriptCommand)
@script_parameters
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    help="Where to write the trace; at the end, one called .gz is packed.  [required]",
)
@click.option("--force", is_flag=True, help="Overwrite FILE if it exists.")
@click.option(
    "--summary/--no-summary",
    default=None,
    help="Say at the end what was saved, and the worst problem.  [default: if stderr is a terminal]",
)
def command(
    words: tuple[str, ...],
    module: bool,
    include: tuple[str, ...],
    marks: bool,
    no_source: bool,
    children: str | None,
    output: str | None,
    force: bool,
    summary: bool | None,
) -> None:
    """Run a script and record its switches in FILE.

    TARGET is a scenario name, a script path, or a module name with -m. The script keeps the terminal: stdin, stdout,
    stderr, signals and exit code are its own. At the end, a line on the terminal says what was saved, how many problems
    there are, and which is the worst; where stderr is no terminal, it holds what the script writes and nothing else.

    Options go before TARGET; only -o FILE, with --force and --marks beside it, may also be the last words of the line.
    All other words after TARGET are the script's. `--` before TARGET ends the options.

    \b
    Examples:
      visualizer record ping_pong -o ping_pong.trace
      visualizer record -o run.trace my_script.py --verbose input.txt
      visualizer record -o run.trace -m http.server 8000
      visualizer record --marks -o talk.trace my_script.py
    """
    script, ended = split(words)
    if output is None and not ended:
        script, output, beside = _options_at_the_end(script)
        force, marks = force or "--force" in beside, marks or "--marks" in beside
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
            options = tracer_options(include, source=not no_source, marks=marks, children=children or CHILDREN)
            run = start(target, path, options=options)
        except OSError as error:
            fail(f"Cannot start {target.name!r}: {why(error)}.")
        by.stand_by(run)
        status = run.wait()
        if run.warning is not None:
            warn(run.warning)
        recordings.remember(path)
        if run.recorded and (says_to_terminal() if summary is None else summary):
            warn(_summary(path))
    if run.recorded and path.suffix == recordings.PACKED_SUFFIX:
        _pack(path)
    exit_like(status)


def _pack(path: Path) -> None:
    """What is not packed opens all the same."""
    try:
        recordings.pack(path)
    except BlockingIOError:
        warn(f"{str(path)!r} was not packed: a process that the program started still writes to it.")
    except KeyboardInterrupt:
        warn(f"{str(path)!r} was not packed: interrupted.")
    except OSError as error:
        warn(f"{str(path)!r} was not packed: {why(error)}.")


def _summary(path: Path) -> str:
    """What was saved, whatever happens as that is looked at: the script has ended, and how it did is what counts."""
    try:
        return _saved(path)
    except Exception as error:
        return f"saved {str(path)!r}; looking for its problems failed: {type(error).__name__}: {error}"


def _saved(path: Path) -> str:
    """What was recorded, how many problems it has, and the worst of them."""
    # Whoever only records need not wait until these are loaded.
    from visualizer.analysis.findings import findings, grouped
    from visualizer.analysis.text.durations import duration
    from visualizer.api.trace import TraceError, load

    saved = f"saved {str(path)!r}"
    if not path.is_file() or path.stat().st_size > _LARGE_BYTES:
        return f"{saved}; `visualizer problems` lists its problems."
    try:
        timeline = load(path).timeline
    except TraceError:
        return f"{saved}."
    switches = timeline.switch_count
    saved += f": {switches:,} switch{'' if switches == 1 else 'es'} in {duration(timeline.last_ns)}"
    groups = grouped(timeline, findings(timeline))
    if not groups:
        return f"{saved}, no problems found."
    worst = f"the worst: {groups[0].sentence}" if len(groups) > 1 else groups[0].sentence
    return f"{saved}, {len(groups):,} problem{'' if len(groups) == 1 else 's'}; {worst}"


def _options_at_the_end(words: list[str]) -> tuple[list[str], str | None, set[str]]:
    """Take `-o FILE`, and what may stand beside it, off the end. The first word, the script, is never one of them."""
    rest, output, beside = list(words), None, set[str]()
    while len(rest) > 1:
        if output is None and len(rest) > 2 and rest[-2] in ("-o", "--output"):
            output = rest[-1]
            del rest[-2:]
        elif output is None and rest[-1].startswith("--output="):
            output = rest.pop().removeprefix("--output=")
        elif rest[-1] in _BESIDE - beside:
            beside.add(rest.pop())
        else:
            break
    return (rest, output, beside) if output is not None else (words, None, set())
