"""Three greenlets run errands for one another and hand over a value at every switch.

The greenlet a first starts c and then b, handing each a value with switch(value). Both have a as their parent: when
they return, control and result go back to a, though neither of them names it. What a returns goes to its own parent,
the main program.

What to look for: main, a, c, a, b, a, main. A value goes with each of these six switches: three are handed over by
switch(value), three returned by one that ends. On Python 3.11 what is returned is not seen, only that it returned.

Runtime: greenlet
"""

from greenlet import greenlet


def a(errand):
    print(f"a: asked for {errand}")
    flour = from_c.switch("two cups")
    print(f"a: c brought {flour}")
    cake = from_b.switch(flour)
    print(f"a: b made {cake}")
    return cake


def b(flour):
    print(f"b: baking with {flour}")
    return "a cake"


def c(amount):
    print(f"c: weighing {amount}")
    return f"{amount} of flour"


from_a = greenlet(a)
from_b = greenlet(b, parent=from_a)
from_c = greenlet(c, parent=from_a)
print("main: got", from_a.switch("a cake"))
