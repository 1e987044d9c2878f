"""Loads an application of FastAPI's under two workers of uvicorn's, by a client of aiohttp's in another process."""

import asyncio
import signal
import socket
import subprocess
import sys
import time

import aiohttp

KINDS = ("item", "price", "order")


async def ask(session, url, counts, numbers):
    for number in numbers:
        kind = KINDS[number % len(KINDS)]
        async with session.get(f"{url}/{kind}/{number}") as answer:
            answer = await answer.json()
        counts[kind] = counts.get(kind, 0) + (answer[kind] == number * (3 if kind == "price" else 1))


async def load(port):
    counts, numbers = {}, iter(range(1500))
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
        for _ in range(12):
            group.create_task(ask(session, f"http://127.0.0.1:{port}", counts, numbers))
    print(sorted(counts.items()))


def answers(port):
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


def main(directory, port):
    uvicorn = [sys.executable, "-m", "uvicorn", "--app-dir", directory, "--workers", "2", "--port", port, "shop:app"]
    server = subprocess.Popen([*uvicorn, "--log-level", "warning"])
    while not answers(int(port)):
        time.sleep(0.05)
    asyncio.run(load(int(port)))
    server.send_signal(signal.SIGTERM)
    print(server.wait())


if __name__ == "__main__":
    main(*sys.argv[1:])
