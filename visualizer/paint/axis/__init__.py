"""The axis: the visible range of a timeline, its ruler, how times are written."""
