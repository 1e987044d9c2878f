"""Numbers as Thrift's compact protocol and protocol buffers write them: LEB128."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number that is not negative: seven bits a byte, the lowest first; each but the last byte has the eighth bit."""
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)
