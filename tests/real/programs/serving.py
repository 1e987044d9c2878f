"""Gunicorn's settings. A worker that is being made misses signals: this tells when one has been made."""

from pathlib import Path


def post_worker_init(worker):
    (Path(worker.cfg.pidfile).parent / f"ready-{worker.pid}").touch()
