from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from visualizer.session.catalogue import folder
from visualizer.session.target import TargetError, resolve


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def run_by_python(words: tuple[str, ...]) -> str:
    return subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True).stdout


def test_a_scenario_by_its_name() -> None:
    target = resolve(["ping_pong", "-x", "--", "y"], module=False)
    path = folder() / "ping_pong.py"
    assert (target.name, target.python_args, target.path) == ("ping_pong", (str(path), "-x", "--", "y"), path)


def test_a_scenario_goes_before_a_file_and_a_path_before_a_scenario(tmp_path: Path) -> None:
    (tmp_path / "ping_pong").write_text("print('mine')")
    assert resolve(["ping_pong"], module=False).path == folder() / "ping_pong.py"
    assert resolve(["./ping_pong"], module=False).python_args == ("./ping_pong",)


def test_a_script_is_spelled_as_it_was_typed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "a script.py").write_text("")
    target = resolve(["sub/../sub/a script.py", "--flag"], module=False)
    assert target.python_args == ("sub/../sub/a script.py", "--flag")
    assert target.name == "a script"


def test_a_script_whose_name_begins_with_a_dash_is_no_option(tmp_path: Path) -> None:
    (tmp_path / "-c").write_text("print('dash')")
    assert run_by_python(resolve(["-c", "1"], module=False).python_args) == "dash\n"


def test_a_directory_and_an_archive_with_a_main(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "__main__.py").write_text("print('folder')")
    with zipfile.ZipFile(tmp_path / "archive", "w") as archive:
        archive.writestr("__main__.py", "print('archive')")
    assert run_by_python(resolve(["folder"], module=False).python_args) == "folder\n"
    assert resolve(["folder"], module=False).path == Path("folder/__main__.py")
    assert run_by_python(resolve(["archive"], module=False).python_args) == "archive\n"


def test_a_module(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("raise RuntimeError('must not be imported')")
    target = resolve(["mine", "-v"], module=True)
    assert (target.name, target.python_args, target.path) == ("mine", ("-m", "mine", "-v"), tmp_path / "mine.py")
    assert resolve(["json.tool"], module=True).python_args == ("-m", "json.tool")
    assert "mine" not in sys.modules


@pytest.mark.parametrize(
    ("words", "module", "sentence"),
    [
        ([], False, "There is nothing to run."),
        (["none.py"], False, "There is no script 'none.py'."),
        (["sub/none"], False, "There is no script 'sub/none'."),
        (["none.py/x.py"], False, "There is no script 'none.py/x.py'."),
        (["pingpong"], False, "There is no scenario or script 'pingpong'; did you mean ping_pong?"),
        (["xyzzy"], False, "There is no scenario or script 'xyzzy'; `visualizer list` shows the scenarios."),
        (["empty"], False, "'empty' is a directory without a __main__.py."),
        (["data.zip"], False, "'data.zip' is an archive without a __main__.py."),
        (["/dev/null"], False, "'/dev/null' is not a regular file."),
        (["x" * 300], False, f"Cannot run '{'x' * 300}': file name too long."),
        (["-"], False, "A script cannot be read from stdin; it must be a file."),
        (["no_such_module.sub"], True, "There is no module 'no_such_module.sub'."),
        ([".relative"], True, "There is no module '.relative'."),
    ],
)
def test_what_cannot_be_run_is_told_in_one_sentence(
    words: list[str], module: bool, sentence: str, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    with zipfile.ZipFile(tmp_path / "data.zip", "w") as archive:
        archive.writestr("data", "")
    with pytest.raises(TargetError) as refused:
        resolve(words, module)
    assert str(refused.value) == sentence


def test_an_unreadable_script(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Asked of the system and not made so by chmod, which does not keep root from reading.
    (tmp_path / "secret.py").write_text("")
    monkeypatch.setattr("os.access", lambda path, mode: False)
    with pytest.raises(TargetError, match=r"^Cannot read 'secret.py': permission denied.$"):
        resolve(["secret.py"], module=False)
