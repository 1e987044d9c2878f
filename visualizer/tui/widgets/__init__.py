"""One file for each pane. A pane draws the state of the View and sends the screen a message about clicks."""
