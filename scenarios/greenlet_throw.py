"""One greenlet throws an exception into another, which fails, and kills a third.

Both victims are suspended when it happens. throw() resumes a greenlet at that point, but with an exception instead of
a value. brittle does not catch the ValueError and fails with it; the error propagates to its parent, which is the
thrower. tidy gets a GreenletExit, which is what throw() throws without arguments: it may clean up, but then it ends,
and that counts as a normal end.

What to look for: two switches that are throws, each with thrower as its origin. brittle ends as raised, tidy as
killed, and both times control goes back to their parent.

Runtime: greenlet
"""

from greenlet import greenlet


def brittle():
    print("brittle: parked")
    the_thrower.switch()
    print("never printed")


def tidy():
    print("tidy: parked")
    try:
        the_thrower.switch()
    finally:
        print("tidy: cleaning up")


def thrower():
    brittle_one.switch()
    tidy_one.switch()
    try:
        brittle_one.throw(ValueError("a stone"))
    except ValueError as error:
        print("thrower: brittle failed with", repr(error))
    end = tidy_one.throw()
    print("thrower: tidy ended with", repr(end))


the_thrower = greenlet(thrower)
brittle_one = greenlet(brittle, parent=the_thrower)
tidy_one = greenlet(tidy, parent=the_thrower)
the_thrower.switch()
