"""The measured program: repeats one operation, as often as it is asked to, and says how long that took.

    python work.py OPERATION [noop | store | floor LIBRARY]

Each line on stdin is a number of operations; each line on stdout is the nanoseconds that those took, and the peak of
this process's memory in KiB. With `noop` a hook that does nothing is in place, the cheapest that a tracer in Python
could be; with `store` one that stores the time and two integers in a list, the cheapest that could record anything.
With `floor` it is the cheapest in C that could record anything: floor.c, which was compiled into that file.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import queue as native_queue
import resource
import select
import selectors
import socket as native_socket
import sys
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.util import module_from_spec, spec_from_file_location
from itertools import chain
from time import monotonic_ns, perf_counter_ns
from typing import Any

import gevent  # type: ignore[import-untyped]
import greenlet  # type: ignore[import-untyped]
from gevent import event, queue, socket

# Another tracer may run this file without its directory on the path.
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))


def generator_send(count: int) -> None:
    from echo import echo  # type: ignore[import-not-found]

    generator = echo()
    next(generator)
    send = generator.send
    for _ in range(count):
        send(1)


def numbers_yielded(count: int) -> None:
    from echo import numbers

    for _ in numbers(count):
        pass


def objects_yielded(count: int) -> None:
    from echo import objects

    for _ in objects(count):
        pass


def generators_made(count: int) -> None:
    from echo import numbers

    for _ in range(count):
        for _ in numbers(1):
            pass


def greenlet_switch_value(count: int) -> None:
    main = greenlet.getcurrent()

    def back(number: int) -> None:
        while True:
            number = main.switch(number)

    other = greenlet.greenlet(back)
    for number in range(count // 2):
        other.switch(number)


def greenlet_switch(count: int) -> None:
    main = greenlet.getcurrent()

    def back() -> None:
        while True:
            main.switch()

    other = greenlet.greenlet(back)
    # There and back are two.
    for _ in range(count // 2):
        other.switch()


def sleep0(count: int) -> None:
    sleep = gevent.sleep
    for _ in range(count):
        sleep(0)


def queue_hand_over(count: int) -> None:
    items: queue.Queue[int] = queue.Queue(1)

    def producer() -> None:
        for number in range(count):
            items.put(number)

    gevent.spawn(producer)
    for _ in range(count):
        items.get()


class Crowd:
    """Five hundred who put into a queue with room for one, and five hundred who get while there is something to do."""

    def __init__(self) -> None:
        self._items: queue.Queue[int] = queue.Queue(1)
        self._begun, self._over = event.Event(), event.Event()
        self._left = 0
        for work in (self._put, self._get):
            for _ in range(500):
                gevent.spawn(work)

    def _put(self) -> None:
        while True:
            self._items.put(1)

    def _get(self) -> None:
        while True:
            self._begun.wait()
            self._items.get()
            self._left -= 1
            if self._left <= 0:
                self._begun.clear()
                self._over.set()

    def hand_over(self, count: int) -> None:
        self._left = count
        self._over.clear()
        self._begun.set()
        self._over.wait()


def crowded_hand_over(count: int) -> None:
    if not crowds:
        crowds.append(Crowd())
    crowds[0].hand_over(count)


crowds: list[Crowd] = []


def nothing() -> None:
    pass


def spawn_join(count: int) -> None:
    for _ in range(count):
        gevent.spawn(nothing).join()


def socket_ping_pong(count: int) -> None:
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def server() -> None:
        end, _ = listener.accept()
        while message := end.recv(16):
            end.sendall(message)
        end.close()

    serving = gevent.spawn(server)
    client = socket.create_connection(listener.getsockname())
    for _ in range(count):
        client.sendall(b"ping")
        client.recv(16)
    client.close()
    serving.join()
    listener.close()


async def _turns(count: int) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def _hundred(count: int) -> None:
    await asyncio.gather(*[_turns(count // 100) for _ in range(100)])


def asyncio_sleep0(count: int) -> None:
    asyncio.run(_hundred(count))


async def _handed_over(count: int) -> None:
    items: asyncio.Queue[int] = asyncio.Queue(1)

    async def producer() -> None:
        for number in range(count):
            await items.put(number)

    task = asyncio.create_task(producer())
    for _ in range(count):
        await items.get()
    await task


def asyncio_queue(count: int) -> None:
    asyncio.run(_handed_over(count))


class Service:
    """A server of aiohttp's, and a client of it on one kept connection, in one loop."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._session, self._url = self._runner.run(self._begin())

    async def _begin(self) -> tuple[Any, str]:
        import aiohttp
        from aiohttp import web

        async def hello(_: web.Request) -> web.Response:
            return web.Response(text="hello")

        app = web.Application()
        app.router.add_get("/", hello)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        return aiohttp.ClientSession(), f"http://{host}:{port}/"

    def work(self, count: int) -> None:
        self._runner.run(self._requests(count))

    async def _requests(self, count: int) -> None:
        for _ in range(count):
            async with self._session.get(self._url) as response:
                await response.read()


