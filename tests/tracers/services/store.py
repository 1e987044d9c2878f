"""Key-value store over asyncio streams, with a replica that each write goes to."""

import asyncio
import json
import time


async def replica(reader, writer):
    while line := await reader.readline():
        await asyncio.sleep(0.012)
        writer.write(b"stored " + line)
        await writer.drain()
    writer.close()


class Store:
    def __init__(self):
        self.data = {}
        self.write_lock = asyncio.Lock()
        self.replica = None
        self.changes = {}
        self.subscriptions = set()
        self.loaded = False
        self.lag = []
        self.connections = 0

    async def connect(self, port):
        self.replica = await asyncio.open_connection("127.0.0.1", port)
        self.replica_lock = asyncio.Lock()

    async def replicate(self, key):
        reader, writer = self.replica
        writer.write(key.encode() + b"\n")
        await writer.drain()
        return await reader.readline()

    async def put(self, key, value):
        async with self.write_lock:
            self.data[key] = value
            await self.replicate(key)
        subscription = asyncio.create_task(self.subscription(key), name=f"subscription {key}")
        self.subscriptions.add(subscription)
        subscription.add_done_callback(self.subscriptions.discard)

    async def subscription(self, key):
        changed = self.changes.setdefault(key, asyncio.Event())
        await changed.wait()

    def snapshot(self):
        rows = [{"key": f"k{i}", "value": list(range(20))} for i in range(60_000)]
        return json.loads(json.dumps(rows))

    async def serve(self, reader, writer):
        self.connections += 1
        try:
            while line := await reader.readline():
                verb, key, *value = line.decode().split()
                if verb == "put":
                    await self.put(key, value)
                elif verb == "snapshot":
                    self.snapshot()
                writer.write(b"ok\n")
                await writer.drain()
        finally:
            writer.close()

    async def load(self):
        await asyncio.sleep(0.3)
        self.loaded = True

    async def when_loaded(self):
        while not self.loaded:
            await asyncio.sleep(0)
        return len(self.data)

    async def measure_lag(self):
        while True:
            await asyncio.sleep(0.005)
            self.lag.append(time.monotonic())


async def compact(rounds, size):
    table = list(range(size))
    for _ in range(rounds):
        table = [x ^ 1 for x in table]
        await asyncio.sleep(0)


async def client(port, lines):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for line in lines:
        writer.write(line.encode() + b"\n")
        await writer.drain()
        await reader.readline()
    writer.close()


async def main():
    replica_server = await asyncio.start_server(replica, "127.0.0.1", 0)
    store = Store()
    await store.connect(replica_server.sockets[0].getsockname()[1])
    server = await asyncio.start_server(store.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]

    await asyncio.gather(store.load(), store.when_loaded())

    async with asyncio.TaskGroup() as group:
        for i in range(8):
            group.create_task(client(port, [f"put key{i}.{j} x" for j in range(3)]), name=f"client {i}")

    async with asyncio.TaskGroup() as group:
        group.create_task(client(port, ["snapshot all"]), name="snapshot client")
        group.create_task(client(port, ["get a", "get b", "get c"]), name="reader")

    await client(port, [f"put key{i}.9 x" for i in range(9)])
    lag = asyncio.create_task(store.measure_lag(), name="lag")
    async with asyncio.TaskGroup() as group:
        for i in range(10):
            group.create_task(compact(10, 70_000), name=f"compact {i}")
    await asyncio.sleep(0.05)
    lag.cancel()
    await client(port, [f"put key{i}.10 x" for i in range(9)])
    store.replica[1].close()
    await asyncio.sleep(0.02)
    server.close()
    replica_server.close()
    print("keys", len(store.data), "connections", store.connections)


asyncio.run(main())
