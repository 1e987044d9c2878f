"""A process forks two children; all three print their names, and the parent waits for both.

Each child walks through a generator of its own at its own pace, the quick one while the slow one still sleeps. They
share nothing but the terminal: each child has a copy of what the parent had when it forked.

What to look for: each child is a group of rows from the moment of its fork on, under its name and process id, with
all that runs in it; and all processes share one clock. The parent forks, sleeps in its first join until the quick
child has ended, and in its second one until the slow one has.

Runtime: processes
"""

import os
import time
from multiprocessing import current_process, get_context


def steps(pause):
    for step in ("first", "second"):
        time.sleep(pause)
        yield step


def introduce(pause, parent):
    me = current_process().name
    for step in steps(pause):
        whose = "the parent" if os.getppid() == parent else "somebody else"
        print(f"{me}: my {step} step; {whose} forked me", flush=True)


if __name__ == "__main__":
    fork = get_context("fork")
    children = [
        fork.Process(target=introduce, name=name, args=(pause, os.getpid()))
        for name, pause in (("slow", 0.4), ("quick", 0.1))
    ]
    print(f"{current_process().name}: I fork two", flush=True)
    for child in children:
        child.start()
    for child in reversed(children):
        child.join()
        print(f"{current_process().name}: {child.name} ended with {child.exitcode}", flush=True)
