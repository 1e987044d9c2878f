"""Two pools of two processes square numbers: multiprocessing's Pool with a callback, then a ProcessPoolExecutor.

Each number takes its worker a different time. A pool puts its tasks into a queue that all of its workers read: who is
done takes the next one. The results come back through another queue, to a thread of the main process, which calls the
callback, or sets the result of the future that main waits for.

What to look for: the workers are processes of their own. Each waits for a task in the queue, and an arrow leads there
from the thread of the pool that sends it, with the task, and one back with the result. Main waits for the results, and
thereafter for the ends of the processes.

What processes wait for, and who sends what, is recorded from Python 3.12 on; on 3.11 by the recorder in C.

Runtime: processes
"""

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from time import sleep

NUMBERS = (4, 1, 3, 2, 5)


def square(number):
    sleep(number / 40)
    return number * number


if __name__ == "__main__":
    fork = get_context("fork")
    squares = []
    pool = fork.Pool(2)
    asked = [pool.apply_async(square, (number,), callback=squares.append) for number in NUMBERS]
    for number, one in zip(NUMBERS, asked, strict=True):
        print(f"pool: {number} squared is {one.get()}")
    pool.close()
    pool.join()
    print(f"pool: the callback saw {sorted(squares)}", flush=True)
    with ProcessPoolExecutor(2, mp_context=fork) as executor:
        for number, result in zip(NUMBERS, executor.map(square, NUMBERS), strict=True):
            print(f"executor: {number} squared is {result}")
