from __future__ import annotations

import contextlib
import errno
import gzip
import json
import os
import re
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT, Visualizer
from tests.reading import read_all
from visualizer.analysis.findings import KINDS, Finding
from visualizer.cli import record
from visualizer.session import recordings
from visualizer.session.catalogue import folder
from visualizer.session.target import Target
from visualizer.trace.events import End

#: Shows everything of its surroundings that a script can see.
NOSY = """\
import os, sys
print(sys.argv, sys.orig_argv[1:], sys.flags, dict(os.environ), os.getcwd(), sys.path, __name__, __file__)
print(sys.stdin.read(), [fd for fd in range(400) if os.path.exists(f"/proc/self/fd/{fd}")], sys.stdout.isatty())
sys.exit(3)
"""


def plain(*args: str, cwd: Path, **keywords: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]
        [sys.executable, *args], cwd=cwd, capture_output=True, text=True, **keywords
    )


def end_of(trace: Path) -> tuple[int, int]:
    last = read_all(trace)[1][-1]
    assert isinstance(last, End)
    return last.code, last.signal


@pytest.mark.parametrize("options_first", [True, False])
def test_the_script_has_the_terminal_to_itself(options_first: bool, process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "nosy.py").write_text(NOSY)
    words, options = ["nosy.py", "-o", "x", "--force", "--", "y"], ["-o", "t"]
    args = [*options, *words] if options_first else [*words, *options]
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    watched = process("record", *args, stdin=None, input="typed", env=env)
    alone = plain(*words, cwd=tmp_path, input="typed", env=env)
    assert watched.stdout == alone.stdout
    assert watched.returncode == alone.returncode == 3
    assert end_of(tmp_path / "t") == (3, 0)


