"""What the terminal takes."""

from __future__ import annotations

import locale
import os
import sys

#: What Python itself puts in the place of a locale "C" (PEP 538).
_COERCED = ("C.UTF-8", "C.utf8", "UTF-8")


def only_ascii() -> bool:
    """Whether it takes only ASCII: stdout has another encoding than UTF-8, or the locale is "C".

    Python takes UTF-8 for granted in that locale (PEP 538 and 540), and so must be asked behind its back; where no
    locale is named at all, nobody says anything.
    """
    encoding = getattr(sys.__stdout__, "encoding", None) or locale.getpreferredencoding(False)
    if "utf" not in encoding.lower():
        return True
    characters = os.environ.get("LC_CTYPE", "")
    named = os.environ.get("LC_ALL") or ("" if characters in _COERCED else characters) or os.environ.get("LANG")
    return named in ("C", "POSIX")
