"""What a frame asks of a long timeline, by binary search: the axis of switches, idle gaps, groups of tracks."""
