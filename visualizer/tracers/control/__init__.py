"""Pauses the program and lets it take steps, where somebody asked for that when it was started."""
