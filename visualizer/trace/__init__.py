"""The vocabulary of a trace and the file it is kept in (FORMAT.md).

This package imports nothing by itself: `words` and `sink` run inside the watched program, which must not be made to
import the libraries that the reading side uses.
"""
