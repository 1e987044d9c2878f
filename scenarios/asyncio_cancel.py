"""A kitchen in which orders are cancelled: a task group, a queue, a lock, a time limit, and tasks that must stop.

Two cooks take orders from one queue and share one oven, which is a lock. The waiter takes an order back. The kitchen
closes after a while, whatever is still in the oven, and the radio, which would play for ever, is switched off.

What to look for: cook Bo waits for the oven as long as cook Al has it: the lock's holder releases it and so wakes him.
The waiter cancels the cake (with a message), which waits for the oven too; who cancelled it is told with the line. The
limit of 0.2 s ends main's wait for the orders: nobody cancelled it, its time was over. Last, main cancels both cooks
and the radio.

Runtime: asyncio
"""

import asyncio


async def cook(name, orders, oven):
    while True:
        dish = await orders.get()
        async with oven:
            await asyncio.sleep(0.1)
        print(f"{name}: {dish} is done")
        orders.task_done()


async def cake(oven):
    await asyncio.sleep(0.05)
    async with oven:
        await asyncio.sleep(1)


async def waiter(orders, order):
    for dish in ("pie", "bread", "pizza", "roast", "soup"):
        await orders.put(dish)
    await asyncio.sleep(0.05)
    order.cancel("no cake after all")
    try:
        await order
    except asyncio.CancelledError as cancelled:
        print(f"waiter: cancelled, {cancelled}")


async def radio():
    try:
        while True:
            await asyncio.sleep(0.25)
    finally:
        print("radio: off")


async def main():
    orders, oven = asyncio.Queue(2), asyncio.Lock()
    playing = asyncio.create_task(radio(), name="radio")
    cooks = [asyncio.create_task(cook(name, orders, oven), name=name) for name in ("Al", "Bo")]
    async with asyncio.TaskGroup() as evening:
        order = evening.create_task(cake(oven), name="cake")
        evening.create_task(waiter(orders, order), name="waiter")
    try:
        async with asyncio.timeout(0.2):
            await orders.join()
    except TimeoutError:
        print("main: the kitchen closes")
    for task in (*cooks, playing):
        task.cancel()
    await asyncio.wait([*cooks, playing])


if __name__ == "__main__":
    asyncio.run(main())
