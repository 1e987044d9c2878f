"""Finds objects of a class among those that the cyclic garbage collector knows: one that has just been made, or all.

`gc.get_objects` gives a list of them. While Python code goes through that list the interpreter may let another thread
run, and everything in it lives on: what that thread drops is then not freed where the program expects it, and a tuple
that it is just making from an iterator cannot be made (SystemError: "bad argument to internal function"). So such a
list is made, searched and freed inside one call into C, in which the interpreter lets no other thread run.
"""

from __future__ import annotations

import gc
from _operator import indexOf, is_, itemgetter
from itertools import chain, compress, islice, repeat

from visualizer.tracers.core.collector import without

TYPE_CHECKING = False
if TYPE_CHECKING:  # `typing` is not imported into the program
    from collections.abc import Callable, Iterable, Iterator
    from typing import Any

#: So often at most another thread is found to have dropped something between two calls into C.
_TRIES = 20
#: The collector knows so many young objects at most where one is looked for: more only where it was switched off.
_MOST_YOUNG = 20_000
#: It has just run if it counts fewer than so many since.
_FEW = 100
_get_objects = gc.get_objects


def all_of(kind: type, derived: bool = False) -> list[Any]:
    """All objects of exactly that class; or, where it is a class without a metaclass of its own, of those `derived`."""
    return list(_each(kind, issubclass if derived else is_))


def _each(kind: type, fits: Callable[[type, type], bool]) -> Iterator[Any]:
    # Each stands there twice: one is taken, or not, for what the other's class is. (`tee` would keep the last of them.)
    twice = chain.from_iterable(map(repeat, chain.from_iterable(map(_get_objects, (None,))), repeat(2)))
    return compress(twice, map(fits, map(type, twice), repeat(kind)))


def youngest(
    kind: type,
    is_it: Callable[[Any], bool],
    read: Callable[[Any], Any] = type,
    wanted: Any = None,
    alone: bool = False,
    new: bool = True,
) -> Any:
    """The youngest object of exactly that class of which `is_it` is true; None if there is none.

    It is looked for only among objects of which `read` gives `wanted` (the class, unless told). `read` is C code that
    raises TypeError for objects of other classes. `alone`: no other thread of the program's can run meanwhile; then one
    look at each list is enough, which is twice as fast. `new`: it was made just now, so it is looked for among what is
    older than the collector's last run only if that may have been since.
    """
    wanted = kind if wanted is None else wanted

    def look(generations: Iterable[int]) -> Any:
        if alone:
            # The collector would collect nothing that is in the list, and take it for old.
            return without(lambda: _first(kind, is_it, generations, read, wanted))
        return _by_steps(kind, is_it, generations, read, wanted)

    if not new:
        return look(range(3))
    before = gc.get_count()
    if before[0] > _MOST_YOUNG:
        return None
    found = look((0,))
    if found is None:
        # On 3.12 what is due runs at the next call of a function in Python, even with the collector off: so here, too.
        after = gc.get_count()
        if after[0] < _FEW or after[1:] != before[1:]:
            found = look(range(3))
    return found


def _by_steps(
    kind: type, is_it: Callable[[Any], bool], generations: Iterable[int], read: Callable[[Any], Any], wanted: Any
) -> Any:
    """As `youngest`, while other threads may run."""
    for generation in generations:
        # How many objects were looked at, of the youngest.
        seen, tries = 0, _TRIES
        while tries:
            # What goes through a list is made after it, else it would be in it, and neither ever be freed.
            backwards = map(islice, map(reversed, map(_get_objects, (generation,))), (seen,), (None,))
            # By id: a metaclass of the program's may have an __eq__ of its own.
            index = map(indexOf, map(map, (id,), map(map, (type,), backwards)), (id(kind),))
            try:
                lengths = map(len, map(_get_objects, (generation,)))
                more, length = next(zip(index, lengths, strict=False))
            except ValueError:
                break
            seen += more + 1
            # From the beginning: what is made for the search stands at the end.
            take = itemgetter(length - seen)
            fits = map(is_, map(read, map(take, map(_get_objects, (generation,)))), (wanted,))
            try:
                found = next(compress(map(take, map(_get_objects, (generation,))), fits), None)
            except (IndexError, TypeError):
                seen, tries = 0, tries - 1
                continue
            if found is not None and is_it(found):
                return found
    return None


def _first(
    kind: type, is_it: Callable[[Any], bool], generations: Iterable[int], read: Callable[[Any], Any], wanted: Any
) -> Any:
    """As `youngest`, by one look at each list."""
    for generation in generations:
        for thing in reversed(_get_objects(generation)):
            if type(thing) is kind and read(thing) is wanted and is_it(thing):
                return thing
    return None
