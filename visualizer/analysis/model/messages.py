"""Which message of multiprocessing's is received from whom: what is sent at one end as the n-th, is the n-th received.

That holds as long as every process that has an end is recorded. So the size and checksum of both have to be the same,
and from the first that are not on, nothing is said of that pipe any more. Of two that were sent, or received, at the
same time it is not known which is the first, and so nothing is said of these two. A process that is killed has not told
what it did at last: from then on nothing is said of the pipes that were there before, and what was said of its last
moments, behind the last that it told, is taken back.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

from visualizer.analysis.model.timeline import Timeline
from visualizer.analysis.model.types import Message
from visualizer.trace import events as ev

#: What a process did in its last moments, when it is killed, and has not told yet; and so much that was said is kept.
_UNTOLD_NS = 100_000_000
_KEPT = 256


class _One(NamedTuple):
    """A message that waits for its other half. `is_clear`: it is known to be that one of its row."""

    line: ev.Sent | ev.Received
    is_clear: bool


@dataclass(slots=True)
class _Row:
    """Those that were sent, or received, at one end, and whose other half is not there yet; and the last one of all."""

    waiting: deque[_One] = field(default_factory=deque)
    last: _One | None = None

    def append(self, line: ev.Sent | ev.Received) -> ev.Sent | ev.Received | None:
        """Return the one before, if it is not known any more which of them is the first."""
        before = self.last
        is_clear = before is None or line.began_ns >= before.line.t_ns
        if before is not None and not is_clear and self.waiting and self.waiting[-1] is before:
            self.waiting[-1] = before._replace(is_clear=False)
        self.last = _One(line, is_clear)
        self.waiting.append(self.last)
        return None if before is None or is_clear else before.line


class _Said(NamedTuple):
    """`woken_ns`: when the receiver went on, if it waited."""

    sent: ev.Sent | ev.Received
    received: ev.Sent | ev.Received
    woken_ns: int
    message: Message


@dataclass(slots=True)
class _Channel:
    """One direction of a pipe."""

    sent: _Row = field(default_factory=_Row)
    received: _Row = field(default_factory=_Row)
    is_broken: bool = False
    #: When it was made; before all, if that is not known.
    made_ns: int = -1
    #: The processes that used it.
    users: set[int] = field(default_factory=set)
    #: What was said lately.
    said: deque[_Said] = field(default_factory=lambda: deque(maxlen=_KEPT))

    def stop(self) -> None:
        """Nothing is said of it any more."""
        self.is_broken = True
        for row in (self.sent, self.received):
            row.waiting.clear()


class Messages:
    """Those of one trace, as they come."""

    def __init__(self, timeline: Timeline) -> None:
        self._timeline = timeline
        #: By the inode of the end that receives.
        self._channels: dict[int, _Channel] = {}
        #: The other end, where that is another inode.
        self._pairs: dict[int, int] = {}
        #: Nothing is said of what was made before.
        self._trusted_ns = -1

    def pair(self, line: ev.Pair) -> None:
        """A pipe was made; or two, one for each direction."""
        self._pairs[line.one], self._pairs[line.other] = line.other, line.one
        for end in (line.one, line.other):
            self._channels[end] = _Channel(made_ns=line.t_ns)

    def take(self, line: ev.Sent | ev.Received) -> None:
        """A message was sent or received: say who woke whom, if the other half is known as well."""
        is_sent = isinstance(line, ev.Sent)
        end = self._pairs.get(line.channel, line.channel) if is_sent else line.channel
        channel = self._channels.setdefault(end, _Channel())
        if channel.is_broken or channel.made_ns < self._trusted_ns:
            return
        unclear = (channel.sent if is_sent else channel.received).append(line)
        if unclear is not None:
            self._take_back(channel, lambda said: said.sent is unclear or said.received is unclear)
        channel.users.add(self._timeline.process_of(line.track).number)
        while channel.sent.waiting and channel.received.waiting:
            sent, received = channel.sent.waiting.popleft(), channel.received.waiting.popleft()
            one, other = sent.line, received.line
            if (one.size, one.check) != (other.size, other.check) or one.began_ns > other.t_ns:
                channel.stop()
            elif sent.is_clear and received.is_clear:
                self._match(channel, one, other)

    def killed(self, process: int | None, t_ns: int, told_ns: int) -> None:
        """That process (by its number) has not told what it did at last, behind `told_ns`; None: it has told nothing at
        all."""
        untold_ns = max(t_ns - _UNTOLD_NS, told_ns)
        self._trusted_ns = t_ns
        for channel in self._channels.values():
            if channel.is_broken:
                continue
            channel.stop()
            if process is None or process in channel.users:
                self._take_back(channel, lambda said: said.message.received_ns >= untold_ns)

    def _take_back(self, channel: _Channel, is_wrong: Callable[[_Said], bool]) -> None:
        for said in [said for said in channel.said if is_wrong(said)]:
            channel.said.remove(said)
            self._timeline.messages.remove(said.message)
            self._timeline.not_sent(said.message.receiver, said.woken_ns)

    def _match(self, channel: _Channel, sent: ev.Sent | ev.Received, received: ev.Sent | ev.Received) -> None:
        timeline = self._timeline
        text = max(sent.value, received.value)
        value = timeline.text(text) if text >= 0 else None
        message = Message(sent.t_ns, received.t_ns, sent.track, received.track, value)
        timeline.messages.append(message)
        woken_ns = timeline.sent_by(sent.track, received.track, received.began_ns, received.t_ns, text)
        channel.said.append(_Said(sent, received, woken_ns, message))
