"""eventlet: its hub, who waits for what, and who wakes whom."""
