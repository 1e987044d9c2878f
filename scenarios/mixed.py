"""gevent, two threads, a pool of processes and an asyncio loop hand work to each other.

Customers, gevent's greenlets, put their orders into a queue. A thread, the cashier, takes them out and has a pool of
two processes compute what each costs. The bills go to an asyncio loop in another thread.

What to look for: one timeline for all of them. An order crosses from a greenlet to the cashier's thread, from there
through the pool's own threads to a process, and back as a result; a bill from the main thread to a task. Each of these
hand-overs says who made whom ready. (What threads and processes wait for is recorded from Python 3.12 on, or in C.)

Runtime: processes
"""

import asyncio
import multiprocessing
import queue
import threading
from concurrent.futures import ProcessPoolExecutor

import gevent

ORDERS = {"Ann": 3, "Bob": 2}


def price(count):
    total = 0
    for number in range(count * 200_000):
        total += number * number % 97
    return total % 97


def cashier(orders, pool, bills):
    asked = [(name, pool.submit(price, count)) for name, count in iter(orders.get, None)]
    for name, answer in asked:
        bills.append((name, answer.result()))


async def send(name, total):
    await asyncio.sleep(0.05)
    print(f"{name} pays {total}")


def post(loop):
    asyncio.set_event_loop(loop)
    loop.run_forever()


def customer(name, count, orders):
    gevent.sleep(0.05 * count)
    orders.put((name, count))


def main():
    orders, bills, loop = queue.Queue(), [], asyncio.new_event_loop()
    # Not forked: that is not safe beside other threads.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(2, mp_context=spawning) as pool:
        office = threading.Thread(target=post, args=(loop,), name="post")
        till = threading.Thread(target=cashier, args=(orders, pool, bills), name="cashier")
        office.start()
        till.start()
        gevent.joinall([gevent.spawn(customer, *order, orders) for order in ORDERS.items()])
        orders.put(None)
        till.join()
        for bill in bills:
            asyncio.run_coroutine_threadsafe(send(*bill), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        office.join()


if __name__ == "__main__":
    main()
