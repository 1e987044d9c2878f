"""How the steps of a generator are stored: what repeats, as a row (buffer.py).

The commonest step resumes a generator by `send` or `next` at a place, and with a value, that was met before, or is
suspended it at such. A *site* is such a place; it knows the shapes of the values that were met there. Each thread has
its own.
"""

from __future__ import annotations

from visualizer.trace import words
from visualizer.trace.words import LARGEST_NUMBER
from visualizer.tracers.core import lines
from visualizer.tracers.core.buffer import NUMBER_0, VALUE_BIT, Buffer
from visualizer.tracers.core.stream import Stream
from visualizer.tracers.core.values import keep, shown_type

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from types import CodeType
    from typing import Any

#: So many values a site has shapes for, and a thread sites.
_MOST_SHAPES = 64
_MOST_SITES = 4096
#: Longer texts seldom come again.
_LONGEST = 16
LIMITS = _LONGEST, _MOST_SHAPES

#: What a generator does, as far as is known: it runs, is suspended at a `yield`, is suspended in a `yield from` or
#: `await`; or it is an asynchronous one that is suspended at a `yield`.
RUNNING, SUSPENDED, DELEGATING, GIVEN = 0, 1, 2, 3

#: Cause of a call of `send` at the site at which it was called last (`Run.resume_site`).
AGAIN = "send again"

#: Is no value that crosses.
NEVER = object()


class Site:
    """A place at which generators are resumed for one cause, or are suspended, in one thread."""

    __slots__ = ("at", "bare", "code", "next_shape", "passed", "passed_shape", "shapes")

    def __init__(self, code: CodeType | None) -> None:
        #: Kept so that its id stays its own.
        self.code = code
        #: Shape by value, of texts and None.
        self.shapes: dict[Any, int] = {}
        #: That of rows that say the value themselves.
        self.bare = -1
        #: That of a resumption without a value, by `next`.
        self.next_shape = -1
        #: The same by a `yield from` or `await` of a run; and where that passes a value on, the site of these.
        self.passed_shape = -1
        self.passed: Site | None = None
        #: What a run does that has yielded there: SUSPENDED or DELEGATING; RUNNING if nothing is yielded there.
        self.at = RUNNING


class Run:
    """A generator that was started and has not ended.

    `yield_offset` is -1 where the next yield must go the long way, `resume_offset` where the next `send` must.
    """

    __slots__ = (
        "asked", "at", "call_code", "call_offset", "cause", "closing", "code", "dying", "ended_in_none", "generator",
        "in_thread", "inner", "key", "offset", "outer", "passing", "reference", "resume_code", "resume_offset",
        "resume_shape", "resume_site", "resume_value", "sent", "track", "yield_offset", "yield_shape", "yield_site",
        "yield_value",
    )

    def __init__(self, track: int, code: CodeType, key: int, reference: Any = None) -> None:
        self.track = track
        self.code = code
        #: The id of its frame; and a weak reference to the generator, if it was found.
        self.key = key
        self.reference = reference
        self.at = RUNNING
        #: A call of one of its methods is in progress: its cause (else ""), what was sent, where it stands, and the
        #: generator itself, if what was sent is to be read from there.
        self.cause = ""
        self.sent: Any = None
        self.call_code: CodeType | None = None
        self.call_offset = 0
        self.generator: Any = None
        self.ended_in_none = False
        #: What was sent to it and it passes on, in a `yield from` or `await`, to whom it waits for.
        self.passing: Any = lines.NO_VALUE
        #: A call of asend, athrow or aclose: (cause, weak reference to the asynchronous generator).
        self.asked: tuple[str, Any] | None = None
        #: Whether it is being closed: THROW if by something else than GeneratorExit.
        self.closing: bool | str = False
        #: It is being collected, or closed with one that is: nobody will resume it but to close it.
        self.dying = False
        #: The yield that it is suspended at; whose value it handed on last in a `yield from` or `await`, and who does
        #: that with its own.
        self.offset = -1
        self.inner: Run | None = None
        self.outer: Run | None = None
        #: The thread's buffer in which these are known: the last site of each kind, and what crossed there last.
        self.in_thread: Buffer | None = None
        self.resume_code: CodeType | None = None
        self.resume_offset = -1
        self.resume_site: Site | None = None
        self.resume_value: Any = NEVER
        self.resume_shape = -1
        self.yield_offset = -1
        self.yield_site: Site | None = None
        self.yield_value: Any = NEVER
        self.yield_shape = -1


def known_shape(value: Any, site: Site, buffer: Buffer) -> int | None:
    """The shape of an event with `value` at a site, with what says the value; None if that is not known yet."""
    kind = type(value)
    if kind is int:
        if site.bare < 0 or not -LARGEST_NUMBER <= value <= LARGEST_NUMBER:
            return None
        number: int = value
        return site.bare + NUMBER_0 + (number << VALUE_BIT)
    if kind is str or value is None or value is lines.NO_VALUE:
        return site.shapes.get(value)
    said = buffer.kinds.get(value if kind is bool else shown_type(value))
    return site.bare + said if said is not None and site.bare >= 0 else None


