"""What holds for the command line as a whole."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.shell_completion import ShellComplete
from click.testing import CliRunner

from tests.conftest import Visualizer
from visualizer import cli
from visualizer.cli import streams

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
    streams.warn("größe 'x' \x1b[2J\n\t\x00\u202e\udc80\x9b")
    assert capsys.readouterr().err == "visualizer: größe 'x' ␛[2J␊␉␀\ufffd\ufffd\ufffd\n"


def test_version(visualizer: Visualizer) -> None:
    done = visualizer("--version")
    assert (done.returncode, done.stdout.startswith("visualizer ")) == (0, True)


GOLDEN = Path(__file__).parents[2] / "golden"
SLEEPS = GOLDEN / "gevent_sleeps.trace"


@pytest.mark.parametrize(
    ("words", "begins"),
    [
        ([str(SLEEPS)], "gevent_sleeps · "),
        ([f"{SLEEPS}@#2-#4"], "gevent_sleeps · Python 3.13.0 · from 50.19 ms to 50.31 ms"),
        (["renamed"], "gevent_sleeps · "),
        (["hello.py", "--flag"], "hello · "),
    ],
)
def test_a_script_or_a_trace_stands_for_what_is_done_with_it(
    words: list[str], begins: str, visualizer: Visualizer, tmp_path: Path
) -> None:
    """In a pipe, where a trace is shown and a script's timeline is printed."""
    (tmp_path / "renamed").write_bytes(SLEEPS.read_bytes())
    (tmp_path / "hello.py").write_text("import sys; assert sys.argv[1:] == ['--flag']")
    done = visualizer(*words)
    assert (done.returncode, done.stderr, done.stdout[: len(begins)]) == (0, "", begins)


@pytest.mark.parametrize(
    ("word", "sentence"),
    [
        ("no.trace", "Cannot open the trace 'no.trace': no such file or directory."),
        ("no.py", "There is no script 'no.py'."),
        ("opne", "No such command 'opne'; did you mean open? Try `visualizer --help`."),
    ],
)
def test_what_is_none_of_these(word: str, sentence: str, visualizer: Visualizer) -> None:
    assert visualizer(word).stderr == f"visualizer: {sentence}\n"


def test_help_is_short_too() -> None:
    for words in ([], ["show"], ["run"]):
        short, long = (CliRunner().invoke(cli.visualizer, [*words, option]) for option in ("-h", "--help"))
        assert (short.output, short.exit_code) == (long.output, 0)


def test_the_subcommands_are_listed_with_a_sentence_each_and_import_only_what_they_need() -> None:
    script = """if True:
        import sys
        from click.shell_completion import ShellComplete
        from visualizer import cli
        cli.visualizer(["-h"], standalone_mode=False)
        complete = ShellComplete(cli.visualizer, {}, "visualizer", "_VISUALIZER_COMPLETE").get_completions
        assert complete([], "sta")[0].value == "stats"
        print([name for name in sys.modules if name in cli.COMMANDS.values()])
        cli.visualizer(["list"], standalone_mode=False)
        for command in ("run", "record", "open", "events", "stats", "problems", "explain"):
            cli.visualizer([command, "--help"], standalone_mode=False)
            complete([command], "x")
        print([name for name in ("numpy", "textual", "importlib.metadata") if name in sys.modules])
    """
    listed = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    *lines, imported = listed.partition("Commands:\n")[2].partition("]\n")[0].splitlines()
    imported += "]"
    assert listed.endswith("\n[]\n")
    context = click.Context(cli.visualizer)
    commands = {name: cli.visualizer.get_command(context, name) for name in cli.COMMANDS}
    sentences = [(command.help or "").partition("\n")[0] for command in commands.values() if command is not None]
    assert [line.split(None, 1) for line in lines] == [list(each) for each in zip(commands, sentences, strict=True)]
    assert imported == "[]"


@pytest.mark.parametrize(
    ("words", "typed", "offered"),
    [
        ([], "sta", {"stats"}),
        ([], "gevent_s", {"gevent_sleeps"}),
        ([], f"{GOLDEN}/gevent_s", {str(SLEEPS)}),
        (["run"], "ping", {"ping_pong"}),
        (["run"], "my", {"my.py"}),
        (["run", "my.py"], "my", set()),
        (["stats"], f"{GOLDEN}/gevent_s", {str(SLEEPS)}),
        (["explain", f"{SLEEPS}@#2-", "--track"], "f", {"foo"}),
        (["explain", "my.py", "--track"], "f", set()),
    ],
)
def test_what_the_shell_completes(
    words: list[str], typed: str, offered: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "my.py").touch()
    monkeypatch.chdir(tmp_path)
    found = ShellComplete(cli.visualizer, {}, "visualizer", "_VISUALIZER_COMPLETE").get_completions(words, typed)
    assert {item.value for item in found if item.type == "plain"} == offered


@pytest.mark.parametrize(
    ("command", "says"),
    [
        (["show"], "from 48.8 ms to 0.952 s"),
        (["show", "--sequence"], "from 48.8 ms to 0.952 s"),
        (["explain"], "#18  0.9"),
        (["events"], '"event":"switch","number":18,"index":17'),
        (["stats"], "18 switches in 0.903 s"),
        (["findings"], "No problems found."),
    ],
)
def test_every_command_takes_a_part(command: list[str], says: str, visualizer: Visualizer) -> None:
    done = visualizer(command[0], "sync_vs_async.trace@#1-#18", *command[1:], cwd=GOLDEN)
    assert (done.returncode, done.stderr, says in done.stdout) == (0, "", True), done.stdout
    assert "#19" not in done.stdout
    assert '"index":18' not in done.stdout
    assert visualizer(command[0], "sync_vs_async.trace@#1-#99", cwd=GOLDEN).stderr == (
        "visualizer: The trace 'sync_vs_async.trace' has no switch #99: there are 72.\n"
    )
