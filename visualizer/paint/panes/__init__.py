"""Panes beside or instead of the rows: sequence diagram, wait graph, spawn tree, bars, tooltips."""
