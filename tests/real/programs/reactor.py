"""twisted: an echo service, a client that talks to it, a thread of its pool; then it waits until it is told to stop."""

from twisted.internet import defer, endpoints, protocol, reactor, task, threads
from twisted.protocols.basic import LineReceiver


class Echo(LineReceiver):
    def lineReceived(self, line):
        self.sendLine(line.upper())


class Talk(LineReceiver):
    def __init__(self, done):
        self.done, self.left = done, 20

    def connectionMade(self):
        self.sendLine(b"hello")

    def lineReceived(self, line):
        self.left -= 1
        if self.left:
            self.sendLine(line.lower())
        else:
            print("heard", line.decode())
            self.transport.loseConnection()
            self.done.callback(None)


@defer.inlineCallbacks
def talk():
    factory = protocol.ServerFactory.forProtocol(Echo)
    port = yield endpoints.TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(factory)
    done = defer.Deferred()
    address = endpoints.TCP4ClientEndpoint(reactor, "127.0.0.1", port.getHost().port)
    yield endpoints.connectProtocol(address, Talk(done))
    yield done
    print("sum", (yield threads.deferToThread(sum, range(1000))))
    ticks = []
    ticking = task.LoopingCall(ticks.append, 1)
    ticking.start(0.02)
    yield task.deferLater(reactor, 0.2, ticking.stop)
    print("ticked" if 2 < len(ticks) <= 11 else f"ticked {len(ticks)} times")
    yield port.stopListening()
    print("ready", flush=True)


reactor.callWhenRunning(talk)
reactor.addSystemEventTrigger("before", "shutdown", print, "told to stop")
reactor.run()
print("stopped")
