"""A small web server answers four clients, each request in a task of its own, all in one thread.

The index page sleeps for 0.1 s, as if it asked a database; the greeting is there at once. While one request sleeps the
loop serves the others.

What to look for: two clients ask for the index and wait 0.1 s for it. Meanwhile Ann and Bob get their greetings: the
requests do not wait for each other. Between the requests nothing runs, and the loop is idle.

Runtime: asyncio
Needs: aiohttp
"""

import asyncio

from aiohttp import ClientSession, web


async def index(request):
    await asyncio.sleep(0.1)
    return web.Response(text="This is the index.")


async def greet(request):
    return web.Response(text=f"Hello, {request.match_info['name']}!")


async def client(url, after_s):
    await asyncio.sleep(after_s)
    async with ClientSession() as session, session.get(url) as response:
        print(await response.text())


async def main():
    app = web.Application()
    app.add_routes([web.get("/", index), web.get("/hello/{name}", greet)])
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    site = f"http://{host}:{port}"
    async with asyncio.TaskGroup() as clients:
        clients.create_task(client(f"{site}/", 0), name="reader-1")
        clients.create_task(client(f"{site}/hello/Ann", 0.01), name="Ann")
        clients.create_task(client(f"{site}/", 0.02), name="reader-2")
        clients.create_task(client(f"{site}/hello/Bob", 0.03), name="Bob")
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
