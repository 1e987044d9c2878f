"""What a screen shows, apart from its widgets: view, playhead, rows, history, feed."""
