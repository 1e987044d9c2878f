"""Threads that wait for a lock, for an RLock, for one of three places, for an event, and for a condition.

The kitchen opens when the main thread sets an event, for which three cooks wait. They share one oven, which is a lock,
and each writes into the guest book twice at once, which takes an RLock: who has that can take it again. Five guests
want to sit down at three chairs, a semaphore that is bounded. A waiter serves as soon as the condition is met that
three pies are done.

What to look for: all three cooks become ready at the moment at which main sets the event. Then one holds the oven, and
two wait for it: each is woken by the one that leaves the oven. The first three guests sit down without waiting; the
fourth and the fifth wait until somebody gets up. The waiter is notified by every cook, and finds only at the third time
that there is enough to serve.

What threads wait for is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: threads
"""

import threading
import time

opened = threading.Event()
oven = threading.Lock()
book = threading.RLock()
chairs = threading.BoundedSemaphore(3)
table = threading.Condition()
pies = []


def write(name):
    with book:
        time.sleep(0.02)
        with book:
            pies.append(name)


def cook():
    opened.wait()
    with oven:
        time.sleep(0.1)
        write(threading.current_thread().name)
    with table:
        table.notify()


def waiter():
    with table:
        while len(pies) < 3:
            table.wait()
    print("waiter: serves", len(pies), "pies")


def guest():
    with chairs:
        time.sleep(0.2)


threads = [threading.Thread(target=waiter, name="waiter")]
threads += [threading.Thread(target=cook, name=f"cook {name}") for name in ("Ann", "Bob", "Cleo")]
threads += [threading.Thread(target=guest, name=f"guest {number}") for number in range(1, 6)]
for thread in threads:
    thread.start()
time.sleep(0.05)
print("main: opens the kitchen")
opened.set()
for thread in threads:
    thread.join()
print("main: closes")
