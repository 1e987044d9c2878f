"""What programs do to themselves, and how they are started: recorded, they print and end as they do bare."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: Named like modules of ours and of the standard library that the recorder imports.
NAMES = ("words.py", "sink.py", "trace.py", "queue.py", "base64.py")

SCRIPT = """\
import os, resource, sys

import gevent
import greenlet


def count(to):
    for number in range(to):
        yield number


print(sum(sum(count(2)) for _ in range(3_000)))
print(len({gevent.spawn(int) for _ in range(500)} | {greenlet.greenlet(int) for _ in range(500)}))
gevent.wait()
for _ in range(3):
    child = os.fork()
    if not child:
        print("child", sum(count(3)), flush=True)
        os._exit(0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
resource.setrlimit(resource.RLIMIT_NOFILE, (16, 16))
resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 24, 1 << 24))
os.chdir("/")
os.umask(0o777)
print([*count(3)], flush=True)
os.closerange(3, 16)
print([*count(4)], flush=True)
os.closerange(1, 3)
sys.exit(sum(count(4)))
"""


@pytest.mark.parametrize(
    "environment",
    [{"PYTHONDEVMODE": "1", "PYTHONWARNINGS": "error"}, {"PYTHONOPTIMIZE": "2", "PYTHONNOUSERSITE": "1"}],
    ids=["dev", "optimized"],
)
def test_a_program_that_makes_it_hard(environment: dict[str, str], tmp_path: Path) -> None:
    for name in NAMES:
        (tmp_path / name).write_text("raise AssertionError(__name__)")
    script = tmp_path / "words_.py"
    script.write_text(SCRIPT)

    def run(*before: str) -> tuple[int, bytes]:
        done = subprocess.run(
            [sys.executable, *before, str(script)],
            cwd="/",
            env={**os.environ, **environment, "PYTHONPATH": str(ROOT)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
        )
        return done.returncode, done.stdout

    assert run("-m", "visualizer", "record", "-o", str(tmp_path / "a.trace")) == run() == (6, run()[1])
