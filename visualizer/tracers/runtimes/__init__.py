"""A folder a runtime, and a row for each that is loaded when the program imports what it waits for.

Such code runs in the middle of an import of the program's, in any thread (core/late.py, loading.py). It imports what
the rest of the tracers does, and the modules that are imported here for it.
"""

import _functools  # type: ignore[import-not-found]  # noqa: F401
import builtins  # noqa: F401

from visualizer.tracers.core import unpatched  # noqa: F401
from visualizer.tracers.core.late import Row

_HERE = __name__

#: In the order in which they are told of a module that several wait for. One that is built on another needs no row
#: behind that: it has it loaded (`Context.of`).
TABLE = (
    Row(
        "greenlets", f"{_HERE}.greenlets.tracer:GreenletTracer", ("greenlet",),
        "on when greenlet is imported: greenlet.settrace",
    ),
    Row(
        "gevent", f"{_HERE}.gevent.tracer:GeventTracer",
        ("gevent.hub", "gevent.greenlet", "gevent.queue", "gevent.exceptions", "gevent.pywsgi", "gunicorn.http.wsgi"),
        "on when gevent is imported: a subclass of its loop, and greenlet.settrace",
    ),
    Row(
        "eventlet", f"{_HERE}.eventlet.tracer:EventletTracer", ("eventlet.hubs.hub", "eventlet.queue"),
        "on when eventlet is imported: its hub's timers, and greenlet.settrace",
    ),
    Row(
        "asyncio", f"{_HERE}.asyncio_.tracer:AsyncioTracer",
        ("asyncio.base_events", "asyncio", "uvloop", "aiohttp.web_protocol", "anyio._backends._asyncio"),
        "on when asyncio is imported: its loops' queues of ready handles",
    ),
    Row(
        "futures", f"{_HERE}.futures.tracer:FutureTracer", ("concurrent.futures._base",),
        "on when concurrent.futures is imported: an attribute of its Future",
    ),
)
