"""Greenlets that switch by hand."""
