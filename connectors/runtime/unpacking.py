"""Reads an answer's body up to a limit. Compressed answers are unpacked no further than the limit either."""

from __future__ import annotations

import zlib


class Unpacker:
    """Takes chunks as they come. `is_full` says to stop reading; `is_cut` that there was more."""

    def __init__(self, encoding: str, limit: int) -> None:
        self._limit = limit
        self._parts = bytearray()
        self._inflate = None
        self.problem = ""
        self.is_cut = False
        if encoding in ("gzip", "x-gzip", "deflate"):
            # 47: gzip or zlib, told apart by their header.
            self._inflate = zlib.decompressobj(wbits=47)
        elif encoding not in ("", "identity"):
            self.problem = f"The answer is packed as “{encoding[:40]}”, which was not asked for."

    @property
    def is_full(self) -> bool:
        return self.is_cut or bool(self.problem)

    @property
    def body(self) -> bytes:
        return bytes(self._parts)

    def feed(self, chunk: bytes) -> None:
        if self.is_full:
            return
        if self._inflate is None:
            self._take(chunk)
            return
        room = self._limit - len(self._parts) + 1
        try:
            self._take(self._inflate.decompress(chunk, room))
        except zlib.error:
            self.problem = "The answer says that it is packed but cannot be unpacked."

    def _take(self, content: bytes) -> None:
        self._parts += content
        if len(self._parts) > self._limit:
            del self._parts[self._limit :]
            self.is_cut = True
