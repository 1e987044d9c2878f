"""What can be run, running it under the tracers, and where its recordings are kept. No terminal, no drawing."""


def why(error: OSError | ValueError) -> str:
    """What the system has against it, in words that fit after a colon. ValueError: a path with a null byte in it."""
    return (getattr(error, "strerror", None) or str(error)).lower()
