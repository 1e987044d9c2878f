"""Two coroutines sleep for a second in one thread, and all of it takes one second.

asyncio makes a task of each. One thread runs them both, and the event loop decides whose turn it is: a task that awaits
something gives the thread back to the loop.

What to look for: below the thread the loop, and below that its tasks. main spawns first and second and waits for both.
first says hello and sleeps, then second does. From then on nothing runs: the loop is idle until the timers expire, and
first is the first to go on.

Runtime: asyncio
"""

import asyncio


async def hello(name):
    print(f"{name}: hello")
    await asyncio.sleep(1)
    print(f"{name}: hello again")


async def main():
    async with asyncio.TaskGroup() as group:
        group.create_task(hello("first"), name="first")
        group.create_task(hello("second"), name="second")


if __name__ == "__main__":
    asyncio.run(main())