def test_what_is_called_gz_is_packed_at_the_end(
    process: Visualizer, visualizer: Visualizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And each command reads it, whatever it is called then; of one that is cut, what is there."""
    monkeypatch.chdir(tmp_path)
    assert process("record", "ping_pong", "-o", "b.trace.gz").returncode == 0
    packed = Path("b.trace.gz").read_bytes()
    Path("b.trace").write_bytes(gzip.decompress(packed))
    Path("called.otherwise").write_bytes(packed)
    Path("cut").write_bytes(packed[:-150])
    assert end_of(Path("b.trace.gz")) == (0, 0)
    for words in (("show",), ("explain",), ("problems",), ("stats", "--json"), ("events",), ("show", "--sequence")):
        shown = visualizer(*words, "b.trace.gz")
        assert (shown.returncode, shown.stdout) == (0, visualizer(*words, "b.trace").stdout), words
    assert visualizer("called.otherwise").stdout == visualizer("b.trace").stdout
    cut = visualizer("explain", "cut")
    assert cut.stdout.split()[:4] == visualizer("explain", "b.trace").stdout.split()[:4]
    assert "The trace has no end" in cut.stderr
    exported = visualizer("export", "b.trace.gz", "-o", "out.svg")
    assert (exported.returncode, exported.stderr) == (0, "")


def test_a_scenario_prints_what_it_prints_alone(process: Visualizer, tmp_path: Path) -> None:
    watched = process("record", "ping_pong", "-o", "t")
    alone = plain(str(folder() / "ping_pong.py"), cwd=tmp_path)
    assert (watched.returncode, watched.stdout, watched.stderr) == (alone.returncode, alone.stdout, alone.stderr)


@pytest.mark.parametrize(
    "code",
    ["raise ValueError('x')", "import sys; sys.exit('bye')", "import os; os._exit(4)", "def (", "exit(-1)"],
)
def test_an_unhappy_end_is_the_same(code: str, process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text(code)
    watched = process("record", "s.py", "-o", "t")
    alone = plain("s.py", cwd=tmp_path)
    assert (watched.returncode, watched.stdout, watched.stderr) == (alone.returncode, alone.stdout, alone.stderr)
    assert end_of(tmp_path / "t") == (alone.returncode, 0)


def test_a_module(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("import sys; print(sys.argv[1:], __name__)")
    done = process("record", "-m", "-o", "t", "mine", "-m", "x")
    assert (done.returncode, done.stdout, done.stderr) == (0, "['-m', 'x'] __main__\n", "")


@pytest.mark.parametrize(
    ("args", "output", "script_args"),
    [
        ("-o t s.py a b", "t", ["a", "b"]),
        ("-ot s.py", "t", []),
        ("--output=t --force s.py --force", "t", ["--force"]),
        ("s.py a -o t", "t", ["a"]),
        ("s.py a --output t", "t", ["a"]),
        ("s.py a --output=t", "t", ["a"]),
        ("s.py -o u x -o t --force", "t", ["-o", "u", "x"]),
        ("s.py --force -o t", "t", []),
        ("--force s.py -o t", "t", []),
        ("-o t s.py -o u", "t", ["-o", "u"]),
        ("-o t s.py --output=u --force", "t", ["--output=u", "--force"]),
        ("-o t -- s.py -- -o u", "t", ["--", "-o", "u"]),
        ("--include json -o t s.py --include x", "t", ["--include", "x"]),
        ("s.py -- x -o t", "t", ["--", "x"]),
        ("s.py --help -o t", "t", ["--help"]),
        ("-o t s.py -m x", "t", ["-m", "x"]),
    ],
)
def test_whose_is_which_option(
    args: str,
    output: str,
    script_args: list[str],
    visualizer: Visualizer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is about to be started; that it is started so: `test_the_script_has_the_terminal_to_itself`."""
    asked = []

    def start(target: Target, path: Path, **_: object) -> None:
        asked.append((target.python_args, str(path)))
        raise OSError(errno.EAGAIN, "not now")

    monkeypatch.setattr(record, "start", start)
    (tmp_path / "s.py").touch()
    done = visualizer("record", *args.split())
    assert (done.returncode, done.stderr) == (2, "visualizer: Cannot start 's': not now.\n")
    assert asked == [(("s.py", *script_args), output)]
    assert {path.name for path in tmp_path.iterdir()} == {"s.py", output}


NO_OUTPUT = "Missing output file: add -o FILE before TARGET or at the very end. Try `visualizer record --help`."


@pytest.mark.parametrize(
    ("args", "sentence"),
    [
        ("s.py", NO_OUTPUT),
        ("s.py -o t x", NO_OUTPUT),
        ("-- s.py -o t", NO_OUTPUT),
        ("s.py --force", NO_OUTPUT),
        ("-o -- s.py", NO_OUTPUT),
        ("-o t none.py", "There is no script 'none.py'."),
        ("s.py -o there", "'there' exists already; --force overwrites it."),
        ("s.py -o folder", "'folder' is a directory; give the name of a file."),
        ("--force s.py -o folder", "'folder' is a directory; give the name of a file."),
        ("--force s.py -o ./s.py", "'s.py' is the script itself."),
        ("s.py -o none/t", "Cannot write 'none/t': no such file or directory."),
        ("s.py -o there/t", "Cannot write 'there/t': not a directory."),
        ("s.py -o /proc/t", "Cannot write '/proc/t': no such file or directory."),
    ],
)
def test_what_is_wrong_is_told_before_the_script_is_started(
    args: str, sentence: str, visualizer: Visualizer, tmp_path: Path
) -> None:
    (tmp_path / "s.py").write_text("print('started')")
    (tmp_path / "there").write_text("mine")
    (tmp_path / "folder").mkdir()
    done = visualizer("record", *args.split())
    assert (done.returncode, done.stdout, done.stderr) == (2, "", f"visualizer: {sentence}\n")
    assert (tmp_path / "there").read_text() == "mine"
    assert (tmp_path / "s.py").read_text() == "print('started')"
    assert {path.name for path in tmp_path.iterdir()} == {"s.py", "there", "folder"}


def test_a_script_without_problems_is_said_to_be(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "s.py").write_text("import sys; print('mine', file=sys.stderr)")
    done = process("record", "--summary", "s.py", "-o", "t")
    assert re.fullmatch(r"mine\nvisualizer: saved 't': 0 switches in [\d.]+ m?s, no problems found\.\n", done.stderr)


def test_a_fault_of_ours_in_the_summary_costs_a_sentence_and_not_the_scripts_exit_code(
    visualizer: Visualizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: object) -> list[Finding]:
        raise KeyError("track")

    monkeypatch.setitem(KINDS, "hog", KINDS["hog"]._replace(find=fails))
    (tmp_path / "s.py").write_text("raise SystemExit(3)")
    done = visualizer("record", "--summary", "s.py", "-o", "t")
    said = "visualizer: saved 't'; looking for its problems failed: KeyError: 'track'\n"
    assert (done.returncode, done.stdout, done.stderr) == (3, "", said)


def test_force_replaces_what_was_there(process: Visualizer, tmp_path: Path) -> None:
    (tmp_path / "t").write_text("something longer than nothing\n" * 1000)
    assert process("record", "ping_pong", "-o", "t", "--force").returncode == 0
    assert end_of(tmp_path / "t") == (0, 0)


def test_a_trace_that_takes_nothing_costs_a_sentence_and_not_the_run(process: Visualizer) -> None:
    done = process("record", "--force", "-o", "/dev/full", "ping_pong")
    assert (done.returncode, done.stdout) == (0, "12\n56\n34\n78\n")
    assert done.stderr.startswith("visualizer: Nothing was recorded in '/dev/full': ")
    assert done.stderr.count("\n") == 1
    assert stat.S_ISCHR(os.stat("/dev/full").st_mode)


def test_who_has_closed_stderr_gets_the_scripts_own_exit_code(process: Visualizer) -> None:
    done = process("record", "ping_pong", "-o", "t", preexec_fn=lambda: os.close(2))
    assert (done.returncode, done.stdout) == (0, "12\n56\n34\n78\n")


def test_what_was_recorded_is_said_and_remembered(process: Visualizer, tmp_path: Path) -> None:
    said = r"visualizer: saved 't\.trace': 5 switches in [\d.]+ m?s, 1 problem; test1 was never resumed .*\n"
    assert process("record", "ping_pong", "-o", "t.trace").stderr == "", "a file or a pipe holds what the script says"
    assert re.fullmatch(said, process("record", "--summary", "--force", "ping_pong", "-o", "t.trace").stderr)
    ours, its = os.openpty()
    process("record", "--force", "ping_pong", "-o", "t", capture_output=False, stdout=subprocess.DEVNULL, stderr=its)
    assert re.fullmatch(said.replace(r"t\.trace", "t"), os.read(ours, 10_000).decode().replace("\r\n", "\n"))
    os.close(its)
    os.close(ours)
    assert [recording.path for recording in recordings.recent()] == [tmp_path / "t", tmp_path / "t.trace"]


def test_a_file_in_the_way_is_not_taken_for_one_of_ours(process: Visualizer, tmp_path: Path) -> None:
    for name in ("os", "visualizer", "msgspec", "subprocess", "code"):
        (tmp_path / f"{name}.py").write_text("raise RuntimeError('taken')")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "s.py").write_text("print('fine')")
    code = "import sys; sys.path[0] = sys.argv.pop(1); from visualizer.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code, str(ROOT), "record", "sub/s.py", "-o", "t"],
        cwd=tmp_path,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "fine\n", "")


