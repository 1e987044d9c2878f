"""One greenlet throws an exception into another, which breaks, and kills a third.

Both victims are parked when it happens. throw() resumes a greenlet where it stands, but in place of a value it finds
an exception there. brittle does not catch the ValueError and fails with it; the error goes on to its parent, which is
the thrower. tidy is thrown a GreenletExit, which is what throw() throws if it is told nothing else: it may clean up,
but then it ends, and that counts as an end like any other.

What to look for: two switches which are throws, each with thrower at its beginning. brittle ends as raised, tidy as
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
