"""Marks that the program sets itself: by `visualizer.mark(text)`, and by comments, `# visualizer: text`.

A comment marks the moment at which the line that it ends is about to run, each time; that of a `with`, `for` or `while`
where the statement begins, and not for each turn, or where it is left. Lines are seen by
`sys.monitoring`, only in functions that have such a comment; on Python 3.11 by a trace function (`sys.settrace`), which
costs every call of the program's and gives way to one of its own. Both only if that is asked for.
"""

from __future__ import annotations

import sys

from visualizer.tracers.core import code as code_objects
from visualizer.tracers.core import lines, syntax
from visualizer.tracers.core.context import Context
from visualizer.tracers.core.values import show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType, ModuleType
    from typing import Any

#: What such a comment begins with.
_SIGN = "# visualizer:"
#: At most so many are kept, each with so many characters; how many more there were is counted.
MOST, LONGEST = 10_000, 400
_TOOL_IDS = (5, 4, 3)
_HEADS = frozenset((b"with", b"for", b"while", b"async"))


class Marks:
    """What `Runtime` says, for the marks of one program. `comments`: whether those mark, too."""

    name = "marks"
    modules: tuple[str, ...] = ("visualizer",)

    def __init__(self, context: Context, comments: bool) -> None:
        self._context = context
        self._comments = comments
        self._count = 0
        #: By file, the text of each line's comment; and those lines of them at which a statement with a block begins.
        self._of_file: dict[str, dict[int, str]] = {}
        self._heads: set[tuple[str, int]] = set()
        self._module: Any = None
        self._watch: _Lines | None = None

    def install(self) -> str:
        told = "on when visualizer is imported: visualizer.mark"
        if self._comments:
            self._watch = _WATCH(self.of, self._on_line)
            told += f"; comments: {self._watch.install()}"
            self._context.imports.in_threads(self.name, self._watch.in_thread)
        return told

    def imported(self, name: str, module: ModuleType) -> None:
        if "_record_mark" in module.__dict__:
            self._module = module
            module.__dict__["_record_mark"] = self._on_call

    def remove(self) -> None:
        if self._module is not None:
            self._module.__dict__["_record_mark"] = None
        if self._watch is not None:
            self._watch.remove()

    def finish(self, t_ns: int) -> None:
        if self._count > MOST:
            self._context.stream.extend((lines.dropped, t_ns, "marks", self._count - MOST, None, None, 0))
        if self._watch is not None and not self._watch.is_on:
            self._context.note(
                "The program has set a trace function of its own: comments behind that moment have marked nothing."
            )

    def of(self, code: CodeType) -> dict[int, str]:
        """The lines of the program's own file in which that code stands that have such a comment, with its text."""
        file = code.co_filename
        known = self._of_file.get(file)
        if known is None:
            known = self._of_file[file] = self._marked(file) if self._context.own(code) else {}
        return known

    def _marked(self, file: str) -> dict[int, str]:
        source = code_objects.source(code_objects.absolute(file))
        if source is None or _SIGN not in source:
            return {}
        comments: dict[int, str] = {}
        try:
            tokens = list(syntax.tokens_of(source, comments))
        except syntax.Unreadable:
            return {}
        first: dict[int, bytes] = {}
        for token in tokens:
            first.setdefault(token.line, token.text)
        found = {line: text.removeprefix(_SIGN).strip() for line, text in comments.items() if text.startswith(_SIGN)}
        self._heads.update((file, line) for line in found if first.get(line) in _HEADS)
        return found

    def _on_call(self, text: Any, frame: Any) -> None:
        try:
            self._store(text if type(text) is str else show(text), frame)
        except Exception as error:
            self._context.fail(self.name, error)

    def _on_line(self, text: str, line: int, frame: Any) -> bool:
        """Return whether the line may mark here again."""
        try:
            code = frame.f_code
            if (code.co_filename, line) in self._heads and frame.f_lasti != _begin(code, line):
                return False
            self._store(text, frame)
        except Exception as error:
            self._context.fail(self.name, error)
        return True

    def _store(self, text: str, frame: Any) -> None:
        context = self._context
        if context.is_over:
            return
        self._count += 1
        if self._count <= MOST:
            generators = context.running_in(frame)
            track = generators[-1] if generators else context.current()
            text = text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"
            context.stream.store(lines.mark, context.now(), track, text, None, frame.f_code, frame.f_lasti)


