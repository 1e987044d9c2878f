"""What is known about a code object without running anything: whose it is, what it is called, and the expression at an
instruction (`code.co_positions()`, PEP 657)."""

from __future__ import annotations

import opcode
import os
import stat
import sys
from types import FunctionType

from visualizer.tracers.core import syntax
from visualizer.tracers.core.values import type_module, type_name

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    #: A place as (file, function, line, end line, column, end column); see trace.events.Place.
    Range = tuple[str, str, int, int, int, int]

# Flags of code objects, as in `inspect`, which is not imported into the program.
#: A generator function that is no coroutine function, nor asynchronous.
PLAIN_FLAG = 0x20
COROUTINE_FLAG = 0x80
#: A generator function that types.coroutine has made awaitable.
ITERABLE_COROUTINE_FLAG = 0x100
ASYNC_GENERATOR_FLAG = 0x200
#: A generator function, a coroutine function, or an asynchronous generator function.
GENERATOR_FLAG = PLAIN_FLAG | COROUTINE_FLAG | ASYNC_GENERATOR_FLAG
#: What a statement begins with whose head holds what is called.
_STATEMENTS = ("with ", "for ", "async with ", "async for ")
#: And a comprehension.
_BRACKETS = ("[", "{", "(")

#: What code is called that was typed, or given to the interpreter as text. Another name in such brackets was thought of
#: by who made that code, mostly a library: a wrapper around functions of the program's.
_TYPED = ("<string>", "<stdin>", "<console>", "<input>", "<doctest ", "<ipython-input", "<python-input", "<unknown>")

_HERE = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))) + os.sep
#: Where the visualizer's own code is, which runs inside the program.
_INSIDE = tuple(os.path.join(_HERE, room) + os.sep for room in ("tracers", "trace"))
_STDLIB = os.path.dirname(os.path.abspath(os.__file__)) + os.sep
_INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
_RUNTIMES = (f"gevent{os.sep}", f"greenlet{os.sep}", f"eventlet{os.sep}")
_COMPILED = tuple(f"src{os.sep}{part}" for part in _RUNTIMES)
_SCENARIOS = os.path.join(_HERE, "scenarios") + os.sep
_START_DIRECTORY = os.getcwd()
#: What the interpreter was asked to run is the program's own wherever it is installed.
_SCRIPT = os.path.join(_START_DIRECTORY, sys.argv[0]) if sys.argv and sys.argv[0] else ""


def _read(file: str) -> bytes:
    if not stat.S_ISREG(os.stat(file).st_mode):
        raise OSError("to read from it may wait, and takes from the program what it would read")
    with open(file, "rb") as stream:
        return stream.read()


#: The bytes of a regular file. Raises OSError where there is none, or it cannot be read; ValueError if its name is not
#: possible. That of the recorder in C needs no descriptor that the program could find.
read: Callable[[str], bytes] = _read
_sources: dict[str, list[bytes] | None] = {}
#: Whether files are of gevent and the like; of so many at most.
_of_runtime: dict[str, bool] = {}
_MOST_FILES = 4096


class Ownership:
    """Distinguishes the program's own code from the standard library and installed packages.

    `include` names what is to count as the program's own nevertheless: a package ("requests"), or a part of a path.
    """

    def __init__(self, include: list[str]) -> None:
        self.include = [part.strip(os.sep) for part in include]
        #: The files of runtimes that other packages bring: hooks, wherever they are installed.
        self.brought: set[str] = set()
        self._known: dict[str, bool] = {}

    def __call__(self, code: CodeType) -> bool:
        return self.owns_file(code.co_filename)

    def is_hook(self, code: CodeType) -> bool:
        """Whether it is code of ours, which runs in hooks and in the flushing thread."""
        return self.is_hook_file(code.co_filename)

    def is_hook_file(self, name: str) -> bool:
        """The same of a source file."""
        return name.startswith(_INSIDE) or name in self.brought

    def names(self, code: CodeType) -> bool:
        """Whether `include` names the file of a code object."""
        if not self.include:
            return False
        path = absolute(code.co_filename)
        return any(f"{os.sep}{part}{os.sep}" in path or f"{os.sep}{part}.py" in path for part in self.include)

    def owns_file(self, filename: str) -> bool:
        """The same for a source file."""
        known = self._known.get(filename)
        if known is None:
            known = self._known[filename] = self._judge(filename)
            if known and read is _read:
                # Now, and not in the flushing thread, while that of the program could find the descriptor.
                _lines(filename)
        return known

    def _judge(self, filename: str) -> bool:
        if filename.startswith("<") or filename in self.brought:
            return filename.startswith("<") and not filename.startswith("<frozen ")
        path = absolute(filename)
        if path != filename and (filename.endswith(".pyx") or _is_of_runtime(filename)):
            return False
        if path.startswith(_HERE):
            # Installed, the bundled scenarios lie among our own modules.
            return path.startswith(_SCENARIOS)
        if path == _SCRIPT:
            return True
        if any(f"{os.sep}{part}{os.sep}" in path or f"{os.sep}{part}.py" in path for part in self.include):
            return True
        return not path.startswith(_STDLIB) and not any(part in path for part in _INSTALLED)


