"""The terminal user interface: screens made of widgets, the state of the view, and the feed that fills it."""