def store_resume(
    stream: Stream, run: Run, cause: str, value: Any, code: CodeType | None, offset: int, t_ns: int, learn: bool,
    by_run: bool = False,
) -> None:
    """Store that `run` is resumed at a place; `learn`: the next time the short way may be taken there, as it is now if
    that was met.

    `value`: what was sent, or what `keep` made of it, if that is not to be learned. `by_run`: it is resumed in a
    `yield from` or `await` of another run.
    """
    buffer = stream.here(t_ns)
    _on_buffer(run, buffer)
    if not learn or code is None:
        kept = value if value is lines.NO_VALUE else keep(value)
        stream.extend((lines.resume, t_ns, run.track, cause, kept, code, offset))
        return
    site = _site(buffer, code, offset, cause)
    shape = _store(stream, buffer, site, (lines.resume, t_ns, run.track, cause), value, code, offset)
    if by_run and cause is words.SEND:
        _site(buffer, code, offset, words.NEXT).passed = site
    elif cause is words.SEND:
        run.resume_code, run.resume_offset, run.resume_site = code, offset, site
        run.resume_value, run.resume_shape = value if _may_keep(value, shape) else NEVER, shape
    elif by_run:
        site.passed_shape = shape
    else:
        site.next_shape = shape


def store_yield(
    stream: Stream, run: Run, value: Any, code: CodeType, offset: int, t_ns: int, learn: bool, cause: str = words.YIELD
) -> None:
    """Store that `run` is suspended at a place, as its `at` says, which is learned as in `store_resume`."""
    buffer = stream.here(t_ns)
    _on_buffer(run, buffer)
    if not learn:
        stream.extend((lines.yielded, t_ns, run.track, cause, keep(value), code, offset))
        return
    site = _site(buffer, code, offset, cause)
    shape = _store(stream, buffer, site, (lines.yielded, t_ns, run.track, cause), value, code, offset)
    site.at = run.at
    run.yield_offset, run.yield_site = offset, site
    run.yield_value, run.yield_shape = value if _may_keep(value, shape) else NEVER, shape


def _store(
    stream: Stream, buffer: Buffer, site: Site, begin: tuple[Any, ...], value: Any, code: CodeType, offset: int
) -> int:
    """Store an event at a site, as a row if it is known there; else all of it, from which that is learned. Return the
    shape that it has there from now on, with what says the value; -1 if it is to have none.

    `begin`: the event's first parts.
    """
    shape = known_shape(value, site, buffer)
    if shape is None:
        stream.extend((*begin, value if value is lines.NO_VALUE else keep(value), code, offset))
        line, t_ns, _, cause = begin
        return _shape(buffer, site, value, (line, words.SUBJECT, cause), code, offset, t_ns)
    rows = buffer.rows
    rows += (begin[1], begin[2], shape)
    stream.attend(buffer)
    return shape


def _may_keep(value: Any, shape: int) -> bool:
    """Whether a value that has that shape may be kept, to be told when it comes again."""
    kind = type(value)
    return shape >= 0 and (kind is int or kind is str or value is None or value is lines.NO_VALUE)


def _on_buffer(run: Run, buffer: Buffer) -> None:
    if run.in_thread is not buffer:
        run.in_thread = buffer
        run.resume_code, run.resume_offset, run.resume_site = None, -1, None
        run.yield_offset, run.yield_site = -1, None


def _site(buffer: Buffer, code: CodeType, offset: int, cause: str) -> Site:
    # One instruction may resume by `next` now, and by `send` another time.
    key = id(code) + offset if cause is not words.SEND else -id(code) - offset
    site: Site | None = buffer.sites.get(key)
    if site is None:
        if len(buffer.sites) >= _MOST_SITES:
            buffer.sites.clear()
        site = buffer.sites[key] = Site(code)
    return site


def _shape(
    buffer: Buffer, site: Site, value: Any, begin: tuple[Any, ...], code: CodeType, offset: int, t_ns: int
) -> int:
    """The shape of an event at a site, told to the file if it is new, with what says the value, if a row of that shape
    says it; -1 if it is to have none.

    `begin`: the event's first parts.
    """
    if value is None or value is lines.NO_VALUE or (type(value) is str and len(value) <= _LONGEST):
        shape = site.shapes.get(value, -1)
        if shape < 0 and len(site.shapes) < _MOST_SHAPES:
            shape = site.shapes[value] = buffer.shape(t_ns, (*begin, value, code, offset))
        return shape
    added = buffer.tell_value(t_ns, value)
    if not added:
        return -1
    if site.bare < 0:
        site.bare = buffer.shape(t_ns, (*begin, lines.NO_VALUE, code, offset))
    return site.bare + added
