"""The lines of a trace file as typed records (reading side). FORMAT.md describes every field for people.

All times are integer nanoseconds since the trace's start. `track` fields are track ids; text and place ids refer to
`Text` and `Place` lines that stand earlier in the file; -1 is "none" or "not known" (see `words`).
"""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from visualizer.trace import words

#: 2**61 ns are 73 years. A damaged line must not bring in a number that no column of 64 bits, nor a sum, can hold.
Int = Annotated[int, msgspec.Meta(ge=-(2**61), le=2**61)]
#: A time since the trace's start, or how long or how often something was: never below zero.
Since = Annotated[int, msgspec.Meta(ge=0, le=2**61)]
#: Of a track, a text or a place, or one of the numbers below zero that stand for one (words.py). These stand in columns
#: of 32 bits, in which sums of two must have room.
Id = Annotated[int, msgspec.Meta(ge=-3, lt=2**30)]


class Opening(msgspec.Struct, frozen=True):
    """What every version of the format keeps in line 1."""

    format: str
    version: int


class Words(msgspec.Struct, frozen=True):
    """The words of one runtime, for the reader that shows its tracks."""

    #: Each of its kinds of track -> "scheduler" if such a one schedules others, else "task".
    kinds: dict[str, str] = {}
    #: Reason of a wait, or cause of a wake -> what is said of it.
    reasons: dict[str, str] = {}
    causes: dict[str, str] = {}


class Header(msgspec.Struct, frozen=True):
    """Line 1: what was recorded, when and by what. The one line that is a JSON object."""

    format: str
    version: int
    pid: int = 0
    #: time.monotonic_ns() of t = 0 in the watched process, so that a viewer on the same machine knows "now".
    monotonic_ns: Since = 0
    #: time.time_ns() of t = 0.
    wall_ns: Since = 0
    python: str = ""
    platform: str = ""
    target: str = ""
    argv: list[str] = []
    cwd: str = ""
    #: "C" or "Python": in which the short ways of the hooks were; "" where the trace does not say.
    recorder: str = ""
    #: Name of each tracer -> "on", "waiting for its library", or the sentence that says why it was refused.
    tracers: dict[str, str] = {}
    #: The words of runtimes that another package brought, by name.
    runtimes: dict[str, Words] = {}


class _Event(msgspec.Struct, array_like=True, frozen=True, gc=False):
    pass


class Text(_Event, tag="text", frozen=True):
    """Interned text."""

    id: Id
    text: str


class Place(_Event, tag="place", frozen=True):
    """Interned place in source code: the range of one expression (`code.co_positions()`, PEP 657).

    Lines count from 1, columns from 0 in UTF-8 bytes, `end_column` is exclusive; -1 where the compiler left it out.
    """

    id: Id
    file: Id
    function: Id
    line: Int
    end_line: Int = -1
    column: Int = -1
    end_column: Int = -1


class Listing(_Event, tag="listing", frozen=True):
    """The text of the source file `file` as it was when the program ran, so that the trace can be read elsewhere."""

    file: Id
    text: str


class Spawn(_Event, tag="spawn", frozen=True):
    """A track comes to be: CREATED from `t_ns` on. `place` is where it was created."""

    t_ns: Since
    track: Id
    kind: str
    name: Id
    parent: Id
    creator: Id
    place: Id


class Name(_Event, tag="name", frozen=True):
    """A better name for a track whose function was not yet known when it was spawned."""

    t_ns: Since
    track: Id
    name: Id


class Serves(_Event, tag="serves", frozen=True):
    """From now on `track` serves this request or task; -1: nothing any more. `local` and `peer`: addresses of the
    connection by which it was asked."""

    t_ns: Since
    track: Id
    what: Id
    local: Id = -1
    peer: Id = -1


class Mark(_Event, tag="mark", frozen=True):
    """The program marks this moment, while `track` runs: "name", or "name: caption". `place`: where it does."""

    t_ns: Since
    track: Id
    text: Id
    place: Id


class Resume(_Event, tag="resume", frozen=True):
    """The current track of the thread resumes generator `track` and waits for it. `place`: where the resumer is."""

    t_ns: Since
    track: Id
    cause: str
    value: Id
    place: Id


