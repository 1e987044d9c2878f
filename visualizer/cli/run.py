"""`visualizer run`."""

from __future__ import annotations

import subprocess

import click

from visualizer.cli.script import ScriptCommand, script_parameters, split, target_of
from visualizer.cli.streams import fail, silence_stdout, warn
from visualizer.cli.terminal import big_option, has_screen, keys_from_terminal
from visualizer.session import recordings, why
from visualizer.session.launch import CHILDREN, start, tracer_options
from visualizer.session.signals import bystander, exit_like
from visualizer.session.target import Target


@click.command("run", cls=ScriptCommand)
@script_parameters
@click.option("--hold", is_flag=True, help="Pause at the first switch; the keys S, J, T and ; continue.")
@big_option
def command(
    words: tuple[str, ...],
    module: bool,
    include: tuple[str, ...],
    marks: bool,
    no_source: bool,
    children: str | None,
    hold: bool,
    big: bool,
) -> None:
    """Run a script and watch it live.

    TARGET is a scenario name, a script path, or a module name with -m. Options go before TARGET; all words after it are
    the script's. `--` before TARGET ends the options. The exit code is the script's. While the TUI uses the terminal,
    the script's stdin is empty; with `visualizer record` the script keeps the terminal.

    If stdout is not a terminal, the finished timeline is printed instead of the script's own output; the script keeps
    stdin and stderr. The recording is kept and listed in the catalogue.

    \b
    Examples:
      visualizer run gevent_sleeps
      visualizer run my_script.py --verbose input.txt
      visualizer run -m my_package
      visualizer run --hold ping_pong
      visualizer run ping_pong | less
    """
    script, _ = split(words)
    target = target_of(script, module)
    options = tracer_options(include, source=not no_source, marks=marks, children=children or CHILDREN)
    if not has_screen():
        if hold:
            raise click.UsageError("--hold needs a terminal, because keys continue the program.")
        if big:
            raise click.UsageError("--big needs a terminal.")
        _run_as_text(target, options)
    keys_from_terminal()
    from visualizer.tui.app import VisualizerApp

    status = VisualizerApp(target=target, options=options, hold=hold, big=big).run()
    exit_like(status or 0)


def _run_as_text(target: Target, options: tuple[str, ...]) -> None:
    """Run `target`, print its timeline, and exit with its exit code."""
    from visualizer.cli.show import print_timeline

    with bystander() as by:
        try:
            path = recordings.new_path(target.name)
            run = start(target, path, stdout=subprocess.DEVNULL, options=options)
        except OSError as error:
            fail(f"Cannot run {target.name!r}: {why(error)}.")
        by.stand_by(run)
        status = run.wait()
    if run.warning is not None:
        warn(run.warning)
    if run.recorded:
        try:
            print_timeline(path, None)
        except BrokenPipeError:
            silence_stdout()
    exit_like(status)
