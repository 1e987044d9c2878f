"""One file a pane. A pane draws what the View says and tells the screen, by a message, what was clicked."""
