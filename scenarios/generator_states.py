"""One generator is led through its four states: created, running, suspended and closed.

It is started with next(), continued with send(), disturbed with throw(), which it catches, and ended with close().
Before and after each step the script prints what `inspect.getgeneratorstate` says; the generator prints the same about
itself, and that is the only moment at which anybody can see it running.

What to look for: the track begins as created, long before its first line runs. Each of the four ways in is named in
its switch, and a generator that catches what is thrown into it is suspended again, not failed.

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
