"""What stands beside or instead of the rows: the sequence, who waits for whom, who spawned whom, bars, tooltips."""
