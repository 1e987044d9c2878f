"""The API for programs: what `import visualizer` offers (docs/api.md)."""
