"""Shared by all tests: nothing is read from, or left in, the home of whoever runs them."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

# How long an example takes is no test of ours: the machine may be busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

ROOT = Path(__file__).parent.parent

#: Runs `visualizer ARGS...` in a folder of its own; keywords are those of `subprocess.run`.
Visualizer = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(autouse=True)
def state_dir(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where `run` keeps its recordings during a test."""
    folder = tmp_path_factory.mktemp("state")
    monkeypatch.setenv("VISUALIZER_STATE_DIR", str(folder))
    return folder


@pytest.fixture
def visualizer(tmp_path: Path) -> Visualizer:
    """The command line, in a process of its own."""

    def run(*args: str, **keywords: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "visualizer", *args],
            **{
                "cwd": tmp_path,
                "env": {**os.environ, "PYTHONPATH": str(ROOT)},
                "stdin": subprocess.DEVNULL,
                "capture_output": True,
                "text": True,
                "timeout": 60,
                **keywords,
            },
        )

    return run
