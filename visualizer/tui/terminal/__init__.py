"""What the terminal can show: colours, glyphs, footer."""
