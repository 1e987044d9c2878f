"""Forked children go on with the recording."""
