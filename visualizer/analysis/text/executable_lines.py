"""Which lines of a source file have code on them, and so can be run at all. The text is compiled, and never run."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from functools import lru_cache
from types import CodeType


@lru_cache(maxsize=8)
def code_lines(text: str) -> tuple[int, ...]:
    """The numbers of those lines, in order; none where the text is none of this interpreter's Python.

    A docstring has none: nothing happens there that anybody waits for.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
            for node in ast.walk(tree):
                _drop_docstring(node)
            code = compile(tree, "<source>", "exec", dont_inherit=True)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ()
    return tuple(sorted({line for one in _within(code) for _, _, line in one.co_lines() if line}))


def _drop_docstring(node: ast.AST) -> None:
    if not isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        return
    # Nothing else may be there: an empty body cannot be compiled.
    if ast.get_docstring(node, clean=False) is not None and len(node.body) > 1:
        del node.body[0]


def _within(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _within(constant)
