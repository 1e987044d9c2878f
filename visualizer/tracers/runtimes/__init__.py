"""A folder a runtime."""
