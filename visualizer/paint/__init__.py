"""Model to cells: a window on the timeline (viewport), and rows of styled text for it. Knows no terminal and no library
that draws; a terminal, a printed picture and a drawing are all painted from here."""
