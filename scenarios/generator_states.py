"""One generator goes through its four states: created, running, suspended and closed.

It is started with next(), continued with send(), interrupted with throw(), which it catches, and ended with close().
Before and after each step the script prints what `inspect.getgeneratorstate` returns; the generator prints the same
about itself, which is the only moment at which it can be seen running.

What to look for: the track begins as created, long before its first line runs. Each switch names one of the four ways
to resume a generator, and one that catches a thrown exception is suspended again, not failed.

Runtime: generator
"""

from inspect import getgeneratorstate


def walk():
    print("inside:", getgeneratorstate(walker))
    sent = yield "first stop"
    print("was sent:", sent)
    try:
        yield "second stop"
    except ValueError as error:
        print("was thrown:", error)
    yield "third stop"


walker = walk()
print("before:", getgeneratorstate(walker))
print("next gives:", next(walker))
print("then:", getgeneratorstate(walker))
print("send gives:", walker.send("hello"))
print("throw gives:", walker.throw(ValueError("a stone")))
print("then:", getgeneratorstate(walker))
walker.close()
print("after:", getgeneratorstate(walker))
