"""simpy: cars wait for one of two machines, in simulated time."""

import random

import simpy


def car(env, name, wash):
    arrived = env.now
    with wash.request() as place:
        yield place
        yield env.timeout(random.randint(3, 7))
    print(f"{name} came at {arrived} and left at {env.now}")


def source(env, wash):
    for number in range(30):
        env.process(car(env, f"car {number}", wash))
        yield env.timeout(random.randint(1, 3))


def clock(env, wash):
    while True:
        try:
            yield env.timeout(10)
        except simpy.Interrupt as interrupt:
            print("interrupted:", interrupt.cause)
            return


random.seed(7)
env = simpy.Environment()
wash = simpy.Resource(env, 2)
ticking = env.process(clock(env, wash))
env.run(env.process(source(env, wash)))
ticking.interrupt("enough")
env.run()
print("over at", env.now)
