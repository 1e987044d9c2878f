"""Teaches visualizer about trio: the runtime is in tracer.py, and README.md is the way through the files."""
