"""Two cooks and a waiter, each a process, share a queue, a pipe, a lock, an array, and a list and a dict of a manager.

A cook puts each dish into the queue, and counts it in the array while it holds the lock. The waiter takes dishes from
the queue as they come, and asks the till for the price of each through a pipe: it sends the dish, and waits for the
answer. The till is the main process, which writes the bill into the manager's list and dict.

What to look for: each process is a group of rows, unless it is one row. The waiter waits in get() until a cook's feeder
thread sends a dish, and in recv() until main sends the price: each is an arrow from one process to another, with what
was sent. Main waits in recv() for the next dish, and in join() for the end of each process. The manager is a process of
its own: a change of its list is a message to it, and its answer is waited for.

What processes wait for, and who sends what, is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: processes
"""

from multiprocessing import get_context
from time import sleep

PRICES = {"pie": 4, "soup": 3, "cake": 5, "tea": 2}


def cook(dishes, ready, cooked, lock, number):
    for dish, minutes in dishes:
        sleep(minutes / 100)
        with lock:
            cooked[number] += 1
        ready.put(dish)


def wait_on(ready, till, count):
    for _ in range(count):
        till.send(ready.get())
        till.recv()
    till.send(None)


if __name__ == "__main__":
    fork = get_context("fork")
    ready, lock, cooked = fork.Queue(), fork.Lock(), fork.Array("i", 2, lock=False)
    ours, theirs = fork.Pipe()
    with fork.Manager() as manager:
        people = [
            fork.Process(target=cook, name="Al", args=([("soup", 5), ("cake", 10)], ready, cooked, lock, 0)),
            fork.Process(target=cook, name="Bo", args=([("pie", 10), ("tea", 10)], ready, cooked, lock, 1)),
            fork.Process(target=wait_on, name="waiter", args=(ready, theirs, 4)),
        ]
        for person in people:
            person.start()
        order, bill = manager.list(), manager.dict()
        while (dish := ours.recv()) is not None:
            order.append(dish)
            bill[dish] = PRICES[dish]
            ours.send(PRICES[dish])
        for person in people:
            person.join()
        prices = bill.copy()
        for dish in sorted(order[:]):
            print(f"main: {dish} is {prices[dish]}")
    print(f"main: {sum(prices.values())} in all, cooked {list(cooked)}")
