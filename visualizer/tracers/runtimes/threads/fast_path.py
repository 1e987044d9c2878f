"""The hooks of calls, as closures: what happens at every `acquire` and `release` of a lock that nobody waits for.

They do as little as they can: what costs a look at a frame is left to `Waits`.
"""

from __future__ import annotations

import _thread
import sys
from types import BuiltinFunctionType, MethodDescriptorType, ModuleType

from visualizer.tracers.runtimes.threads.calls import ACQUIRE, RELEASE, Calls, Lock

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable
    from types import CodeType
    from typing import Any

    from visualizer.tracers.runtimes.threads.entering import Site
    from visualizer.tracers.runtimes.threads.waits import Waits

    #: Is called with code, offset, what the call does, and the thing: what may wait, or is not quickly told. Returns
    #: DISABLE where nothing of that place is of interest.
    Slow = Callable[[CodeType, int, int, Any], Any]
    #: Is called with code, offset, and what is entered there, None if that is not known.
    SlowEntry = Callable[[CodeType, int, Any], Any]
    #: Is called with code, offset, and whether the call raised: a thread that waits there goes on.
    Over = Callable[[CodeType, int, bool], None]

_get_ident = _thread.get_ident


def call_hook(calls: Calls, waits: Waits, slow: Slow, disable: Any, failed: Callable[[BaseException], None]) -> Any:
    """The callback of CALL."""
    methods, functions, of_bound = calls.methods, calls.functions, calls.of_bound
    holders, waiting, local = waits.holders, waits.waiting, waits.local
    runners, inside, current = waits.elsewhere
    is_locked, method, builtin, module = Lock.locked, MethodDescriptorType, BuiltinFunctionType, ModuleType

    def on_call(code: CodeType, offset: int, function: Any, argument: Any) -> Any:
        try:
            kind = type(function)
            if kind is method:
                what, thing = methods.get(function), argument
            elif kind is builtin:
                thing = function.__self__
                if type(thing) is module:
                    what, thing = functions.get(function), argument
                else:
                    what = of_bound(thing, function.__name__)
            else:
                return disable
            if what is None:
                return disable
            if what == ACQUIRE and not (is_locked(thing) or id(thing) in waiting):
                try:
                    track = local.buffer.track
                    holders[id(thing)] = current() if runners or inside else track
                    return None
                except AttributeError:
                    pass  # The thread has stored nothing yet.
            if what == RELEASE and id(thing) not in waiting:
                holders.pop(id(thing), None)
                return None
            return slow(code, offset, what, thing)
        except Exception as error:
            failed(error)
            return None

    return on_call


def enter_hook(sites: dict[int, Site | int], waits: Waits, slow: SlowEntry, over: Over, disable: Any) -> Any:
    """The callback of INSTRUCTION, at what enters a `with` block, and behind it."""
    parked, holders, waiting, local, ident = waits.parked, waits.holders, waits.waiting, waits.local, _get_ident
    runners, inside, current = waits.elsewhere
    is_locked, lock, getframe, own_dict = Lock.locked, Lock, sys._getframe, object.__getattribute__
    is_snapshot = sys.version_info < (3, 13)

    def on_instruction(code: CodeType, offset: int) -> Any:
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
                track = local.buffer.track
                holders[id(thing)] = current() if runners or inside else track
                return None
        except Exception:
            # There is no such variable or attribute; or the thread has stored nothing yet.
            thing = None
        return slow(code, offset, thing)

    return on_instruction


def return_hooks(waits: Waits, over: Over) -> tuple[Any, Any]:
    """The callbacks of C_RETURN and C_RAISE."""
    parked, ident = waits.parked, _get_ident

    def on_return(code: CodeType, offset: int, _function: Any, _argument: Any) -> None:
        if parked and ident() in parked:
            over(code, offset, False)

    def on_raise(code: CodeType, offset: int, _function: Any, _argument: Any) -> None:
        if parked and ident() in parked:
            over(code, offset, True)

    return on_return, on_raise
