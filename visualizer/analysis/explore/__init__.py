"""Where to go in a timeline: causes and effects, jumps, search, marks, spans, who waits for whom, who spawned whom."""
