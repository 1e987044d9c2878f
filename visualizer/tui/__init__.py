"""The terminal user interface: screens made of widgets, a view of what is looked at, and the feed that fills it."""
