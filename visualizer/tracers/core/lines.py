"""The lines of a trace file, made at the flush: one function for each kind of event.

Each takes the stream, the time, the two integers or words that the hook stored, the value that crossed, and the code
object and instruction offset of the place (all six as in `Stream.extend`). FORMAT.md describes the fields.
"""

from __future__ import annotations

from visualizer.trace.words import NOBODY, NOTHING, OWNS, SUBJECT, YIELD
from visualizer.tracers.core.string_table import Interning, quote
from visualizer.tracers.core.values import show

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.sockets import Endpoint

    #: Reason if known, time limit, which thing (words.SUBJECT: the row says which), and which end of which connection.
    InCall = tuple[str | None, int, str | int, Endpoint | None]

    #: Of one that is sent or received: inode of the end, when that began, size in bytes, checksum.
    Message = tuple[int, int, int, int]

#: A value slot that holds this crossed no value, or none that could be observed.
NO_VALUE = object()

_REASONS = {"join": "join", "joinall": "join", "sleep": "sleep"}


def value_id(stream: Interning, value: Any) -> int:
    """The id of the text of a value that crossed; NOTHING of none."""
    return NOTHING if value is NO_VALUE else stream.text(show(value))


def spawn(
    s: Interning, t: int, track: int, about: tuple[str, str, int, int], _: Any, code: CodeType | None, at: int
) -> str:
    kind, name, parent, creator = about
    return f'["spawn",{t},{track},"{kind}",{s.text(name)},{parent},{creator},{s.place(code, at)}]\n'


