"""Whether to take long for thoroughness' sake, as `make soak` does."""

import os

SOAK = bool(os.environ.get("SOAK"))
