"""Numbers as Thrift's compact protocol and protocol buffers have them: LEB128."""

from __future__ import annotations


def varint(number: int) -> bytes:
    """A number that is not negative: seven bits a byte, the lowest first; each but the last byte has the eighth bit."""
    found = bytearray()
    while number >= 0x80:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    found.append(number)
    return bytes(found)


def read_varint(message: bytes, at: int) -> tuple[int, int]:
    """The number that begins there, and where it ends. Raise ValueError if it is cut, or of more than 70 bits."""
    number = shift = 0
    for byte in message[at : at + 10]:
        number |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return number, at + shift // 7
    raise ValueError("a number is cut, or none")
