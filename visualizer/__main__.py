"""`python -m visualizer`."""

from visualizer.cli import main

main()
