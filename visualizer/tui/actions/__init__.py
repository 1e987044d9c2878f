"""What keys, the mouse and commands do on the timeline's screen, by subject."""
