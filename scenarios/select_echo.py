"""Two listening sockets and their connections, served by one thread with select().

select waits until some of the sockets can be read or written, and returns which: two lists, handled one after the
other. One port answers in capitals, the other backwards. Nothing here is a coroutine.

What to look for: between two rounds main waits in select, for all of its sockets at once. It goes on because some are
ready, and the sentence says which of them can be read or written: first a listening socket, as a client connects, then
that client's own. (What select waits for is recorded from Python 3.12 on, or in C; else main is just idle, inferred.)

Runtime: select
"""

import select
import socket
import threading
import time

ANSWERS = {"loud": str.upper, "backwards": lambda text: text[::-1]}


def client(address, words, pause):
    with socket.create_connection(address) as connection:
        for word in words:
            time.sleep(pause)
            connection.sendall(word.encode())
            print(f"{word} -> {connection.recv(100).decode()}")


def serve(listening, clients):
    """Until all those clients have come and gone."""
    reading, to_answer = dict(listening), {}
    while clients:
        readable, writable, _ = select.select(reading, to_answer, [])
        for end in readable:
            if end in listening:
                connection, _ = end.accept()
                reading[connection] = listening[end]
            elif text := end.recv(100).decode():
                to_answer[end] = ANSWERS[reading[end]](text)
            else:
                del reading[end]
                end.close()
                clients -= 1
        for end in writable:
            end.sendall(to_answer.pop(end).encode())


def main():
    loud, backwards = socket.create_server(("127.0.0.1", 0)), socket.create_server(("127.0.0.1", 0))
    clients = [
        threading.Thread(target=client, name="Ann", args=(loud.getsockname(), ["hello", "bye"], 0.1)),
        threading.Thread(target=client, name="Bob", args=(backwards.getsockname(), ["spam", "eggs"], 0.15)),
    ]
    for thread in clients:
        thread.start()
    serve({loud: "loud", backwards: "backwards"}, len(clients))
    for thread in clients:
        thread.join()
    loud.close()
    backwards.close()


if __name__ == "__main__":
    main()
