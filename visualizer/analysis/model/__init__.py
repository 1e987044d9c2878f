"""The timeline: tracks, slices, switches, wakeups, and what can be asked of them."""
