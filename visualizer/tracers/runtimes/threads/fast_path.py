"""The hooks of calls, as closures: what happens at every `acquire` and `release` of a lock that nobody waits for.

They do as little as they can: what costs a look at a frame is left to `Waits`.
"""

from __future__ import annotations

import _thread
import sys
from _queue import SimpleQueue
from types import BuiltinFunctionType, MethodDescriptorType, ModuleType

from visualizer.tracers.core.postponed import uninterrupted
from visualizer.tracers.runtimes.threads.calls import ACQUIRE, MAY_WAIT, RELEASE, RELEASE_SHARED, Calls, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.core.postponed import Postponed
    from visualizer.tracers.runtimes.threads.entering import Site
    from visualizer.tracers.runtimes.threads.waits import Waits

    #: Is called with code, offset, what the call does, and the thing: what may wait, or is not quickly told. Returns
    #: DISABLE where nothing of that place is of interest.
    Slow = Callable[[CodeType, int, int, Any], Any]
    #: Is called with code, offset, and what is entered there, None if that is not known.
    SlowEntry = Callable[[CodeType, int, Any], Any]
    #: Is called with code, offset, and whether the call raised: a thread that waits there goes on.
    Over = Callable[[CodeType, int, bool], None]
    #: Is called with code, offset, what the call does, and the thing: the program has something raised in its place.
    Undo = Callable[[CodeType, int, int, Any], None]

_get_ident = _thread.get_ident
#: The type of a method of C's that is bound to its object, where it is told its class as well.
_TOLD_ITS_CLASS: type = type(SimpleQueue().get)
_MISSING = (AttributeError, KeyError, TypeError)


