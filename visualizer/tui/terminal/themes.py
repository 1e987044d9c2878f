"""Themes of high contrast, for a projector or for eyes that need it: all text has a contrast of 7 at least."""

from __future__ import annotations

from textual.theme import Theme

DARK = Theme(
    name="high-contrast-dark",
    primary="#ffff00",
    secondary="#00ffff",
    accent="#ffff00",
    warning="#ffff00",
    error="#ff9a8a",
    success="#00ff88",
    foreground="#ffffff",
    background="#000000",
    surface="#000000",
    panel="#262626",
    boost="#0d0d0d",
    dark=True,
    text_alpha=1.0,
    variables={"primary-muted": "#262626"},
)
LIGHT = Theme(
    name="high-contrast-light",
    primary="#00008b",
    secondary="#004d40",
    accent="#00008b",
    warning="#5c3b00",
    error="#8b0000",
    success="#00401a",
    foreground="#000000",
    background="#ffffff",
    surface="#ffffff",
    panel="#e6e6e6",
    boost="#f5f5f5",
    dark=False,
    text_alpha=1.0,
    variables={"primary-muted": "#e6e6e6"},
)
HIGH_CONTRAST = (DARK, LIGHT)
