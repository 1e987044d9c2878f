from __future__ import annotations

import gzip
import os
import stat
import sys
from pathlib import Path

import pytest

from visualizer.session import recordings, state


def made(path: Path, when: int) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("trace")
    os.utime(path, (when, when))
    return path


def test_a_recording_is_named_by_script_and_time_and_never_twice(
    state_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.strftime", lambda form: {"%Y%m%d-%H%M%S": "20250102-030405"}[form])
    assert [recordings.new_path("ping_pong") for _ in range(3)] == [
        state_dir / "recordings" / "ping_pong-20250102-030405.trace",
        state_dir / "recordings" / "ping_pong-20250102-030405.1.trace",
        state_dir / "recordings" / "ping_pong-20250102-030405.2.trace",
    ]


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("../../etc/x", "_.._etc_x"),
        ("a b\x1b[31m\n", "a_b_31m_"),
        ("...", "script"),
        ("größe", "gr_e"),
        ("x" * 300, "x" * 80),
    ],
)
def test_a_name_cannot_lead_out_of_the_folder(name: str, stem: str, state_dir: Path) -> None:
    path = recordings.new_path(name)
    assert path.parent == state_dir / "recordings"
    assert path.name.rpartition("-")[0].rpartition("-")[0] == stem


def test_recent_ones_come_newest_first_wherever_they_were_made(state_dir: Path, tmp_path: Path) -> None:
    own = made(state_dir / "recordings" / "own.trace", 200)
    old, new, gone = (made(tmp_path / name, when) for name, when in (("old.x", 100), ("new.x", 300), ("gone.x", 9)))
    recordings.new_path("empty, so not listed")
    for path in (old, new, gone, old):
        recordings.remember(path)
    gone.unlink()
    assert [(recording.path, recording.name, recording.size) for recording in recordings.recent()] == [
        (new, "new", 5),
        (own, "own", 5),
        (old, "old", 5),
    ]
    assert recordings.recent()[0].written_ns == 300 * 10**9


def test_a_relative_path_is_remembered_from_where_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    recordings.remember(made(Path("here.trace"), 1))
    monkeypatch.chdir("/")
    assert [recording.path for recording in recordings.recent()] == [tmp_path / "here.trace"]


def test_only_the_newest_of_our_own_are_kept(state_dir: Path, tmp_path: Path) -> None:
    other = made(tmp_path / "other.trace", 0)
    recordings.remember(other)
    folder = state_dir / "recordings"
    for number in range(recordings.KEPT + 5):
        made(folder / f"{number}.trace", number + 1)
    (folder / "note.txt").write_text("not ours")
    path = recordings.new_path("new")
    kept = {file.name for file in folder.iterdir()}
    assert kept == {path.name, "note.txt", *(f"{number}.trace" for number in range(6, recordings.KEPT + 5))}
    assert other.exists()


@pytest.mark.parametrize("content", ["", "{", "17", '["ok.trace", 3]', "\xff"])
def test_a_damaged_list_is_no_obstacle(content: str, state_dir: Path, tmp_path: Path) -> None:
    (state_dir / "recorded.json").write_text(content, encoding="latin-1")
    assert recordings.recent() == []
    path = made(tmp_path / "x.trace", 5)
    recordings.remember(path)
    assert [recording.path for recording in recordings.recent()] == [path]


def test_a_state_folder_that_cannot_be_written_is_replaced_by_a_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(state.STATE_DIR, str(tmp_path / "file" / "below"))
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    recordings._temporary.cache_clear()
    try:
        path = recordings.new_path("x")
        assert path.parent.parent == tmp_path
        path.write_text("trace")
        recordings.remember(tmp_path / "forgotten")
        assert [recording.path for recording in recordings.recent()] == [path]
    finally:
        recordings._temporary.cache_clear()


def test_how_long_a_recording_lasted(tmp_path: Path) -> None:
    for end, lasted_ns in (('["end",7,0,0]\n["note",9,"child"]', 7), ('["end",', None), ("", None)):
        recordings.remember(made(tmp_path / "a.trace", 1))
        (tmp_path / "a.trace").write_text("x" * 99_999 + "\n" + end + "\n")
        assert recordings.recent()[0].lasted_ns() == lasted_ns


def test_deleting_and_renaming(state_dir: Path, tmp_path: Path) -> None:
    """Our own files are deleted; of others only the list forgets."""
    own, other = made(state_dir / "recordings" / "a-20250102-030405.trace", 2), made(tmp_path / "b.trace", 1)
    recordings.remember(other)
    first, second = recordings.recent()
    assert (first.short_name, second.short_name) == ("a", "b")
    assert (first.rename("c"), second.rename("d.trace")) == (own.with_name("c.trace"), other.with_name("d.trace"))
    first, second = recordings.recent()
    assert (first.name, second.name) == ("c", "d")
    for wrong in ("", "..", "x/y", "x\0"):
        with pytest.raises(ValueError, match="No recording can be called"):
            first.rename(wrong)
    with pytest.raises(FileExistsError):
        first.rename("c")
    first.delete()
    second.delete()
    assert recordings.recent() == []
    assert (first.path.exists(), second.path.exists()) == (False, True)


def test_a_recording_is_packed_in_its_place(tmp_path: Path) -> None:
    path = made(tmp_path / "a.trace.gz", 10)
    path.chmod(0o640)
    link = tmp_path / "link"
    link.symlink_to(path)
    recordings.pack(link)
    assert gzip.decompress(path.read_bytes()) == b"trace"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.trace.gz", "link"]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who writes to a file")
def test_what_is_still_written_to_is_not_packed(tmp_path: Path) -> None:
    path = made(tmp_path / "a.trace.gz", 10)
    with path.open("ab"), pytest.raises(BlockingIOError):
        recordings.pack(path)
    assert (path.read_text(), [*tmp_path.iterdir()]) == ("trace", [path])
    with path.open("rb"):
        recordings.pack(path)
    assert path.read_bytes()[:2] == b"\x1f\x8b", "who reads it does not matter"
