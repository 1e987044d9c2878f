"""The axis: what part of a timeline is in sight, its ruler, how times are written."""
