"""What gunicorn serves: each answer takes two turns of the hub, and says which request it is of."""

import gevent
from gevent.lock import BoundedSemaphore

at_once = BoundedSemaphore(4)


def app(environ, start_response):
    with at_once:
        gevent.sleep(0.001)
    body = f"answer to {environ['PATH_INFO']}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