def absolute(filename: str) -> str:
    """The path of a code object's file; a script's is as it was typed, relative to where the program started."""
    return filename if filename.startswith("<") else os.path.join(_START_DIRECTORY, filename)


def is_in(code: CodeType, file: str) -> bool:
    """Whether a code object's file is that of this absolute path, or of one that ends so."""
    path = os.path.normpath(absolute(code.co_filename))
    return path == file or path.endswith(os.sep + file)


def function_name(code: CodeType) -> str:
    """The qualified name as people say it: without the functions that it stands in."""
    return code.co_qualname.rpartition("<locals>.")[2]


def callable_name(function: Any) -> str | None:
    """The name of a function, method or class, without asking it: only for the interpreter's own types."""
    if type(function) is FunctionType:
        return function_name(function.__code__)
    kind = type_name(type(function))
    if kind == "partial":
        return callable_name(function.func) if type_module(type(function)) == "functools" else None
    if kind == "method":
        function = function.__func__
        kind = type_name(type(function))
    if kind == "function":
        return function_name(function.__code__)
    if kind in ("builtin_function_or_method", "cython_function_or_method"):
        return str(function.__name__)
    return None


def place(code: CodeType, offset: int) -> Range:
    """The range of the expression whose instruction stands at `offset` (a frame's f_lasti) of `code`."""
    file = absolute(code.co_filename)
    function = function_name(code)
    index = offset // 2
    if index >= 0:
        for number, (line, end_line, column, end_column) in enumerate(code.co_positions()):
            if number == index:
                if line is None:
                    head = _head_of_loop(code.co_code, offset)
                    if head >= 0:
                        return place(code, head)
                    break
                if column is None or end_column is None or end_line is None:
                    return (file, function, line, -1, -1, -1)
                return (file, function, line, end_line, column, end_column)
    return (file, function, code.co_firstlineno, -1, -1, -1)


def _head_of_loop(instructions: bytes, offset: int) -> int:
    """Where the jump at `offset` goes back to; -1 if it is none. Up to 3.12 it may have no line, where several ends of
    an `if` share it, though a loop is seen there most often: it is there that another thread may get to run."""
    if sys.version_info >= (3, 13) or instructions[offset] != opcode.opmap["JUMP_BACKWARD"]:
        return -1
    argument, shift, before = instructions[offset + 1], 8, offset - 2
    while before >= 0 and instructions[before] == opcode.EXTENDED_ARG:
        argument |= instructions[before + 1] << shift
        shift, before = shift + 8, before - 2
    return offset + 2 - 2 * argument


def segment(where: Range) -> str | None:
    """The source text of a place, of an `await` what is awaited; None where there is no file to read it from."""
    file, _, line, end_line, column, end_column = where
    lines = _lines(file)
    if lines is None or column < 0 or not 0 < line <= end_line <= len(lines):
        return None
    if line == end_line:
        part = lines[line - 1][column:end_column]
    else:
        part = b"\n".join([lines[line - 1][column:], *lines[line : end_line - 1], lines[end_line - 1][:end_column]])
    text = part.decode("utf-8", "replace").removeprefix("await ")
    return _in_head(text) or text