def _begin(code: CodeType, line: int) -> int:
    """Offset of the first instruction of that line."""
    return min((start for start, _, number in code.co_lines() if number == line), default=-1)


class _Lines:
    """Has `mark` called with the text, the number and the frame of a line that is about to run and has a text in `of`.
    """

    def __init__(self, of: Callable[[CodeType], dict[int, str]], mark: Callable[[str, int, Any], bool]) -> None:
        self._of = of
        self._mark = mark

    def install(self) -> str:
        """Begin. Return how the lines are watched, or why they are not."""
        raise NotImplementedError

    def in_thread(self) -> None:
        """Begin in this thread, which `threading` has begun."""

    def remove(self) -> None:
        raise NotImplementedError

    @property
    def is_on(self) -> bool:
        """Whether nobody has put something else in its place."""
        raise NotImplementedError


class _TracedLines(_Lines):
    """By a trace function."""

    def install(self) -> str:
        if sys.gettrace() is not None:
            return "refused: there is a trace function"
        sys.settrace(self._on_call)
        return "sys.settrace"

    def in_thread(self) -> None:
        if sys.gettrace() is None:
            sys.settrace(self._on_call)

    def remove(self) -> None:
        if self.is_on:
            sys.settrace(None)

    @property
    def is_on(self) -> bool:
        # Each access makes another bound method.
        return sys.gettrace() == self._on_call

    def _on_call(self, frame: Any, event: str, arg: Any) -> Any:
        return self._on_event if self._of(frame.f_code) else None

    def _on_event(self, frame: Any, event: str, arg: Any) -> Any:
        text = self._of(frame.f_code).get(frame.f_lineno) if event == "line" else None
        if text is not None:
            self._mark(text, frame.f_lineno, frame)
        return self._on_event


_WATCH: type[_Lines] = _TracedLines
if sys.version_info >= (3, 12):
    _monitoring = sys.monitoring
    _events = _monitoring.events

    class _MonitoredLines(_Lines):
        _tool: int | None = None

        def __init__(self, *hooks: Any) -> None:
            super().__init__(*hooks)
            #: Ids of the frames that jump back to such a line.
            self._back: set[int] = set()

        def install(self) -> str:
            self._tool = next((number for number in _TOOL_IDS if _monitoring.get_tool(number) is None), None)
            if self._tool is None:
                return "refused: no tool id of sys.monitoring is left"
            _monitoring.use_tool_id(self._tool, "visualizer: marks")
            _monitoring.register_callback(self._tool, _events.PY_START, self._on_start)
            _monitoring.register_callback(self._tool, _events.LINE, self._on_line)
            _monitoring.register_callback(self._tool, _events.JUMP, self._on_jump)
            _monitoring.set_events(self._tool, _events.PY_START)
            return "sys.monitoring"

        def remove(self) -> None:
            if self._tool is not None:
                _monitoring.set_events(self._tool, 0)
                for event in (_events.PY_START, _events.LINE, _events.JUMP):
                    _monitoring.register_callback(self._tool, event, None)
                _monitoring.free_tool_id(self._tool)
                self._tool = None

        @property
        def is_on(self) -> bool:
            return True

        def _on_start(self, code: CodeType, offset: int) -> Any:
            marked = self._of(code)
            if marked and self._tool is not None and any(line in marked for _, _, line in code.co_lines()):
                _monitoring.set_local_events(self._tool, code, _events.LINE | _events.JUMP)
            return _monitoring.DISABLE

        def _on_jump(self, code: CodeType, offset: int, target: int) -> Any:
            """From 3.14 on, each turn of a `while` begins where the statement does."""
            if target < offset and any(_begin(code, line) == target for line in self._of(code)):
                self._back.add(id(sys._getframe(1)))
                return None
            return _monitoring.DISABLE

        def _on_line(self, code: CodeType, line: int) -> Any:
            text = self._of(code).get(line)
            if self._back and id(sys._getframe(1)) in self._back:
                self._back.discard(id(sys._getframe(1)))
                return None
            is_here = text is not None and self._mark(text, line, sys._getframe(1))
            return None if is_here else _monitoring.DISABLE

    _WATCH = _MonitoredLines
