"""One baker feeds two consumers in strict turns: each gets one bun a round.

Tom and Jerry are two generators made by the same function. The producer primes both and then bakes three rounds of
two buns: the first goes to Tom, the second to Jerry, never the other way round. What each has eaten so far comes back
with his next `yield`.

What to look for: three tracks, of which only one runs at any moment. Tom and Jerry never switch to each other; control
always returns to the producer, which decides whose turn it is.

Runtime: generator
"""


def consumer(name):
    eaten = 0
    while True:
        bun = yield eaten
        eaten += 1
        print(f"{name} eats bun {bun}")


def producer():
    tom, jerry = consumer("Tom"), consumer("Jerry")
    next(tom)
    next(jerry)
    for baked in (1, 3, 5):
        print(f"buns {baked} and {baked + 1} are ready")
        tom.send(baked)
        eaten = jerry.send(baked + 1)
        print(f"each has eaten {eaten}")
    tom.close()
    jerry.close()


if __name__ == "__main__":
    producer()
