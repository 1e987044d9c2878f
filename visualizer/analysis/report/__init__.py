"""What commands and panes report of a timeline: statistics, details of a track, comparisons, events as JSON Lines."""
