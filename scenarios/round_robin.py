"""A scheduler of a dozen lines keeps generators in a queue and resumes them in turn until none is left.

A bare `yield` means: let the others run, then come back to me. The task goes to the end of the queue. A task that
yields another task means: do not come back before that one has ended. It leaves the queue, and returns when that has
happened. Tasks in the queue are ready; the one outside it waits.

What to look for: letters, numbers, report, letters, numbers, letters, numbers, letters, report. Each ready task gets
one step in each round, so that letters and numbers never get ahead of each other. report is left out of the rounds
while it waits. And no task ever switches to another: between two of them the scheduler always runs.

Runtime: generator
"""

from collections import deque


def letters():
    for letter in "abc":
        print("letters:", letter)
        yield


def numbers():
    for number in (1, 2):
        print("numbers:", number)
        yield


def report(awaited):
    print("report: waiting for the letters")
    yield awaited
    print("report: the letters are done")


def schedule(*tasks):
    ready = deque(tasks)
    waiting = {}
    while ready:
        task = ready.popleft()
        try:
            awaited = next(task)
        except StopIteration:
            if task in waiting:
                ready.append(waiting.pop(task))
            continue
        if awaited is None:
            ready.append(task)
        else:
            waiting[awaited] = task


if __name__ == "__main__":
    alphabet = letters()
    schedule(alphabet, numbers(), report(alphabet))
