"""Who made a wait end: the owners of items, queues and services."""