class Yield(_Event, tag="yield", frozen=True):
    """Generator `track` gives control and `value` back to the track that resumed it. `place`: where it is suspended.

    `cause`: "ignored" if it was being closed, and yields all the same.
    """

    t_ns: Since
    track: Id
    value: Id
    place: Id
    cause: str = "yield"


class Switch(_Event, tag="switch", frozen=True):
    """Control passes between greenlets. `place`: where `origin` is suspended; none if it is finished."""

    t_ns: Since
    origin: Id
    target: Id
    cause: str
    value: Id
    place: Id


class Park(_Event, tag="park", frozen=True):
    """`track` waits in a call at `place`, and nothing else runs on its thread meanwhile."""

    t_ns: Since
    track: Id
    place: Id


class Unpark(_Event, tag="unpark", frozen=True):
    """`track`, which waited in a call, goes on."""

    t_ns: Since
    track: Id


class Wait(_Event, tag="wait", frozen=True):
    """Why `track`, about to be switched away from, waits; on what, how long it asked for (-1: no limit).

    `object`: which thing that is, as "Event 3"; "track 7" of a greenlet that is joined. `fd`, `direction`, `local` and
    `peer`: which end of which connection.
    """

    t_ns: Since
    track: Id
    reason: str
    on: Id
    asked_ns: Int
    object: Id = -1
    fd: Id = -1
    direction: str = ""
    local: Id = -1
    peer: Id = -1


class Tie(_Event, tag="tie", frozen=True):
    """`track` holds a thing ("holds"), as it says itself ("owns"), or waits for tracks ("awaits"); `object` as in
    Wait. Of a lock of multiprocessing's it took that at `since_ns` and `place`."""

    t_ns: Since
    track: Id
    relation: str
    object: Id
    since_ns: Int = -1
    place: Id = -1


class Takes(_Event, tag="takes", frozen=True):
    """`track` acquired the lock `object` at `place` while it had `held`, in this order: as in Wait, with commas. If it
    is -1, somebody has released the lock who did not have it."""

    t_ns: Since
    track: Id
    object: Id
    held: Id
    place: Id


class Gives(_Event, tag="gives", frozen=True):
    """`track` is about to give back the lock or semaphore `lock` of multiprocessing's, for which somebody waits."""

    t_ns: Since
    track: Id
    lock: Id


class Gets(_Event, tag="gets", frozen=True):
    """`track` has got that, for which it waited from `since_ns` on. `is_lock`: nobody else has it meanwhile. `by`: who
    gave it back, as who got it has seen."""

    t_ns: Since
    track: Id
    lock: Id
    since_ns: Int
    is_lock: Int
    by: Id = words.NOBODY


class Size(_Event, tag="size", frozen=True):
    """The queue `object`, as in Wait, has `count` items, as its loop `track` sees; the first was `taken` so often so
    far. The code that waits at `place` calls it `on`."""

    t_ns: Since
    track: Id
    object: Id
    count: Since
    taken: Since = 0
    on: Id = -1
    place: Id = -1


class Wake(_Event, tag="wake", frozen=True):
    """`track` is made ready by `waker`."""

    t_ns: Since
    track: Id
    waker: Id
    cause: str


class Unready(_Event, tag="unready", frozen=True):
    """`track` was made ready, but what it was made ready for went to another: it waits on, as before."""

    t_ns: Since
    track: Id


class Exit(_Event, tag="exit", frozen=True):
    """A track ends. If it is a running generator, control is back with the track that resumed it."""

    t_ns: Since
    track: Id
    outcome: str
    value: Id
    #: Set where the end itself was not observed, only that it must have happened: a sentence.
    inferred: Id = -1


class Inferred(_Event, tag="inferred", frozen=True):
    """Something that the trace says of `track` was not observed: a sentence."""

    t_ns: Since
    track: Id
    text: Id


class Poll(_Event, tag="poll", frozen=True):
    """Hub `track` begins (1) or ends (0) asking the operating system for events: idle, not running."""

    t_ns: Since
    track: Id
    polling: Int


class Idle(_Event, tag="idle", frozen=True):
    """The thread of `track` uses no processor time from now on (1), or no longer (0): it waits in a call."""

    t_ns: Since
    track: Id
    idle: Int


