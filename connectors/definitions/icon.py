"""Icons: facts from the header alone, then a safe re-encoding, then measured colours.

Nothing is decoded before its header promised few enough pixels; a picture of 20 KB can otherwise take 800 MB.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

from connectors.definitions.problems import Limits

if TYPE_CHECKING:
    from PIL.Image import Image

SIGNATURE = b"\x89PNG\r\n\x1a\n"
LARGEST_SERVED_SIDE = 512
_COLOUR_TYPES = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
_MAX_CHUNKS = 5_000
_PICTURE_MAGIC = {
    "png": (SIGNATURE,),
    "jpg": (b"\xff\xd8\xff",),
    "jpeg": (b"\xff\xd8\xff",),
    "gif": (b"GIF87a", b"GIF89a"),
}


class IconRefused(ValueError):
    """The bytes are not a PNG that may be decoded; `code` is the code of the matching problem."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class IconFacts:
    """What the header and the chunks of a PNG say. `colour_type` as in the PNG format: 0 grey, 2 RGB, 3
    palette, 4 grey with alpha, 6 RGB with alpha. `has_alpha` says that pixels may be transparent, not that
    any is.
    """

    width: int
    height: int
    bit_depth: int
    colour_type: int
    has_alpha: bool
    is_animated: bool
    size_bytes: int
    trailing_bytes: int


@dataclass(frozen=True, slots=True)
class IconColours:
    """Measured on the decoded pixels. Colours as "#rrggbb".

    `border` is the commonest colour of the outermost pixels (None when they are mostly transparent) and
    `border_share` the part of the border within a distance of 48 (sum of the RGB differences) of it.
    `corners` are top left, top right, bottom left, bottom right. `lowest_alpha` is 0-255.
    """

    border: str | None
    border_share: float
    corners: tuple[str, str, str, str]
    lowest_alpha: int


def inspect(data: bytes, limits: Limits | None = None) -> IconFacts:
    """Facts of a PNG without decoding it. Raises IconRefused."""
    limits = limits or Limits()
    if not data.startswith(SIGNATURE):
        raise IconRefused("icon-not-png", "The file does not begin like a PNG.")
    if (
        len(data) < 33
        or data[8:16] != b"\0\0\0\rIHDR"
        or zlib.crc32(data[12:29]) != int.from_bytes(data[29:33], "big")
    ):
        raise IconRefused("icon-not-png", "The header of the PNG is damaged.")
    width, height, depth, colour, compression, filtering, interlace = struct.unpack(">2L5B", data[16:29])
    if (
        not width
        or not height
        or depth not in _COLOUR_TYPES.get(colour, ())
        or compression
        or filtering
        or interlace > 1
    ):
        raise IconRefused("icon-not-png", "The header of the PNG makes no sense.")
    if max(width, height) > limits.icon_side_pixels:
        side = limits.icon_side_pixels
        raise IconRefused(
            "icon-too-many-pixels", f"The picture has {width} x {height} pixels; {side} x {side} are allowed."
        )
    chunks, end = _chunks(data)
    has_alpha = colour in (4, 6) or b"tRNS" in chunks
    return IconFacts(width, height, depth, colour, has_alpha, b"acTL" in chunks, len(data), len(data) - end)


def _chunks(data: bytes) -> tuple[set[bytes], int]:
    """The kinds of chunks of a PNG and the offset behind its last one."""
    kinds: set[bytes] = set()
    at = len(SIGNATURE)
    for _ in range(_MAX_CHUNKS):
        if at + 12 > len(data):
            break
        length, kind = struct.unpack_from(">L4s", data, at)
        at += 12 + length
        if at > len(data):
            break
        kinds.add(kind)
        if kind == b"IEND":
            if b"IDAT" not in kinds:
                raise IconRefused("icon-not-png", "The PNG has no picture data.")
            return kinds, at
    raise IconRefused("icon-not-png", "The PNG is cut off or damaged.")


def is_picture(path: str, data: bytes) -> bool:
    """True when a picture's first bytes are what its extension says."""
    return data.startswith(_PICTURE_MAGIC.get(path.rpartition(".")[2].lower(), (b"\xff\xff\xff\xff\xff",)))


def reencode(data: bytes, *, largest_side: int = LARGEST_SERVED_SIDE, limits: Limits | None = None) -> bytes:
    """A new PNG of the same pixels, at most `largest_side` wide and high: no metadata, nothing hidden in
    chunks or behind the end. Only these bytes may be served. Raises IconRefused.
    """
    picture = _decode(data, limits)
    picture.thumbnail((largest_side, largest_side))
    out = io.BytesIO()
    picture.save(out, "PNG", optimize=False)
    return out.getvalue()


def _decode(data: bytes, limits: Limits | None) -> Image:
    inspect(data, limits)
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as opened:
            opened.load()
            pixels = opened.convert("RGBA")
    except (OSError, ValueError, SyntaxError, MemoryError, EOFError, struct.error, zlib.error) as error:
        raise IconRefused("icon-not-png", "The PNG cannot be decoded.") from error
    clean = Image.new("RGBA", pixels.size)
    clean.paste(pixels)
    return clean


@lru_cache(maxsize=4)
def measure(data: bytes) -> IconColours:
    """Border and corner colours for the rules about icons. Raises IconRefused."""
    picture = _decode(data, None)
    width, height = picture.size
    pixel = picture.getpixel
    border = [pixel((x, y)) for y in {0, height - 1} for x in range(width)]
    border += [pixel((x, y)) for x in {0, width - 1} for y in range(height)]
    solid = [found[:3] for found in border if isinstance(found, tuple) and found[3] >= 128]
    common, share = None, 0.0
    if len(solid) * 2 >= len(border):
        common = Counter(solid).most_common(1)[0][0]
        near = sum(1 for found in solid if sum(abs(a - b) for a, b in zip(found, common, strict=True)) <= 48)
        share = near / len(border)
    corners = [pixel(at) for at in ((0, 0), (width - 1, 0), (0, height - 1), (width - 1, height - 1))]
    first, second, third, fourth = (_hex(found) for found in corners)
    lowest_alpha = min(at for at, count in enumerate(picture.getchannel("A").histogram()) if count)
    return IconColours(_hex(common) if common else None, share, (first, second, third, fourth), lowest_alpha)


def _hex(colour: object) -> str:
    assert isinstance(colour, tuple)
    return "#{:02x}{:02x}{:02x}".format(*colour[:3])
