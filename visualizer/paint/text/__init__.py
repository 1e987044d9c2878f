"""Text in cells: widths, the palette, the canvas, the legend, labels."""