class Delayed(_Event, tag="delayed", frozen=True):
    """Between `since_ns` and `until_ns` the thread `track` could have run for `length_ns` and did not: the machine ran
    other programs (`by` is -1); or no thread but `by` could, which kept the interpreter's lock (`track` is -1).

    In the first case it used a processor for `used_ns` in that time. For up to `behind_ns` it may have waited for the
    interpreter's lock, as our own thread had it or was the next to have it, and the machine did not run that.
    """

    t_ns: Since
    track: Id
    by: Id
    since_ns: Since
    until_ns: Since
    length_ns: Since
    used_ns: Since = 0
    behind_ns: Since = 0


class Sample(_Event, tag="sample", frozen=True):
    """`track` ran on without an event, and was seen at `place`, `count` times in a row, the last time at `t_ns`.

    `called`: where the function of that place was called.
    """

    t_ns: Since
    track: Id
    place: Id
    count: Since = 1
    called: Id = words.NOTHING


class Output(_Event, tag="output", frozen=True):
    """The current track printed `text` to `stream` ("stdout" or "stderr"). `cut`: characters left out of a long one."""

    t_ns: Since
    stream: str
    text: str
    cut: Since = 0


class Thread(_Event, tag="thread", frozen=True):
    """What follows happened on the OS thread whose own track is `track`."""

    t_ns: Since
    track: Id


class Fork(_Event, tag="fork", frozen=True):
    """The process forks; the child may be told of later, by a Process of the same time, or not at all."""

    t_ns: Since


class Process(_Event, tag="process", frozen=True):
    """What follows happened in process `pid`, a child that `parent` forked or started, whose main thread is `track`.

    `forked_by`: the thread that forked; `track` is what became of it in the child. `command`: of one that was started
    by exec, which has nothing of who started it.
    """

    t_ns: Since
    track: Id
    pid: Since
    parent: Since
    forked_by: Id = -1
    command: str = ""


class Started(_Event, tag="started", frozen=True):
    """Track `by` started the process `pid` at `place`. `how`: words.BY_SUBPROCESS and the like."""

    t_ns: Since
    by: Id
    pid: Since
    how: str
    place: Id = words.NOTHING


class Ended(_Event, tag="ended", frozen=True):
    """The process `pid` has ended, as whoever started it has learnt: with an exit code, or killed by a signal.

    `code` -1 and `signal` 0: it is not known how.
    """

    t_ns: Since
    pid: Since
    code: Int
    signal: Int


class Pair(_Event, tag="pair", frozen=True):
    """A pipe of multiprocessing's is made: what is sent at one end is received at the other (by their inodes)."""

    t_ns: Since
    one: Since
    other: Since


class Sent(_Event, tag="sent", frozen=True):
    """`track` has sent a message of multiprocessing's: from `began_ns` to `t_ns`, at the end `channel` (its inode).

    `size` and `check` (a checksum) tell it from others. `value`: what was sent, if that is plain.
    """

    t_ns: Since
    track: Id
    channel: Since
    began_ns: Int
    size: Since
    check: Since
    value: Id = words.NOTHING


class Received(_Event, tag="received", frozen=True):
    """The same of one that was received."""

    t_ns: Since
    track: Id
    channel: Since
    began_ns: Int
    size: Since
    check: Since
    value: Id = words.NOTHING


class Copy(_Event, tag="copy", frozen=True):
    """`track` is what became, in a child that was forked, of the parent's track `of`."""

    t_ns: Since
    track: Id
    of: Id


class Note(_Event, tag="note", frozen=True):
    """Something the reader must be told about the recording itself, one sentence."""

    t_ns: Since
    text: str
    #: The runtime of which it says that it runs and is not recorded; else empty.
    unsupported: str = ""


class Held(_Event, tag="held", frozen=True):
    """A viewer pauses the program: its clock stops at `t_ns`. `held_ns`: the total length of earlier pauses."""

    t_ns: Since
    held_ns: Since


class Continued(_Event, tag="continued", frozen=True):
    """The program and its clock resume. `held_ns`: the total length of pauses so far."""

    t_ns: Since
    held_ns: Since


class Now(_Event, tag="now", frozen=True):
    """A process of the program still runs at `t_ns`, and has had nothing to tell for a second."""

    t_ns: Since


class Dropped(_Event, tag="dropped", frozen=True):
    """`count` things called `what` were left out of the trace so far, in total."""

    t_ns: Since
    what: str
    count: Since