def _in_head(text: str) -> str | None:
    """What a `with` enters, or a `for`, also that of a comprehension, goes through: before 3.13 the compiler gives that
    the range of all of it. None of any other text."""
    if text.startswith(_STATEMENTS):
        head = next(syntax.lines_of(text), None)
        items = head.items() if head is not None else []
        found = items[0] if len(items) == 1 else None
    else:
        found = syntax.goes_through(text) if text.startswith(_BRACKETS) else None
    if found is None:
        return None
    lines = text.encode().split(b"\n")[found.lineno - 1 : found.end_lineno]
    # In this order: both may be the same line.
    lines[-1] = lines[-1][: found.end_col_offset]
    lines[0] = lines[0][found.col_offset :]
    return b"\n".join(lines).decode()


def source(file: str) -> str | None:
    """The text of a source file, None where it cannot be read."""
    lines = _lines(file)
    return b"\n".join(lines).decode("utf-8", "replace") if lines is not None else None


def _lines(file: str) -> list[bytes] | None:
    file = absolute(file)
    if file not in _sources:
        try:
            _sources[file] = read(file).splitlines()
        except (OSError, ValueError):
            _sources[file] = None
    return _sources[file]


def called(text: str) -> str | None:
    """The last name of what a call expression calls: "joinall" of "gevent.joinall(tasks)"."""
    call = syntax.expression(text)
    if type(call).__name__ != "Call":
        return None
    function = call.func
    return getattr(function, "attr", None) or getattr(function, "id", None)


def entered(code: CodeType, offset: int) -> list[Any]:
    """The expressions (syntax trees) of the `with` statements in whose blocks the instruction at `offset` stands.

    To read all of a module would take milliseconds, in which the program stands still.
    """
    file, function, number, end, column, _ = place(code, offset)
    # What surrounds a comprehension stands in another function.
    first = 1 if function.endswith(">") else code.co_firstlineno
    at = number - first + 1, max(column, 0)
    around: list[syntax.Line] = []
    text = b"\n".join((_lines(file) or [])[first - 1 : max(number, end)])
    for line in syntax.lines_of(text.decode("utf-8", "replace")):
        if line.start > at:
            break
        while around and around[-1].indent >= line.indent:
            around.pop()
        if line.colon < len(line.tokens):
            around.append(line)
    # Nothing runs in a block of the function that the function itself stands in; nor in a head what the head enters.
    while around and around[-1].is_open_at(*at):
        around.pop()
    blocks = around[next((n for n in range(len(around), 0, -1) if around[n - 1].word in (b"def", b"class")), 0) :]
    if function.endswith("<lambda>"):
        return []
    return [item for line in blocks if line.word == b"with" for item in line.items()]


def enters(code: CodeType, line: int) -> bool:
    """Whether there is a `with` above that line of `code` at all, which is quickly told."""
    lines = _lines(code.co_filename) or []
    above = lines[code.co_firstlineno - 1 : line]
    return any(written.lstrip().startswith((b"with ", b"with(", b"async with ")) for written in above)


def is_of_runtime(code: CodeType) -> bool:
    """Whether it is code of gevent, eventlet or greenlet: a wait there says nothing about what the program does."""
    filename = code.co_filename
    known = _of_runtime.get(filename)
    if known is None:
        if len(_of_runtime) >= _MOST_FILES:
            _of_runtime.clear()
        known = _of_runtime[filename] = _is_of_runtime(filename)
    return known


def _is_of_runtime(filename: str) -> bool:
    if filename.startswith(os.sep):
        return any(installed + part in filename for installed in _INSTALLED for part in _RUNTIMES)
    # A compiled module names its source as it lay where that was compiled: "src/gevent/greenlet.py".
    return filename.startswith(_COMPILED)


def is_generated(code: CodeType) -> bool:
    """Whether it was made while the program ran: who calls it says more about where the program is."""
    return code.co_filename.startswith("<") and not code.co_filename.startswith(_TYPED)


def own_frame(frame: Any, own: Callable[[CodeType], bool]) -> Any:
    """The innermost frame of the program's own code, best in a file; if there is none, of a library's; None if all are
    a runtime's."""
    generated = library = None
    while frame is not None:
        if own(frame.f_code):
            if not is_generated(frame.f_code):
                return frame
            generated = generated or frame
        elif library is None and not is_of_runtime(frame.f_code):
            library = frame
        frame = frame.f_back
    return generated or library


def place_of(frame: Any, own: Callable[[CodeType], bool]) -> tuple[CodeType | None, int]:
    """Code and instruction of `own_frame`; (None, 0) if there is none."""
    found = own_frame(frame, own)
    return (found.f_code, found.f_lasti) if found is not None else (None, 0)
