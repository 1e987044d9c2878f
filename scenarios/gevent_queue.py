"""A baker fills a shelf from which customers take bread, and every greenlet has to wait for another.

The shop is closed until the doorkeeper sets an event. The shelf is a bounded queue with room for one loaf: if it is
full, the baker waits for a customer; if it is empty, the customers wait for the baker. The till is a semaphore for one
customer at a time. The shop is a pool of two customers: the third has to wait outside until one of them leaves.

What to look for: each of the four waits has a different object and a different waker. A customer who takes a loaf
wakes the baker; the baker wakes the next customer in the queue; a customer who has paid wakes the next one at the
till; and a customer who leaves lets the third one in.

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
