"""A parser of as much of Python's expressions as can be worked out again without running anything.

The interpreter's own (`compile` to a syntax tree) is no choice inside of a program: it warns of what it finds, which
runs code of the program's and prints, and up to 3.12.1 two of them at a time, in threads or one in the other, fail.

What it makes is called as in the `ast` module: Name, Attribute, Subscript, Call, Constant, Tuple, List, BinOp, Starred.
Anything else is Other.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Iterator
    from typing import Any

_OPENING, _CLOSING = (b"(", b"[", b"{"), (b")", b"]", b"}")
_OPERATORS = (
    b"**=", b"//=", b">>=", b"<<=", b"...", b"**", b"//", b">>", b"<<", b":=", b"->", b"==", b"!=", b"<=", b">=",
)
#: Weakest first; those of one row are worked out from left to right.
_BINARY = ((b"|",), (b"^",), (b"&",), (b"<<", b">>"), (b"+", b"-"), (b"*", b"/", b"//", b"%", b"@"))
_NAMES = {b"+": "Add", b"-": "Sub", b"*": "Mult", b"%": "Mod"}
_CONSTANTS = {b"None": None, b"True": True, b"False": False, b"...": ...}
#: An expression with one of these outside of brackets is none of ours; nor can its commas be told from others.
_WORDS = frozenset((
    b"if", b"else", b"lambda", b"and", b"or", b"not", b"in", b"is", b"await", b"yield", b"for", b"async", b"from",
    b"as", b":=", b"~", b"==", b"!=", b"<=", b">=", b"<", b">", b":", b"=", b"**",
))
_KEYWORDS = _WORDS | {b"import", b"class", b"def", b"with", b"try", b"while", b"return", b"raise", b"assert", b"del"}
_DEEPEST = 50


class Token:
    """A word of the source: `kind` is "name", "number", "string", "newline" or "operator"; columns are in bytes."""

    __slots__ = ("column", "end_column", "end_line", "kind", "line", "text")

    def __init__(self, kind: str, text: bytes, line: int, column: int, end_line: int, end_column: int) -> None:
        self.kind = kind
        self.text = text
        self.line, self.column, self.end_line, self.end_column = line, column, end_line, end_column


class Node:
    """An expression, from its first token to its last."""

    def __init__(self, tokens: list[Token], **fields: Any) -> None:
        self.lineno, self.col_offset = tokens[0].line, tokens[0].column
        self.end_lineno, self.end_col_offset = tokens[-1].end_line, tokens[-1].end_column
        self.__dict__.update(fields)


def _kinds(*names: str) -> list[type[Node]]:
    return [type(name, (Node,), {}) for name in names]


Name, Attribute, Subscript, Call, Constant, Tuple, List, BinOp, Starred, Other, Keyword = _kinds(
    "Name", "Attribute", "Subscript", "Call", "Constant", "Tuple", "List", "BinOp", "Starred", "Other", "Keyword"
)


class Unreadable(ValueError):
    """It is no Python, or more of it than this parser knows."""


def expression(text: str) -> Any:
    """The tree of an expression, None if it cannot be read. Lines count from 1, columns from 0, in bytes."""
    try:
        return _expression([token for token in tokens_of(text) if token.kind != "newline"], 0)
    except Unreadable:
        return None


def goes_through(text: str) -> Any:
    """What a comprehension with one `for` goes through; None of any other text."""
    try:
        tokens = [token for token in tokens_of(text) if token.kind != "newline"]
        if not tokens or not _is(tokens[0], *_OPENING) or _end_of(tokens, 0) != len(tokens) - 1:
            return None
        inside = tokens[1:-1]
        loops = [at for at in _outside(inside) if _is(inside[at], b"for")]
        if len(loops) != 1:
            return None
        head = inside[loops[0] + 1 :]
        behind = head[_find(head, b"in") + 1 :]
        return _expression(behind[: _find(behind, b"if")], 0)
    except Unreadable:
        return None


class Line:
    """A logical line: a statement without its block, or several with semicolons between."""

    __slots__ = ("colon", "end", "indent", "start", "tokens")

    def __init__(self, tokens: list[Token]) -> None:
        self.tokens = tokens
        first, last = tokens[0], tokens[-1]
        self.indent = first.column
        self.start, self.end = (first.line, first.column), (last.end_line, last.end_column)
        #: Where what follows is its block, behind the last token if it has none.
        self.colon = _find(tokens, b":")

    @property
    def word(self) -> bytes:
        """What the statement begins with, `async` apart."""
        first = self.tokens[0].text
        return self.tokens[1].text if first == b"async" and len(self.tokens) > 1 else first

    def is_open_at(self, line: int, column: int) -> bool:
        """Whether that stands in this line, in front of what its colon opens."""
        last = self.tokens[self.colon]
        return (line, column) < (last.line, last.column)

    def items(self) -> list[Any]:
        """The expressions that a `with` enters, or the one that a `for` goes through, as far as they can be read."""
        try:
            return self._items()
        except Unreadable:
            return []

    def _items(self) -> list[Any]:
        head = self.tokens[1 + (self.tokens[0].text == b"async") : self.colon]
        if self.word == b"for":
            return [_expression(head[_find(head, b"in") + 1 :], 0)] if _find(head, b"in") < len(head) else []
        if self.word != b"with" or not head:
            return []
        parts = _split(head)
        if len(parts) == 1 and head[0].text == b"(" and _end_of(head, 0) == len(head) - 1:
            parts = _split(head[1:-1])
        return [_expression(part[: _find(part, b"as")], 0) for part in parts if part]


def lines_of(text: str) -> Iterator[Line]:
    """The logical lines of a source text, as far as it can be read; it is read as far as they are asked for."""
    tokens = list[Token]()
    try:
        for token in tokens_of(text):
            if token.kind != "newline":
                tokens.append(token)
            elif tokens:
                yield Line(tokens)
                tokens = []
    except Unreadable:
        return
    if tokens:
        yield Line(tokens)


def tokens_of(text: str, comments: dict[int, str] | None = None) -> Iterator[Token]:
    """The tokens of a source text, which is read as far as they are asked for. Comments are left out: they are put into
    `comments`, by their lines. Raise Unreadable."""
    source = text.encode("utf-8", "replace")
    at, line, begins, depth, size = 0, 1, 0, 0, len(source)
    while at < size:
        start, character = at, source[at : at + 1]
        kind, end_line, end_begins = "operator", line, begins
        if character in b" \t\f\r" or source.startswith(b"\\\n", at):
            at += 1 if character != b"\\" else 2
            line, begins = (line + 1, at) if character == b"\\" else (line, begins)
            continue
        if character == b"#":
            end = source.find(b"\n", at)
            at = size if end < 0 else end
            if comments is not None:
                comments[line] = source[start:at].decode("utf-8", "replace")
            continue
        if character == b"\n":
            at += 1
            if not depth:
                yield Token("newline", b"", line, start - begins, line, start - begins)
            line, begins = line + 1, at
            continue
        if character.isdigit() or (character == b"." and source[at + 1 : at + 2].isdigit()):
            kind = "number"
            while at < size and (_is_of_name(source[at]) or source[at] == 46 or _is_exponent(source, start, at)):
                at += 1
        elif _is_of_name(source[at]):
            kind = "name"
            while at < size and _is_of_name(source[at]):
                at += 1
        if source[at : at + 1] in (b'"', b"'") and (at == start or (kind == "name" and _is_prefix(source[start:at]))):
            kind, at = "string", _after_string(source, at)
            lines = source.count(b"\n", start, at)
            if lines:
                end_line, end_begins = line + lines, source.rindex(b"\n", start, at) + 1
        elif kind == "operator":
            at += next((len(one) for one in _OPERATORS if source.startswith(one, at)), 1)
            depth += (character in _OPENING) - (character in _CLOSING)
            if depth < 0:
                raise Unreadable
        yield Token(kind, source[start:at], line, start - begins, end_line, at - end_begins)
        line, begins = end_line, end_begins
    if depth:
        raise Unreadable


def _is_of_name(byte: int) -> bool:
    return byte == 95 or byte >= 128 or 48 <= byte <= 57 or 65 <= byte <= 90 or 97 <= byte <= 122


def _is_exponent(source: bytes, start: int, at: int) -> bool:
    before = source[at - 1 : at]
    return source[at : at + 1] in (b"+", b"-") and before in (b"e", b"E") and source[start : start + 2].lower() != b"0x"


def _is_prefix(word: bytes) -> bool:
    return len(word) <= 2 and not word.lower().strip(b"rbuft")


def _after_string(source: bytes, at: int) -> int:
    """The end of a string of which the quotes begin at `at`."""
    quotes = source[at : at + 1] * (3 if source.startswith(source[at : at + 1] * 3, at) else 1)
    at += len(quotes)
    while not source.startswith(quotes, at):
        if at >= len(source) or (len(quotes) == 1 and source[at] == 10):
            raise Unreadable
        at += 2 if source[at] == 92 else 1
    return at + len(quotes)


def _end_of(tokens: list[Token], at: int) -> int:
    """Where the bracket closes that opens at `at`."""
    depth = 0
    for number in range(at, len(tokens)):
        if tokens[number].kind == "operator":
            depth += (tokens[number].text in _OPENING) - (tokens[number].text in _CLOSING)
        if not depth:
            return number
    raise Unreadable


def _outside(tokens: list[Token]) -> list[int]:
    """Where the tokens stand that are in no brackets, an opening bracket for all in it."""
    found, at = [], 0
    while at < len(tokens):
        found.append(at)
        at = _end_of(tokens, at) + 1 if _is(tokens[at], *_OPENING) else at + 1
    return found


def _is(token: Token, *texts: bytes) -> bool:
    return token.kind in ("operator", "name") and token.text in texts


def _find(tokens: list[Token], text: bytes) -> int:
    """Where `text` first stands outside of brackets; behind the last if nowhere."""
    lambdas = 0
    for at in _outside(tokens):
        lambdas += _is(tokens[at], b"lambda")
        if _is(tokens[at], text):
            if text != b":" or not lambdas:
                return at
            lambdas -= 1
    return len(tokens)


def _split(tokens: list[Token]) -> list[list[Token]]:
    """The parts between commas; the last one is empty behind a comma at the end."""
    commas = [at for at in _outside(tokens) if _is(tokens[at], b",")]
    if commas and any(_is(tokens[at], b"lambda", b"for") for at in _outside(tokens)):
        raise Unreadable
    starts = [0, *(at + 1 for at in commas)]
    return [tokens[start:end] for start, end in zip(starts, [*commas, len(tokens)], strict=True)]


def _expression(tokens: list[Token], depth: int) -> Any:
    if not tokens or depth > _DEEPEST:
        raise Unreadable
    parts = _split(tokens)
    if len(parts) > 1:
        return _several(Tuple, tokens, parts, depth)
    outside = _outside(tokens)
    if any(_is(tokens[at], *_WORDS) for at in outside):
        return Other(tokens)
    for row in _BINARY:
        for at in reversed(outside):
            if at and _is(tokens[at], *row) and not _is(tokens[at - 1], *_NAMES, b"/", b"//", b"@"):
                left, right = _expression(tokens[:at], depth + 1), _expression(tokens[at + 1 :], depth + 1)
                operator = type(_NAMES.get(tokens[at].text, "Other"), (), {})()
                return BinOp(tokens, left=left, op=operator, right=right)
    return _primary(tokens, depth)


def _several(kind: type[Node], tokens: list[Token], parts: list[list[Token]], depth: int) -> Node:
    if not parts[-1]:
        parts.pop()
    return kind(tokens, elts=[_argument(part, depth) for part in parts])


def _argument(tokens: list[Token], depth: int) -> Any:
    """An element or an argument: `*more` is Starred, `name=value` and `**more` are a Keyword."""
    if not tokens:
        raise Unreadable
    if _is(tokens[0], b"**"):
        return Keyword(tokens, arg=None, value=_expression(tokens[1:], depth + 1))
    if _is(tokens[0], b"*"):
        return Starred(tokens, value=_expression(tokens[1:], depth + 1))
    if len(tokens) > 2 and tokens[0].kind == "name" and _is(tokens[1], b"="):
        return Keyword(tokens, arg=tokens[0].text.decode(), value=_expression(tokens[2:], depth + 1))
    return _expression(tokens, depth + 1)


def _primary(tokens: list[Token], depth: int) -> Any:
    """An atom, with attributes, calls and subscripts behind it."""
    node, at = _atom(tokens, depth)
    while at < len(tokens):
        token = tokens[at]
        if _is(token, b".") and at + 1 < len(tokens) and tokens[at + 1].kind == "name":
            node = Attribute(tokens[: at + 2], value=node, attr=tokens[at + 1].text.decode())
            at += 2
            continue
        if not _is(token, b"(", b"["):
            raise Unreadable
        end = _end_of(tokens, at)
        inside = tokens[at + 1 : end]
        if token.text == b"[":
            is_slice = any(_is(inside[one], b":") for one in _outside(inside))
            index = Other(inside) if is_slice else _expression(inside, depth + 1)
            node = Subscript(tokens[: end + 1], value=node, slice=index)
        else:
            node = _call(tokens[: end + 1], node, inside, depth)
        at = end + 1
    return node


def _call(tokens: list[Token], function: Any, inside: list[Token], depth: int) -> Node:
    parts = _split(inside) if inside else []
    if parts and not parts[-1]:
        parts.pop()
    arguments = [_argument(part, depth) for part in parts]
    keywords = [one for one in arguments if type(one) is Keyword]
    return Call(tokens, func=function, args=[one for one in arguments if type(one) is not Keyword], keywords=keywords)


def _atom(tokens: list[Token], depth: int) -> tuple[Any, int]:
    """The first atom, and where it ends."""
    first = tokens[0]
    if first.kind == "string":
        end = next((at for at, token in enumerate(tokens) if token.kind != "string"), len(tokens))
        return _string(tokens[:end]), end
    if first.kind == "number":
        return _number(first), 1
    if first.text in _CONSTANTS:
        return Constant(tokens[:1], value=_CONSTANTS[first.text]), 1
    if first.kind == "name" and first.text not in _KEYWORDS:
        return Name(tokens[:1], id=first.text.decode()), 1
    if not _is(first, *_OPENING):
        # A sign in front of something.
        return Other(tokens), len(tokens)
    end = _end_of(tokens, 0)
    inside, whole = tokens[1:end], tokens[: end + 1]
    if first.text == b"{" or any(_is(inside[at], b"for") for at in _outside(inside)):
        return Other(whole), end + 1
    if first.text == b"[" or not inside:
        return _several(List if first.text == b"[" else Tuple, whole, _split(inside), depth), end + 1
    parts = _split(inside)
    return (_several(Tuple, whole, parts, depth) if len(parts) > 1 else _expression(inside, depth + 1)), end + 1


def _number(token: Token) -> Node:
    text = token.text.decode().replace("_", "")
    for kind in (lambda: int(text, 0), lambda: float(text)):
        try:
            return Constant([token], value=kind())
        except ValueError:
            continue
    return Other([token])


def _string(tokens: list[Token]) -> Node:
    """Of a text without escapes its value is known."""
    values: list[Any] = []
    for token in tokens:
        prefix = token.text[: min(token.text.find(quote) % (len(token.text) + 1) for quote in (b'"', b"'"))]
        body = token.text[len(prefix) :]
        quotes = 3 if body[:3] in (b'"""', b"'''") and len(body) >= 6 else 1
        body = body[quotes:-quotes]
        if (b"\\" in body and b"r" not in prefix.lower()) or prefix.lower().strip(b"rbu") or b"\r" in body:
            return Other(tokens)
        values.append(body if b"b" in prefix.lower() else body.decode())
    if any(type(value) is not type(values[0]) for value in values):
        return Other(tokens)
    return Constant(tokens, value=type(values[0])().join(values))
