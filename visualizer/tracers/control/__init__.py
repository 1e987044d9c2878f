"""Pauses the program and lets it take single steps, if it was started for that."""
