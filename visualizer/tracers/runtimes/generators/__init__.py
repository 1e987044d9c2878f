"""Generators and coroutines."""
