"""A timeline in words: sentences, durations, source lines."""