SLEEPER = """\
import sys, time
try:
    print("begun", flush=True)
    # Not one long sleep: a signal that comes just before the system call would not cut it short, in any Python.
    while True:
        time.sleep(0.05)
except KeyboardInterrupt:
    if sys.argv[1:] == ["polite"]:
        sys.exit(7)
    raise
"""


@pytest.mark.parametrize(
    ("number", "to_all", "args", "status", "end"),
    [
        # Ctrl-C goes from the terminal to everybody, SIGTERM to whom it is sent.
        (signal.SIGINT, True, ["polite"], 7, (7, 0)),
        (signal.SIGINT, True, [], -signal.SIGINT, (-1, signal.SIGINT)),
        (signal.SIGTERM, False, [], -signal.SIGTERM, (-1, signal.SIGTERM)),
        (signal.SIGHUP, False, [], -signal.SIGHUP, (-1, signal.SIGHUP)),
    ],
)
def test_signals_are_the_scripts(
    number: int, to_all: bool, args: list[str], status: int, end: tuple[int, int], tmp_path: Path
) -> None:
    (tmp_path / "s.py").write_text(SLEEPER)
    process = subprocess.Popen(
        [sys.executable, "-m", "visualizer", "record", "-o", "t", "s.py", *args],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        # Whoever runs the tests in the background, or with nohup, has these ignored.
        preexec_fn=lambda: signal.signal(number, signal.SIG_DFL),
    )
    with process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == b"begun\n"
            (os.killpg if to_all else os.kill)(process.pid, number)
            assert process.wait(timeout=60) == status
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    assert end_of(tmp_path / "t") == end


def test_the_last_line_comes_once(process: Visualizer, tmp_path: Path) -> None:
    process("record", "ping_pong", "-o", "t")
    kinds = [json.loads(line)[0] for line in (tmp_path / "t").read_text().splitlines()[1:]]
    assert kinds.count("end") == 1
    assert kinds[-1] == "end"
