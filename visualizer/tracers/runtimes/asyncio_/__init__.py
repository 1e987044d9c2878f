"""asyncio: its loops and tasks."""
