from __future__ import annotations

from pathlib import Path

import pytest

from visualizer.session import preferences, state
from visualizer.session.preferences import Preferences


def test_what_was_saved_is_found_again(state_dir: Path) -> None:
    assert preferences.load() == Preferences()
    Preferences("nord", "switches", True).save()
    assert preferences.load() == Preferences("nord", "switches", True)
    assert [path.name for path in state_dir.iterdir()] == ["preferences.json"], "nothing is left beside it"


@pytest.mark.parametrize(
    "content", [b"", b"\xff", b"[]", b'{"theme": 1}', b'{"theme"', b"[" * 5_000, b" " * 20_000 + b"{}"]
)
def test_damage_is_as_if_nothing_had_been_saved(state_dir: Path, content: bytes) -> None:
    (state_dir / "preferences.json").write_bytes(content)
    assert preferences.load() == Preferences()
    Preferences("nord").save()
    assert preferences.load() == Preferences("nord")


def test_fields_of_another_version_do_no_harm(state_dir: Path) -> None:
    (state_dir / "preferences.json").write_text('{"theme": "nord", "later": [1]}')
    assert preferences.load() == Preferences("nord")


def test_where_nothing_can_be_written_nothing_is_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(state.STATE_DIR, str(tmp_path / "file" / "below"))
    Preferences("nord").save()
    assert preferences.load() == Preferences()
