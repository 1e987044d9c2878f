"""A producer hands five items to a consumer, and gets an answer for each.

The consumer is a generator. The producer primes it with next(), which runs it up to its first `yield`; then sends it
1 to 5 and gets "200 OK" back each time; then closes it. There is one thread, and there is no queue and no lock:
the two take turns because `send` and `yield` are the only places where either can stop.

What to look for: while the consumer runs, the main thread waits inside the expression `c.send(item)`. Values
cross in both directions, the number on the way in and the answer on the way out. At the end the consumer does not
return: it is closed while suspended at its `yield`.

Runtime: generator
"""


def consumer():
    answer = ""
    while True:
        item = yield answer
        print(f"[consumer] consuming {item}")
        answer = "200 OK"


def producer(c):
    next(c)
    for item in range(1, 6):
        print(f"[producer] producing {item}")
        answer = c.send(item)
        print(f"[producer] consumer answered {answer}")
    c.close()


def main():
    producer(consumer())


if __name__ == "__main__":
    main()
