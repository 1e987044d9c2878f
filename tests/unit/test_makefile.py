"""`make run` and `make test` where there is no Python that would do."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.conftest import ROOT

TOO_OLD = "The visualizer needs Python 3.11 or later; PYTHON is older or does not start."


@pytest.mark.parametrize("command", ["run", "test"])
@pytest.mark.parametrize(
    ("script", "sentence"),
    [
        (None, "The visualizer needs Python 3.11 or later, and there is no PYTHON here."),
        # What an older Python does, and a shim for one that is not installed.
        ("exit 1", TOO_OLD),
        ("echo not installed >&2; exit 127", TOO_OLD),
    ],
)
def test_a_python_that_does_not_do_is_told_in_one_sentence(
    command: str, script: str | None, sentence: str, tmp_path: Path
) -> None:
    python = tmp_path / "python"
    if script is not None:
        python.write_text(f"#!/bin/sh\n{script}\n")
        python.chmod(0o755)
    done = subprocess.run(
        ["make", command, f"PYTHON={python}", f"VENV={tmp_path / 'venv'}"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        # Not as a part of the `make` that may be running these tests.
        env={name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))},
    )
    said, *made = done.stderr.splitlines()
    assert (done.returncode, done.stdout, said) == (2, "", sentence.replace("PYTHON", str(python)))
    assert all(line.startswith("make: ***") for line in made)
    assert not (tmp_path / "venv").exists()
