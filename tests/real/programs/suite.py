"""pytest runs this: two tests of greenlets, one of a generator, one that fails, one that is skipped."""

import gevent
import pytest
from gevent.event import Event
from gevent.queue import Queue


@pytest.fixture
def queue():
    queue = Queue(2)
    yield queue
    assert queue.empty()


def test_items_come_in_order(queue):
    def produce():
        for number in range(50):
            queue.put(number)
        queue.put(StopIteration)

    producer = gevent.spawn(produce)
    assert list(queue) == list(range(50))
    producer.join()


@pytest.mark.parametrize("count", [1, 10])
def test_all_are_told(count):
    told = Event()
    jobs = [gevent.spawn(told.wait) for _ in range(count)]
    gevent.sleep(0.01)
    told.set()
    assert [job.get() for job in gevent.joinall(jobs)] == [True] * count


def test_a_generator():
    assert sum(number for number in range(10)) == 45


def test_fails():
    def work():
        gevent.sleep(0.001)
        return 1

    assert gevent.spawn(work).get() == 2


@pytest.mark.skip(reason="never")
def test_never():
    raise AssertionError
