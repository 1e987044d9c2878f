"""Watches the Futures of concurrent.futures."""
