"""The one way in: lines of a trace, many at once, into a timeline."""
