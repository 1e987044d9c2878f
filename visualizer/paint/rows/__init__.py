"""Rows of cells: the tracks in order, in groups, and what state each cell shows."""
