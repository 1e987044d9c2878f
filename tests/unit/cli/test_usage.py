"""What holds for the command line as a whole."""

from __future__ import annotations

import click
import pytest
from click.testing import CliRunner

from tests.conftest import Visualizer
from visualizer import cli

NOTHING_TO_RUN = "Missing TARGET: a scenario name, a script path, or -m and a module."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        (["bogus"], "No such command 'bogus'. Try `visualizer --help`."),
        (["list", "more"], "Got unexpected extra argument (more). Try `visualizer list --help`."),
        (["list", "--wrong"], "No such option '--wrong'. Try `visualizer list --help`."),
        (
            ["show", "--al", "x"],
            "No such option '--al'; did you mean --all or --axis or --help? Try `visualizer show --help`.",
        ),
        (["show", "--wdth=9", "x"], "No such option '--wdth'; did you mean --width? Try `visualizer show --help`."),
        (
            ["show", "--width", "abc", "x"],
            "Invalid value for '--width': 'abc' is not a whole number of at least 40. Try `visualizer show --help`.",
        ),
        (
            ["export", "x", "-o", "x.svg", "--width", "3"],
            "Invalid value for '--width': '3' is not a whole number from 400 to 20000. Try `visualizer export --help`.",
        ),
        (["open"], "Missing argument 'FILE'. Try `visualizer open --help`."),
        (["run"], f"{NOTHING_TO_RUN} Try `visualizer run --help`."),
        (["run", "pingpong"], "There is no scenario or script 'pingpong'; did you mean ping_pong?"),
        (["run", "./no\x1b[31m"], "There is no script './no\\x1b[31m'."),
    ],
)
def test_wrong_usage_is_told_in_one_line(args: list[str], sentence: str, visualizer: Visualizer) -> None:
    done = visualizer(*args)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"visualizer: {sentence}\n")


@pytest.mark.parametrize("name", [None, *cli.COMMANDS])
def test_every_help_is_complete(name: str | None) -> None:
    """Each says what it is for, has an example that names it, and describes all its options."""
    context = click.Context(cli.visualizer, info_name="visualizer")
    command = cli.visualizer if name is None else cli.visualizer.get_command(context, name)
    assert command is not None
    assert command.name == (name or "visualizer")
    done = CliRunner().invoke(cli.visualizer, ["--help"] if name is None else [name, "--help"])
    assert done.exit_code == 0
    _, heading, examples = done.output.partition("Example")
    assert heading
    assert f"visualizer {name or 'run'}" in examples
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help


def test_text_for_the_terminal_is_made_harmless(capsys: pytest.CaptureFixture[str]) -> None:
    cli.warn("größe 'x' \x1b[2J\n\t\x00\u202e\udc80\x9b")
    assert capsys.readouterr().err == "visualizer: größe 'x' ␛[2J␊␉␀\ufffd\ufffd\ufffd\n"


def test_version(visualizer: Visualizer) -> None:
    done = visualizer("--version")
    assert (done.returncode, done.stdout.startswith("visualizer ")) == (0, True)
