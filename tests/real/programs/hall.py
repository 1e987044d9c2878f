"""A server of aiohttp's and its clients, which ask it 3000 times over a few connections, in one loop."""

import asyncio

from aiohttp import ClientSession, TCPConnector, web


async def greet(request):
    await asyncio.sleep(0.001)
    return web.json_response({"hello": request.match_info["name"]})


async def count(request):
    total = 0
    async for line in request.content:
        total += len(line)
    return web.Response(text=str(total))


async def visit(session, url, names, right):
    for number in names:
        async with session.get(f"{url}/hello/{number}") as answer:
            right.append((await answer.json())["hello"] == str(number))
        if number % 10 == 0:
            async with session.post(f"{url}/count", data=b"line\n" * 50) as answer:
                right.append(await answer.text() == "250")


async def main():
    app = web.Application()
    app.add_routes([web.get("/hello/{name}", greet), web.post("/count", count)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    names, right = iter(range(3000)), []
    async with ClientSession(connector=TCPConnector(limit=8)) as session:
        await asyncio.gather(*(visit(session, url, names, right) for _ in range(10)))
    await runner.cleanup()
    print(len(right), all(right))


asyncio.run(main())
