"""Two greenlets pass control to each other by hand, and one of them is left behind.

test1 prints 12 and switches to test2, which prints 56 and switches back; test1 prints 34 and switches again; test2
prints 78 and ends. A greenlet that ends switches to its parent, which is the main program, not to the greenlet that
switched to it last: so the last line of test1 is never reached.

What to look for: main, test1, test2, test1, test2, main. After its second switch test1 stays suspended for ever, at the
expression `second.switch()`.

Runtime: greenlet
"""

from greenlet import greenlet


def test1():
    print(12)
    second.switch()
    print(34)
    second.switch()
    print("never printed")


def test2():
    print(56)
    first.switch()
    print(78)


first = greenlet(test1)
second = greenlet(test2)
first.switch()
