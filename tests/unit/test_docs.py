"""The examples of docs/ print what is written below them."""

from __future__ import annotations

import contextlib
import doctest
import io
import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.conftest import ROOT

#: A block of Python, what it needs to be installed, and what it prints, if anything.
_EXAMPLE = re.compile(r"^```python(?: (\w+))?\n(.*?)^```$(?:\n\n^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", sorted((ROOT / "docs").glob("*.md")), ids=lambda page: page.name)
def test_examples(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    text = page.read_text()
    examples = _EXAMPLE.findall(text)
    assert len(examples) == text.count("```python")
    names: dict[str, object] = {}
    for needed, code, expected in examples:
        if needed and find_spec(needed) is None:
            continue
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(code, page.name, "exec"), names)
        assert doctest.OutputChecker().check_output(expected, printed.getvalue(), doctest.ELLIPSIS), printed.getvalue()