services: list[Service] = []


def aiohttp_request(count: int) -> None:
    if not services:
        services.append(Service())
    services[0].work(count)


lock = threading.Lock()


def begin_thread() -> None:
    if not threads:
        threads.append(threading.Thread(target=nothing))
        threads[0].start()
        threads[0].join()


def thread_lock(count: int) -> None:
    begin_thread()
    for _ in range(count):
        lock.acquire()
        lock.release()


threads: list[threading.Thread] = []


def thread_lock_hand_over(count: int) -> None:
    mine, others = threading.Lock(), threading.Lock()
    mine.acquire()
    others.acquire()

    def other() -> None:
        for _ in range(count // 2):
            others.acquire()
            mine.release()

    thread = threading.Thread(target=other)
    thread.start()
    for _ in range(count // 2):
        others.release()
        mine.acquire()
    thread.join()


def thread_queue_hand_over(count: int) -> None:
    items: native_queue.Queue[int] = native_queue.Queue(1)

    def producer() -> None:
        for number in range(count):
            items.put(number)

    thread = threading.Thread(target=producer)
    thread.start()
    for _ in range(count):
        items.get()
    thread.join()


def pool_map(count: int) -> None:
    if not pools:
        pools.append(multiprocessing.get_context("fork").Pool(2))
    pools[0].map(abs, range(count), 10)


pools: list[Any] = []


def selected(count: int) -> None:
    reading, writing = os.pipe()
    with selectors.DefaultSelector() as selector:
        selector.register(reading, selectors.EVENT_READ)
        for _ in range(count):
            os.write(writing, b"x")
            selector.select()
            os.read(reading, 1)
    os.close(reading)
    os.close(writing)


class Watched:
    """Pipes of which the first can be read, for as long as nobody does."""

    def __init__(self, count: int) -> None:
        self._pipes = [os.pipe() for _ in range(count)]
        os.write(self._pipes[0][1], b"x")
        self.readers = [reading for reading, _ in self._pipes]

    def close(self) -> None:
        for end in chain.from_iterable(self._pipes):
            os.close(end)


def selected_again(descriptors: int, count: int) -> None:
    watched = Watched(descriptors)
    with selectors.DefaultSelector() as selector:
        for reader in watched.readers:
            selector.register(reader, selectors.EVENT_READ)
        for _ in range(count):
            selector.select()
    watched.close()


def select_again(count: int) -> None:
    begin_thread()
    watched = Watched(10)
    for _ in range(count):
        select.select(watched.readers, [], [])
    watched.close()


def polled_again(count: int) -> None:
    begin_thread()
    watched = Watched(10)
    poll = select.poll()
    for reader in watched.readers:
        poll.register(reader, select.POLLIN)
    for _ in range(count):
        poll.poll()
    watched.close()


def future_result(count: int) -> None:
    with ThreadPoolExecutor(1) as executor:
        for _ in range(count):
            executor.submit(nothing).result()


def socket_hand_over(count: int) -> None:
    mine, others = native_socket.socketpair()

    def other() -> None:
        for _ in range(count):
            others.send(others.recv(1))

    thread = threading.Thread(target=other)
    thread.start()
    for _ in range(count):
        mine.send(b"x")
        mine.recv(1)
    thread.join()
    mine.close()
    others.close()


OPERATIONS: dict[str, Callable[[int], None]] = {
    "send": generator_send,
    "numbers": numbers_yielded,
    "objects": objects_yielded,
    "births": generators_made,
    "switch": greenlet_switch,
    "switch_value": greenlet_switch_value,
    "sleep0": sleep0,
    "queue": queue_hand_over,
    "crowd": crowded_hand_over,
    "spawn": spawn_join,
    "socket": socket_ping_pong,
    "task0": asyncio_sleep0,
    "task_queue": asyncio_queue,
    "request": aiohttp_request,
    "lock": thread_lock,
    "lock_over": thread_lock_hand_over,
    "queue_over": thread_queue_hand_over,
    "pool_map": pool_map,
    "select": selected,
    "select_one": partial(selected_again, 1),
    "select_many": partial(selected_again, 400),
    "select_lists": select_again,
    "poll": polled_again,
    "future": future_result,
    "socket_over": socket_hand_over,
}


#: The others that have a hook of greenlet's.
OF_GENERATORS = ("send", "numbers", "objects", "births")


def noop(*_: Any) -> None:
    pass


def storing() -> Callable[..., None]:
    rows: list[int] = []

    def store(_first: object, _second: object, _third: object = None) -> None:
        rows.extend((monotonic_ns(), 1, 2))
        if len(rows) > 100_000:
            rows.clear()

    return store


def monitor(hooks: dict[str, Callable[..., Any]]) -> None:
    """Have these called at the events of the measured generators (3.12 and later)."""
    from echo import echo, numbers, objects

    if sys.version_info < (3, 12):
        return
    monitoring = sys.monitoring
    monitoring.use_tool_id(monitoring.PROFILER_ID, "benchmark")
    numbered = {getattr(monitoring.events, name): hook for name, hook in hooks.items()}
    for number, hook in numbered.items():
        monitoring.register_callback(monitoring.PROFILER_ID, number, hook)
    for code in (echo.__code__, numbers.__code__, objects.__code__):
        monitoring.set_local_events(monitoring.PROFILER_ID, code, sum(numbered))


def install(hook: Callable[..., None], operation: str) -> None:
    if operation not in OF_GENERATORS:
        greenlet.settrace(hook)
    elif sys.version_info >= (3, 12):
        monitor(dict.fromkeys(("PY_START", "PY_RESUME", "PY_YIELD", "PY_RETURN"), hook))
    else:
        sys.setprofile(hook)


def install_floor(path: str, operation: str) -> None:
    spec = spec_from_file_location("floor", path)
    assert spec is not None
    assert spec.loader is not None
    floor: Any = module_from_spec(spec)
    spec.loader.exec_module(floor)
    if operation not in OF_GENERATORS:
        floor.watch_switches(greenlet.greenlet, greenlet._C_API)
        its = gevent.hub.Hub.__dict__["loop_class"]
        gevent.hub.Hub.loop_class = property(lambda hub: told_loop(its.__get__(hub), floor.told))
    elif sys.version_info >= (3, 12):
        # What begins was made as well.
        monitor(dict.fromkeys(("PY_RESUME", "PY_YIELD", "PY_RETURN"), floor.row) | {"PY_START": floor.two_rows})
    else:
        floor.watch_generators()


def told_loop(base: Any, told: Callable[[Any], Any]) -> Any:
    return type(base.__name__, (base,), {"run_callback": told(base.run_callback)})


def main() -> None:
    operation, hook = OPERATIONS[sys.argv[1]], sys.argv[2:]
    if hook[:1] == ["floor"]:
        install_floor(hook[1], sys.argv[1])
    elif hook:
        install(noop if hook == ["noop"] else storing(), sys.argv[1])
    for line in sys.stdin:
        began = perf_counter_ns()
        operation(int(line))
        took = perf_counter_ns() - began
        print(took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, flush=True)


if __name__ == "__main__":
    main()