def fork(_s: Interning, t: int, _a: Any, _b: Any, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["fork",{t}]\n'


def process(
    _s: Interning, t: int, track: int, about: tuple[int, int, int, str], _v: Any, _c: CodeType | None, _o: int
) -> str:
    pid, parent, forked_by, command = about
    return f'["process",{t},{track},{pid},{parent},{forked_by}{f",{quote(command)}" if command else ""}]\n'


def started(
    s: Interning, t: int, by: int, about: tuple[int, str], _v: Any, code: CodeType | None, at: int
) -> str:
    pid, how = about
    return f'["started",{t},{by},{pid},"{how}",{s.place(code, at)}]\n'


def ended(_s: Interning, t: int, pid: int, about: tuple[int, int], _v: Any, _c: CodeType | None, _o: int) -> str:
    code, signal = about
    return f'["ended",{t},{pid},{code},{signal}]\n'


def pair(_s: Interning, t: int, one: int, other: int, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["pair",{t},{one},{other}]\n'


def sent(s: Interning, t: int, track: int, about: Message, content: Any, _c: CodeType | None, _o: int) -> str:
    return _message(s, "sent", t, track, about, content)


def received(s: Interning, t: int, track: int, about: Message, content: Any, _c: CodeType | None, _o: int) -> str:
    return _message(s, "received", t, track, about, content)


def _message(s: Interning, word: str, t: int, track: int, about: Message, content: Any) -> str:
    channel, began_ns, size, check = about
    text = None if content is NO_VALUE else content.text()
    value = NOTHING if text is None else s.text(text)
    return f'["{word}",{t},{track},{channel},{began_ns - s.start_ns},{size},{check},{value}]\n'


def born(s: Interning, t: int, track: int, about: Any, _: Any, code: CodeType | None, at: int) -> str:
    """The spawn of a thread, which is never a row: it says where what follows happens."""
    return spawn(s, t, track, about, None, code, at)


def copy(_s: Interning, t: int, track: int, of: int, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["copy",{t},{track},{of}]\n'


def name(s: Interning, t: int, track: int, text: str, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["name",{t},{track},{s.text(text)}]\n'


def serves(
    s: Interning, t: int, track: int, what: str | None, ends: tuple[str, str], _c: CodeType | None, _o: int
) -> str:
    local, peer = ends
    between = f",{s.text(local)},{s.text(peer)}" if local and peer else ""
    return f'["serves",{t},{track},{NOTHING if what is None else s.text(what)}{between}]\n'


def mark(s: Interning, t: int, track: int, text: str, _v: Any, code: CodeType | None, at: int) -> str:
    return f'["mark",{t},{track},{s.text(text)},{s.place(code, at)}]\n'


def resume(s: Interning, t: int, track: int, cause: str, value: Any, code: CodeType | None, at: int) -> str:
    return f'["resume",{t},{track},"{cause}",{value_id(s, value)},{s.place(code, at)}]\n'


def yielded(s: Interning, t: int, track: int, cause: str, value: Any, code: CodeType | None, at: int) -> str:
    other = "" if cause is YIELD else f',"{cause}"'
    return f'["yield",{t},{track},{value_id(s, value)},{s.place(code, at)}{other}]\n'


def switch(s: Interning, t: int, origin: int, target: int, value: Any, code: CodeType | None, at: int) -> str:
    return f'["switch",{t},{origin},{target},"switch",{value_id(s, value)},{s.place(code, at)}]\n'


def throw(s: Interning, t: int, origin: int, target: int, value: Any, code: CodeType | None, at: int) -> str:
    return f'["switch",{t},{origin},{target},"throw",{value_id(s, value)},{s.place(code, at)}]\n'


def wait(s: Interning, t: int, track: int, about: tuple[str, str, int], _: Any, _c: CodeType | None, _o: int) -> str:
    reason, on, asked_ns = about
    return f'["wait",{t},{track},"{reason}",{s.text(on)},{asked_ns}]\n'


def wait_in_call(
    s: Interning, t: int, track: int, about: InCall, text: str | None, code: CodeType | None, at: int
) -> str:
    """A wait in an expression: where the reason is not known, it is the name of what the expression calls.

    `text`: what is called, where there is no expression.
    """
    known, limit_ns, thing, endpoint = about
    call, on = s.call(code, at) if text is None else ("", s.text(text))
    reason = quote(known or _REASONS.get(call, call) or "unknown")
    return f'["wait",{t},{track},{reason},{on},{limit_ns}{_end(s, thing, endpoint)}]\n'


def _end(s: Interning, thing: str | int, endpoint: Endpoint | None) -> str:
    """The last fields of a wait: object, fd, direction, local and peer address. Left out where none is known."""
    text = thing if type(thing) is int else s.text(str(thing)) if thing else NOTHING
    if endpoint is None:
        return f",{text}" if thing else ""
    fd, direction, local, peer = endpoint
    ends = ",".join(str(s.text(address) if address else NOTHING) for address in (local, peer))
    return f',{text},{fd},"{direction}",{ends}'


def text(_s: Interning, _t: int, number: int, said: str, _v: Any, _c: CodeType | None, _o: int) -> str:
    """A text whose number a hook has taken."""
    return f'["text",{number},{quote(said)}]\n'


def tie(s: Interning, t: int, track: int, relation: str, thing: str, _c: CodeType | None, _o: int) -> str:
    return f'["tie",{t},{track},"{relation}",{s.text(thing)}]\n'


def has(
    s: Interning, t: int, track: int, lock: str, since_ns: int | None, code: CodeType | None, at: int
) -> str:
    """Who has a lock of multiprocessing's."""
    since = since_ns - s.start_ns if since_ns is not None else NOTHING
    return f'["tie",{t},{track},"{OWNS}",{s.text(lock)},{since},{s.place(code, at)}]\n'


def takes(s: Interning, t: int, track: int, thing: str, held: tuple[str, ...], code: CodeType | None, at: int) -> str:
    return f'["takes",{t},{track},{s.text(thing)},{s.text(", ".join(held))},{s.place(code, at)}]\n'


def gives(s: Interning, t: int, track: int, lock: str, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["gives",{t},{track},{s.text(lock)}]\n'


def gets(
    s: Interning, t: int, track: int, lock: str, about: tuple[int, bool, int], _c: CodeType | None, _o: int
) -> str:
    since_ns, is_lock, by = about
    told = f",{by}" if by != NOBODY else ""
    return f'["gets",{t},{track},{s.text(lock)},{since_ns - s.start_ns},{int(is_lock)}{told}]\n'


def size(
    s: Interning, t: int, track: int, about: tuple[str, int, str], count: int, code: CodeType | None, at: int
) -> str:
    thing, taken, on = about
    named = f",{s.text(on)},{s.place(code, at)}" if code is not None else ""
    return f'["size",{t},{track},{s.text(thing)},{count},{taken}{named}]\n'


def wake(_s: Interning, t: int, track: int, about: tuple[int, str], _v: Any, _c: CodeType | None, _o: int) -> str:
    waker, cause = about
    return f'["wake",{t},{track},{waker},"{cause}"]\n'


def unready(_s: Interning, t: int, track: int, _b: Any, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["unready",{t},{track}]\n'


def exited(
    s: Interning, t: int, track: int, about: tuple[str, str | None], value: Any, _c: CodeType | None, _o: int
) -> str:
    outcome, inferred = about
    why = NOTHING if inferred is None else s.text(inferred)
    return f'["exit",{t},{track},"{outcome}",{value_id(s, value)},{why}]\n'


def thread_exited(
    s: Interning, t: int, track: int, about: tuple[str, str | None], value: Any, code: CodeType | None, at: int
) -> str:
    """The exit of a thread, which is never a row: a process ends with its main thread."""
    return exited(s, t, track, about, value, code, at)


def inferred(s: Interning, t: int, track: int, text: str, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["inferred",{t},{track},{s.text(text)}]\n'


def park(s: Interning, t: int, track: int, _b: Any, _v: Any, code: CodeType | None, at: int) -> str:
    return f'["park",{t},{track},{s.place(code, at)}]\n'


def unpark(_s: Interning, t: int, track: int, _b: Any, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["unpark",{t},{track}]\n'


def poll(_s: Interning, t: int, track: int, polling: int, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["poll",{t},{track},{polling}]\n'


def idle(_s: Interning, t: int, track: int, is_idle: int, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["idle",{t},{track},{is_idle}]\n'


def delayed(
    s: Interning, t: int, track: int, about: tuple[int, int, int], spent_ns: tuple[int, int, int], _c: CodeType | None,
    _o: int
) -> str:  # fmt: skip
    by, *when_ns = about
    since_ns, until_ns = (max(0, t_ns - s.start_ns) for t_ns in when_ns)
    length_ns, used_ns, behind_ns = spent_ns
    return f'["delayed",{t},{track},{by},{since_ns},{until_ns},{length_ns},{used_ns},{behind_ns}]\n'


def sample(
    s: Interning, t: int, track: int, count: int, called: tuple[CodeType, int] | None, code: CodeType | None, at: int
) -> str:
    caller = f",{s.place(*called)}" if called is not None else ""
    return f'["sample",{t},{track},{s.place(code, at)},{count}{caller}]\n'


def output(_s: Interning, t: int, stream_name: str, text: str, cut: int, _c: CodeType | None, _o: int) -> str:
    return f'["output",{t},"{stream_name}",{quote(text)},{cut}]\n'


def note(_s: Interning, t: int, text: str, unsupported: str, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["note",{t},{quote(text)}{f",{quote(unsupported)}" if unsupported else ""}]\n'


def held(_s: Interning, t: int, held_ns: int, _b: Any, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["held",{t},{held_ns}]\n'


def continued(_s: Interning, t: int, held_ns: int, _b: Any, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["continued",{t},{held_ns}]\n'


def dropped(_s: Interning, t: int, what: str, count: int, _v: Any, _c: CodeType | None, _o: int) -> str:
    return f'["dropped",{t},{quote(what)},{count}]\n'


def refused(
    s: Interning, t: int, by: int, track: int, about: tuple[Any, Any], code: CodeType | None, at: int
) -> str:
    error, sent = about
    value = "" if sent is NO_VALUE else f",{quote(show(sent))}"
    return f'["refused",{t},{by},{track},{quote(show(error))},{s.place(code, at)}{value}]\n'


def cancel(s: Interning, t: int, by: int, track: int, about: tuple[str, str], code: CodeType | None, at: int) -> str:
    message, cause = about
    more = f",{quote(cause)}" if cause else ""
    return f'["cancel",{t},{by},{track},{quote(message)},{s.place(code, at)}{more}]\n'


def struck(s: Interning, t: int, track: int, asked_ns: int, _v: Any, code: CodeType | None, at: int) -> str:
    return f'["struck",{t},{track},{asked_ns},{s.place(code, at)}]\n'


def unasked(
    s: Interning, t: int, track: int, about: tuple[int, str], error: Any, code: CodeType | None, at: int
) -> str:
    raised_ns, raised_at = about
    raised = f"{raised_ns - s.start_ns},{quote(show(error))},{quote(raised_at)}"
    return f'["unasked",{t},{track},{raised},{s.place(code, at)}]\n'


def uncaught(s: Interning, t: int, exception: str, message: str, _v: Any, code: CodeType | None, at: int) -> str:
    return f'["uncaught",{t},{quote(exception)},{quote(message)},{s.place(code, at)}]\n'


#: Events that are told as rows where all comes again but a track, and a text, if any, in `value`.
REPEATED = frozenset((resume, yielded, spawn, exited, wake, switch, throw, name))


def as_rows(line: Any, a: Any, b: Any) -> tuple[tuple[int, Any, Any], ...]:
    """The ways in which such an event may be told as a row: the row's track, and `a` and `b` with SUBJECT in its place.

    Of two tracks either may be new each time: whoever ends is, and whoever is woken by that, or runs next, is not.
    """
    if line is wake:
        waker, cause = b
        return (a, SUBJECT, b), (waker, a, (SUBJECT, cause))
    if line is switch or line is throw:
        return (b, a, SUBJECT), (a, SUBJECT, b)
    return ((a, SUBJECT, b),)
