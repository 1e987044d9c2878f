"""Screens that stand over others for a moment."""
