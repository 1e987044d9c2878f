"""A terminal visualizer of coroutine scheduling. The rooms are listed in README.md beside this file."""
