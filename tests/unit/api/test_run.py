"""`visualizer.record`."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import visualizer
from visualizer.session.launch import ProgramRun


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def argv_of(run: visualizer.CompletedRun) -> list[str]:
    header = run.load().timeline.header
    assert header is not None
    return header.argv


def test_a_scenario(capfd: pytest.CaptureFixture[str]) -> None:
    run = visualizer.record("ping_pong", to="a.trace")
    assert (run.path, run.exit_code, run.warning) == (Path("a.trace"), 0, None)
    # Its output is its own.
    assert capfd.readouterr() == ("12\n56\n34\n78\n", "")
    trace = run.load()
    assert (trace.target, trace.exit_code) == ("ping_pong", 0)
    assert [(switch.origin, switch.target) for switch in trace.switches][:2] == [("main", "test1"), ("test1", "test2")]


def test_a_script_with_arguments_and_how_it_ended(folder: Path) -> None:
    (folder / "mine.py").write_text("import sys; sys.exit(3)")
    run = visualizer.record("mine.py", "--to", folder / "x", to=folder / "a.trace")
    assert run.exit_code == run.load().exit_code == 3
    assert argv_of(run) == ["mine.py", "--to", str(folder / "x")]


def test_what_a_signal_kills_has_its_number(folder: Path) -> None:
    (folder / "mine.py").write_text("import os; os.kill(os.getpid(), 9)")
    run = visualizer.record("mine.py", to="a.trace")
    assert run.exit_code == run.load().exit_code == -9


def test_a_path_is_never_a_scenario(folder: Path) -> None:
    (folder / "ping_pong").write_text("print('mine')")
    assert visualizer.record(Path("ping_pong"), to="a.trace").load().tracks[0].name == "main"
    assert len(visualizer.record(Path("ping_pong"), to="b.trace").load().switches) == 0
    with pytest.raises(visualizer.TargetError, match=r"There is no script './three_way'\."):
        visualizer.record(Path("three_way"), to="c.trace")


def test_a_module(folder: Path) -> None:
    (folder / "mine.py").write_text("import sys; sys.exit(__name__ != '__main__')")
    run = visualizer.record("mine", "-m", module=True, to="a.trace")
    assert (run.exit_code, argv_of(run)) == (0, ["-m", "mine", "-m"])


def test_the_tracers_are_told_what_to_include_and_to_leave_out(folder: Path) -> None:
    (folder / "mine.py").write_text(
        "import textwrap, tokenize, io\nlist(tokenize.generate_tokens(io.StringIO('x').readline))"
    )
    plain = visualizer.record("mine.py", to="a.trace").load()
    more = visualizer.record("mine.py", to="b.trace", include=["tokenize"], source=False).load()
    assert not any(track.kind == "generator" for track in plain.tracks)
    assert any(track.kind == "generator" for track in more.tracks)
    assert not more.timeline.sources


def test_nothing_is_overwritten_unasked(folder: Path) -> None:
    (folder / "there").write_text("mine")
    with pytest.raises(FileExistsError, match="'there'"):
        visualizer.record("ping_pong", to="there")
    assert (folder / "there").read_text() == "mine"
    assert len(visualizer.record("ping_pong", to="there", overwrite=True).load().switches) == 5


@pytest.mark.parametrize(
    ("target", "to", "error"),
    [
        ("none.py", "t", visualizer.TargetError),
        ("mine.py", "folder", IsADirectoryError),
        ("mine.py", "./mine.py", shutil.SameFileError),
        ("mine.py", "none/t", FileNotFoundError),
        ("mine.py", "mine.py/t", NotADirectoryError),
        ("mine.py", "/proc/t", OSError),
    ],
)
def test_what_is_wrong_is_told_before_anything_is_run(
    target: str, to: str, error: type[Exception], folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (folder / "mine.py").write_text("print('started')")
    (folder / "folder").mkdir()
    with pytest.raises(error):
        visualizer.record(target, to=to, overwrite=True)
    assert {path.name for path in folder.iterdir()} == {"mine.py", "folder"}
    assert (folder / "mine.py").read_text() == "print('started')"
    assert capfd.readouterr().out == ""


def test_a_program_that_left_nothing_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As an interpreter that dies before it comes to the tracers.
    def dies(target: object, path: Path, options: object) -> ProgramRun:
        return ProgramRun(subprocess.Popen([sys.executable, "-c", "raise SystemExit(5)"]), path)

    monkeypatch.setattr("visualizer.api.run.start", dies)
    run = visualizer.record("ping_pong", to="a.trace")
    assert run.exit_code == 5
    assert run.warning is not None
    assert run.warning.startswith("Nothing was recorded in 'a.trace': ")
    with pytest.raises(visualizer.TraceError, match=r"The trace 'a.trace' is empty\."):
        run.load()


def test_who_is_interrupted_leaves_no_program_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(folder / "begun")
    (folder / "mine.py").write_text("open('begun', 'w').close()\nimport time\nwhile True: time.sleep(60)")
    wait, waited = ProgramRun.wait, []

    def interrupted(run: ProgramRun) -> int:
        waited.append(run)
        if len(waited) == 1:
            (folder / "begun").read_text()
            raise KeyboardInterrupt
        return wait(run)

    monkeypatch.setattr(ProgramRun, "wait", interrupted)
    with pytest.raises(KeyboardInterrupt):
        visualizer.record("mine.py", to="a.trace")
    assert waited[0].poll() == -9
    assert visualizer.load("a.trace").exit_code == -9