class Refused(_Event, tag="refused", frozen=True):
    """What track `by` asked at `place` was refused with `exception` because of `track` (-1: not known which): a
    generator or greenlet that was to be resumed, with the value `sent` ("": none, or not known), or who waits already
    for the same."""

    t_ns: Since
    by: Id
    track: Id
    exception: str
    place: Id
    sent: str = ""


class Cancel(_Event, tag="cancel", frozen=True):
    """Track `by` (-1: not known which) asked at `place` that the task `track` be cancelled, with `message`. `cause`:
    SIGNAL, if the handler of a signal asked, which came while `by` ran."""

    t_ns: Since
    by: Id
    track: Id
    message: str = ""
    place: Id = words.NOTHING
    cause: str = ""


class Struck(_Event, tag="struck", frozen=True):
    """A Timeout of `asked_ns`, started at `place`, that nobody had any more, ended a wait of `track`."""

    t_ns: Since
    track: Id
    asked_ns: Since
    place: Id


class Unasked(_Event, tag="unasked", frozen=True):
    """Nobody ever asked a Future, made at `place`, for the `exception` that it got at `raised_ns`, raised by `track`
    (-1: not known) at the line `raised_at` ("demo.py:5", "" if that is not known)."""

    t_ns: Since
    track: Id
    raised_ns: Since
    exception: str
    raised_at: str
    place: Id = words.NOTHING


class Uncaught(_Event, tag="uncaught", frozen=True):
    """The program ended with an exception that nobody caught. `place`: the innermost line of its own code."""

    t_ns: Since
    exception: str
    message: str
    place: Id = words.NOTHING


class End(_Event, tag="end", frozen=True):
    """The program is over. `code` is its exit code; or it was killed by signal number `signal` (0: it was not)."""

    t_ns: Since
    code: Int
    signal: Int


Event = (
    Text | Place | Listing | Spawn | Name | Serves | Mark | Resume | Yield | Switch | Park | Unpark | Wait | Tie | Takes
    | Gives | Gets | Size | Wake | Unready | Exit | Inferred | Poll | Idle | Delayed | Sample | Output | Thread | Fork
    | Process | Copy | Started | Ended | Pair | Sent | Received | Note | Held | Continued | Dropped | Refused | Cancel
    | Struck | Unasked | Uncaught | Now | End
)

#: What a shape can be made of.
Timed = Resume | Yield | Switch | Park | Unpark | Wait | Wake | Unready | Spawn | Exit | Name | Serves | Poll | Tie


class Shape(_Event, tag="shape", frozen=True):
    """What a row of shape `id` stands for: `events`, without their time, and with `words.SUBJECT` for its track."""

    id: Id
    events: list[Timed]


class Rows(_Event, tag="rows", frozen=True):
    """Many events that repeat known shapes: three little-endian integers of 64 bits each, t_ns, track, shape.

    A value other than the shape's stands above the shape: from bit 32 on, its id + 1.

    `t_ns` is on the watched process's own clock, whose value at t = 0 the header has. Base64 in the file.
    """

    packed: bytes


class Packed(_Event, tag="packed", frozen=True):
    """The same as `Rows`, in less room (packing.py). Base64 in the file."""

    packed: bytes


_opening = msgspec.json.Decoder(Opening)
_header = msgspec.json.Decoder(Header)
_event: msgspec.json.Decoder[Event | Shape | Rows | Packed] = msgspec.json.Decoder(Event | Shape | Rows | Packed)
_encoder = msgspec.json.Encoder()


#: What decoding damaged bytes can raise; RecursionError from thousands of nested brackets.
DECODE_ERRORS = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)


def decode_opening(line: bytes) -> Opening:
    """Raise one of DECODE_ERRORS if the line is no header of any version."""
    return _opening.decode(line)


def decode_header(line: bytes) -> Header:
    """Raise one of DECODE_ERRORS if the line is no header."""
    return _header.decode(line)


def decode_event(line: bytes) -> Event | Shape | Rows | Packed:
    """Raise one of DECODE_ERRORS if the line is no event."""
    return _event.decode(line)


def decode_events(lines: bytes | memoryview) -> list[Event | Shape | Rows | Packed]:
    """Decode whole lines at once. Raise one of DECODE_ERRORS if any of them is no event."""
    return _event.decode_lines(lines)


def encode(line: Header | Event | Any) -> bytes:
    """One line, with its newline."""
    return _encoder.encode(line) + b"\n"
