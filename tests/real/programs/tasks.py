"""Celery's tasks."""

import os

import gevent
from celery import Celery

app = Celery("tasks", broker=os.environ["REAL_REDIS"], backend=os.environ["REAL_REDIS"])
app.conf.broker_connection_retry_on_startup = True


@app.task
def double(number):
    gevent.sleep(0.01)
    return 2 * number


@app.task
def refuse(number):
    raise ValueError(number)