def call_hook(
    calls: Calls, waits: Waits, slow: Slow, disable: Any, failed: Callable[[BaseException], None],
    postponed: Postponed, undo: Undo,
) -> Any:
    """The callback of CALL."""
    keep, at_once = postponed.keep, postponed.at_once
    methods, functions, of_bound = calls.methods, calls.functions, calls.of_bound
    holders, waiting, local = waits.holders, waits.waiting, waits.local
    runners, inside, current = waits.elsewhere
    is_locked, method, builtin, module = Lock.locked, MethodDescriptorType, BuiltinFunctionType, ModuleType
    told_its_class = _TOLD_ITS_CLASS
    of_lock, ours = (ACQUIRE, RELEASE), waits.ours
    signals, orders, lost, getframe = waits.primitives.signals, waits.orders, waits.lost, sys._getframe
    releases_shared = waits.shared.releases

    def on_call(code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        what, thing = -1, None
        try:
            try:
                kind = type(function)
                if kind is method:
                    what, thing = methods.get(function, -1), argument
                elif kind is builtin or kind is told_its_class:
                    thing = function.__self__
                    if type(thing) is module:
                        what, thing = functions.get(function, -1), argument
                    else:
                        what = of_bound(thing, function.__name__)
                else:
                    return disable
                if what < 0:
                    return disable
                if what in of_lock and ours[code.co_filename]:
                    return disable
                if what == ACQUIRE and not (is_locked(thing) or id(thing) in waiting):
                    try:
                        buffer = local.buffer
                        held, before = buffer.held, holders.get(id(thing))
                        if id(code) not in signals:
                            # Of what something else releases the order says nothing.
                            if held:
                                orders.takes(thing, held, buffer, getframe(1))
                            held.append(thing)
                        holders[id(thing)] = current() if runners or inside else buffer.track
                        if not is_locked(thing):
                            return None
                        # The threads took turns meanwhile, and another one has got it.
                        lost(thing, before)
                    except AttributeError as error:
                        # The thread has stored nothing yet. What has come from further in is something else.
                        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                            raise
                if what == RELEASE and id(thing) not in waiting:
                    holders.pop(id(thing), None)
                    try:
                        held = local.buffer.held
                    except AttributeError as error:
                        if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                            raise
                        return None
                    if held and held[-1] is thing:
                        held.pop()
                    elif thing in held:
                        held.remove(thing)
                    else:
                        orders.released_by_another(thing)
                    return None
                if what == RELEASE_SHARED and not releases_shared(thing):
                    return None
                return slow(code, offset, what, thing)
            except Exception as error:
                failed(error)
                return None
        except BaseException as error:
            # It is the program's. What may wait may be ended by it; anything else is done first.
            if what in MAY_WAIT:
                undo(code, offset, what, thing)
                return at_once(error)
            keep(error, what >= 0)
            return None

    return uninterrupted(on_call)


def enter_hook(
    sites: dict[int, Site | int], waits: Waits, slow: SlowEntry, over: Over, disable: Any,
    failed: Callable[[BaseException], None], postponed: Postponed, undo: Undo,
) -> Any:
    """The callback of INSTRUCTION, at what enters a `with` block, and behind it."""
    keep, at_once = postponed.keep, postponed.at_once
    parked, holders, waiting, local, ident = waits.parked, waits.holders, waits.waiting, waits.local, _get_ident
    runners, inside, current = waits.elsewhere
    is_locked, lock, getframe, own_dict = Lock.locked, Lock, sys._getframe, object.__getattribute__
    orders, lost = waits.orders, waits.lost
    is_snapshot = sys.version_info < (3, 13)

    def on_instruction(code: CodeType, offset: int) -> Any:
        thing = None
        try:
            site = sites.get(id(code) + offset)
            if site is None:
                return disable
            if isinstance(site, int):
                if parked and ident() in parked:
                    over(code, site, False)
                return None
            thing = None
            try:
                frame = getframe(1)
                if site.is_local:
                    known = frame.f_locals
                    thing = known.get(site.name)
                    if is_snapshot:
                        # As in variables.py.
                        known.clear()
                else:
                    thing = frame.f_globals.get(site.name)
                if site.attribute:
                    thing = own_dict(thing, "__dict__")[site.attribute]
                if type(thing) is lock and not (site.leaves or is_locked(thing) or id(thing) in waiting):
                    buffer = local.buffer
                    held, before = buffer.held, holders.get(id(thing))
                    if held:
                        orders.takes(thing, held, buffer, frame)
                    held.append(thing)
                    holders[id(thing)] = current() if runners or inside else buffer.track
                    if not is_locked(thing):
                        return None
                    lost(thing, before)
            except Exception as error:
                # There is no such variable or attribute; or the thread has stored nothing yet.
                if not isinstance(error, _MISSING) or (error.__traceback__ and error.__traceback__.tb_next):
                    failed(error)
                    return None
                thing = None
            return slow(code, offset, thing)
        except BaseException as error:
            # As in `on_call`. In the block, where it has been entered, it can be raised, too.
            try:
                site = sites.get(id(code) + offset)
            except BaseException as second:
                keep(second, False)
                site = None
            if site is not None and (site.__class__ is int or not site.leaves):  # type: ignore[union-attr]
                undo(code, offset, ACQUIRE, thing)
                return at_once(error)
            keep(error, False)
            return None

    return uninterrupted(on_instruction)


def return_hooks(waits: Waits, over: Over, postponed: Postponed) -> tuple[Any, Any]:
    """The callbacks of C_RETURN and C_RAISE."""
    parked, ident, count, goes_on = waits.parked, _get_ident, postponed.count, postponed.goes_on
    ours, writing = waits.ours, waits.channels.writing

    def on_return(code: CodeType, offset: int, _function: Any, _argument: Any) -> None:
        if (parked and ident() in parked) or (writing and ident() in writing):
            over(code, offset, False)
        if count[0] and not ours[code.co_filename]:
            goes_on()

    def on_raise(code: CodeType, offset: int, _function: Any, _argument: Any) -> None:
        if (parked and ident() in parked) or (writing and ident() in writing):
            over(code, offset, True)
        if count[0] and not ours[code.co_filename]:
            goes_on()

    return on_return, on_raise
