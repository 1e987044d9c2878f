"""Five threads sleep, each for a time of its own, and the main thread joins them with and without a time limit.

Two are daemons: the program does not wait for these, and one of them still sleeps when it ends. The main thread joins
"quick" without a limit and is there when it ends. It joins "slow" for 0.1 s at most, which is too short, and goes on.
It never joins "late": the interpreter itself waits for that one at the end, because it is no daemon.

What to look for: each thread has a row, which begins where the main thread started it. A thread that sleeps waits; it
does not run. Main waits in its first join until quick ends, and in its second one until the time limit is over. What it
waits for last is the end of the threads that are no daemons. The clock daemon is woken again and again until then; the
night watch never wakes, and is cut off.

What threads wait for is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: threads
"""

import threading
import time


def sleeper(seconds):
    time.sleep(seconds)
    print(f"{threading.current_thread().name}: has slept enough")


def clock():
    while True:
        time.sleep(0.15)


def watch():
    time.sleep(3600)


quick = threading.Thread(target=sleeper, args=(0.1,), name="quick")
slow = threading.Thread(target=sleeper, args=(0.5,), name="slow")
late = threading.Thread(target=sleeper, args=(0.8,), name="late")
for thread in (
    quick, slow, late,
    threading.Thread(target=clock, name="clock", daemon=True),
    threading.Thread(target=watch, name="night watch", daemon=True),
):
    thread.start()

quick.join()
print("main: quick has ended")
slow.join(0.1)
print("main: has waited 0.1 s for slow, or less")
