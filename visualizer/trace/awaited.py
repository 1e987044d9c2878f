"""A file that will be written, but may not exist yet."""

from __future__ import annotations

import io
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class Awaited(io.RawIOBase):
    """Reads the file at `path`; until there is one, there is nothing to read. Raise OSError if it cannot be opened."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path
        self._file: io.FileIO | None = None

    @property
    def is_there(self) -> bool:
        """Whether the file has been found."""
        return self._file is not None

    def readable(self) -> bool:
        return True

    def fileno(self) -> int:
        """Of the file. Raise OSError (io.UnsupportedOperation) until it is there."""
        return self._file.fileno() if self._file is not None else super().fileno()

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        if self._file is None:
            try:
                self._file = io.FileIO(self._path)
            except FileNotFoundError:
                return 0
        return self._file.readinto(buffer) or 0

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        super().close()
