"""Greenlets that switch at random, die, are thrown into, collected and forked in the middle: nothing of it changes."""

from __future__ import annotations

from random import Random

import pytest

from tests.soak import SOAK, count
from tests.tracers.conftest import TraceSource
from tests.tracers.traced import bare

#: Its arguments: a seed, and so many switches. What it does is up to the seed alone, and told as it is done: garbage is
#: collected when the seed says so, and threads are waited for.
_FUZZ = """
    import gc
    import os
    import random
    import sys
    import threading
    import warnings
    import zlib

    from greenlet import GreenletExit, getcurrent, greenlet

    # A thread that was waited for may still be one to the operating system.
    warnings.simplefilter("ignore", DeprecationWarning)
    gc.disable()
    seed, most = sys.argv[1], int(sys.argv[2])
    chance, by_itself = random.Random(seed), random.Random(seed + " of another thread")
    main = getcurrent()
    live = []
    switches = collected = told = 0

    class Own(greenlet):
        pass

    class Thing:
        def __del__(self):
            global collected
            collected += 1
            tell("collected", collected)
            if chance.random() < 0.3:
                tell("inside", greenlet(lambda: 1).switch())

    def tell(*what):
        global told
        told = zlib.crc32(repr(what).encode(), told)

    def numbers(count):
        got = None
        for number in range(count):
            got = yield number if got is None else got

    def through(count, depth):
        return (yield from through(count, depth - 1) if depth else numbers(count))

    def values():
        return None, 1, "text", 10 ** 30, (), [], {}, object(), Thing(), ValueError(), 1.5, True

    def any_live():
        while live:
            one = chance.choice(live)
            if not one.dead:
                return one
            live.remove(one)
        return main

    def made():
        one = chance.choice([greenlet, Own])(chance.choice([acts, acts, acts_in_a_generator, ends]))
        if chance.random() < 0.9:
            live.append(one)
            if len(live) > 60:
                del live[chance.randrange(60)]
        return one

    def steps_a_generator(kept):
        one = numbers(chance.randrange(5)) if chance.random() < 0.5 else through(2, chance.randrange(4))
        for _ in range(chance.randrange(5)):
            try:
                one.send(None) if chance.random() < 0.5 else next(one)
            except StopIteration:
                break
        then = chance.randrange(4)
        if then == 0:
            kept.append(one)
        elif then == 1:
            try:
                one.throw(ValueError)
            except (ValueError, StopIteration):
                pass
        elif then == 2:
            one.close()

    def circle():
        one = Thing()
        one.itself = [one, getcurrent(), numbers(3)]
        next(one.itself[2])

    def act(kept):
        # Whether it was the last one.
        global switches
        what = chance.random()
        other = any_live() if chance.random() < 0.8 else getcurrent().parent or main
        tell(what, switches)
        if what < 0.8:
            switches += 1
        if what < 0.45:
            other.switch()
        elif what < 0.7:
            other.switch(chance.choice(values()))
        elif what < 0.74:
            if other is not main:
                other.throw(chance.choice([ValueError, GreenletExit, KeyError("thrown")]))
        elif what < 0.8:
            made().switch(1)
        elif what < 0.9:
            steps_a_generator(kept)
        elif what < 0.92:
            kept.clear()
        elif what < 0.95:
            if what < 0.94:
                return True
            raise KeyError("its end")
        elif what < 0.96:
            circle()
        return switches > most

    def acts(*_):
        kept = []
        while True:
            try:
                if act(kept):
                    return chance.choice(values())
            except ValueError:
                pass

    def acts_in_a_generator(*_):
        def inside():
            kept = []
            while not act(kept):
                yield switches
        try:
            for _ in inside():
                pass
        except ValueError:
            return 5

    def ends(*_):
        return 1

    def fork():
        child = os.fork()
        if child == 0:
            for _ in range(50):
                try:
                    (any_live() if live else made()).switch()
                except BaseException:
                    pass
            gc.collect()
            os._exit(7)
        tell("child", os.waitpid(child, 0)[1])

    def another_thread():
        me = getcurrent()
        def echo(got):
            while True:
                got = me.switch(got)
        own = [greenlet(echo) for _ in range(3)]
        for number in range(300):
            by_itself.choice(own).switch(number)
            next(numbers(3))
        # None is left to be ended by a thread that comes later.
        for one in own:
            if one:
                one.throw()

    forks = threads = 0
    while switches < most:
        try:
            one = any_live() if live and chance.random() < 0.7 else made()
            if one is main:
                continue
            switches += 1
            if chance.random() < 0.1:
                one.throw(chance.choice([ValueError, GreenletExit]))
            else:
                one.switch(*[chance.choice(values())][:chance.randrange(2)])
        except (KeyError, ValueError) as error:
            tell("left", type(error).__name__)
        if chance.random() < 0.002:
            gc.collect()
        if chance.random() < 0.001:
            live.clear()
        if switches > forks * most / 12:
            forks += 1
            fork()
        if switches > threads * most / 20:
            threads += 1
            thread = threading.Thread(target=another_thread)
            thread.start()
            thread.join()
    print(switches, collected, forks, threads, told)
"""
#: Of one program; with SOAK there are as many programs as make a million.
_SWITCHES = 50_000 if SOAK else count(9_000)


@pytest.mark.parametrize("seed", [Random().randrange(1 << 30) for _ in range(20)] if SOAK else [1])
def test_a_program_that_switches_at_random_does_the_same_recorded(seed: int, trace_source: TraceSource) -> None:
    traced = trace_source(_FUZZ, str(seed), str(_SWITCHES))
    assert (traced.ended.code, traced.ended.stderr) == (0, b"")
    assert traced.ended == bare(traced.path.with_suffix(".py"), str(seed), str(_SWITCHES))
    assert not traced.timeline.notes
