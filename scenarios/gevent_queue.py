"""A baker fills a shelf from which customers take, and everybody has to wait for somebody.

The shop is closed until the doorkeeper sets an event. On the shelf, a bounded queue, is room for one loaf, so that the
baker has to wait for a customer; and when it is empty, the customers for the baker. The till is a semaphore for one at
a time. The shop, a pool, holds two customers: the third has to be kept outside until one of them leaves.

What to look for: each of the four waits has another object and another waker. Whoever takes a loaf wakes the baker;
the baker wakes who is next in line; who has paid wakes the next at the till; and the customer who leaves lets the
third one in.

Runtime: gevent
"""

import gevent
from gevent.event import Event
from gevent.lock import Semaphore
from gevent.pool import Pool
from gevent.queue import Queue

opened = Event()
shelf = Queue(maxsize=1)
till = Semaphore(1)
shop = Pool(2)


def baker():
    for loaf in range(1, 7):
        shelf.put(loaf)
        print("baker: put loaf", loaf)


def customer(name):
    opened.wait()
    loaves = [shelf.get(), shelf.get()]
    with till:
        print(f"{name}: pays for loaves {loaves}")
        gevent.sleep(0.1)
    print(f"{name}: leaves")


def doorkeeper():
    shop.spawn(customer, "Ann")
    shop.spawn(customer, "Ben")
    gevent.sleep(0.1)
    print("doorkeeper: opens")
    opened.set()
    shop.spawn(customer, "Cleo")
    print("doorkeeper: the last one is in")
    shop.join()


if __name__ == "__main__":
    gevent.joinall([gevent.spawn(baker), gevent.spawn(doorkeeper)])
