"""Three pages are fetched at once through one session of aiohttp, and arrive in the order of how long they take.

One thread does all of it. A task that waits for its page is suspended, and asyncio's loop resumes it when something has
arrived on its socket. The pages come from a server in this same program, which takes 0.3, 0.1 and 0.2 s to answer.

What to look for: slow, quick and medium ask one after another, within a millisecond or two, and then wait, each on its
own socket. quick is the first to go on, then medium, then slow. Each request also has a task in the server, which
sleeps, and the whole takes 0.3 s instead of 0.6 s.

Runtime: asyncio
Needs: aiohttp
"""

import asyncio

from aiohttp import ClientSession, web

SECONDS = {"slow": 0.3, "quick": 0.1, "medium": 0.2}


async def serve(request):
    page = request.match_info["page"]
    await asyncio.sleep(SECONDS[page])
    return web.Response(text=f"the {page} page")


async def fetch(session, url):
    async with session.get(url) as response:
        print("got", await response.text())


async def main():
    app = web.Application()
    app.router.add_get("/{page}", serve)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port = runner.addresses[0]
    async with ClientSession() as session:
        pages = [
            asyncio.create_task(fetch(session, f"http://{host}:{port}/{page}"), name=page) for page in SECONDS
        ]
        await asyncio.gather(*pages)
    await runner.cleanup()


if __name__ == "__main__":
    asyncio.run(main())
