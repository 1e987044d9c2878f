"""What gevent and eventlet replace in the standard library, as it was before the script began (late.py)."""

from __future__ import annotations

import _thread

get_ident = _thread.get_ident
Local = _thread._local
