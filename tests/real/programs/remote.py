"""zerorpc: calls, a stream, an error of the other side, and a call that takes too long."""

import socket

import gevent
import zerorpc


class Shop:
    def add(self, a, b):
        return a + b

    def slow(self):
        gevent.sleep(5)

    def fail(self):
        raise KeyError("not there")

    @zerorpc.stream
    def count(self, to):
        yield from range(to)


with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
server = zerorpc.Server(Shop())
server.bind(address)
serving = gevent.spawn(server.run)
client = zerorpc.Client(timeout=5)
client.connect(address)
print([client.add(number, 1) for number in range(20)])
print([job.get() for job in [gevent.spawn(client.add, number, 2) for number in range(5)]])
print(list(client.count(150))[-3:])
try:
    client.fail()
except zerorpc.RemoteError as error:
    print("refused:", error.name, error.msg)
impatient = zerorpc.Client(timeout=0.3)
impatient.connect(address)
try:
    impatient.slow()
except zerorpc.TimeoutExpired:
    print("too slow")
impatient.close()
client.close()
server.stop()
serving.join()
server.close()
print("closed")
