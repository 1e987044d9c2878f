"""The same three pages are fetched three times: one after another, with gevent, and with asyncio.

The pages come from a server in a process of its own, which takes 0.3, 0.1 and 0.2 s to answer. One after another that
is 0.6 s. With greenlets or with tasks all three are waited for at once, in one thread, and it takes 0.3 s.

What to look for: on the left main waits for one page after another, and nobody else could run. Then three greenlets
wait side by side, and gevent's hub runs whichever has something to read. Then three tasks do the same below asyncio's
loop. Both times the pages arrive in the order of how long they take.

Runtime: asyncio
"""

import asyncio
import socket
import subprocess
import sys

import gevent
from gevent import socket as gevent_socket

SECONDS = {"slow": 0.3, "quick": 0.1, "medium": 0.2}
# An address in numbers needs no thread that looks it up.
gevent.config.resolver = "block"


async def answer(reader, writer):
    page = (await reader.readline()).decode().strip()
    await asyncio.sleep(SECONDS[page])
    writer.write(f"the {page} page".encode())
    await writer.drain()
    writer.close()


async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.to_thread(sys.stdin.read)


def fetch(page, port, sockets):
    with sockets.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(f"{page}\n".encode())
        print("got", connection.recv(100).decode())


async def fetch_as_task(page, port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"{page}\n".encode())
    print("got", (await reader.read(100)).decode())
    writer.close()


def one_after_another(port):
    print("one after another")
    for page in SECONDS:
        fetch(page, port, socket)


def with_gevent(port):
    print("with gevent")
    gevent.joinall([gevent.spawn(fetch, page, port, gevent_socket) for page in SECONDS])


async def with_asyncio(port):
    print("with asyncio")
    async with asyncio.TaskGroup() as tasks:
        for page in SECONDS:
            tasks.create_task(fetch_as_task(page, port), name=page)


def main():
    command = [sys.executable, __file__, "serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        port = int(server.stdout.readline())
        one_after_another(port)
        with_gevent(port)
        asyncio.run(with_asyncio(port))
        server.stdin.close()


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        asyncio.run(serve())
    else:
        main()
