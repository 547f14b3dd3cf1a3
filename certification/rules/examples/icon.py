"""Examples of the rules over the icon."""

from __future__ import annotations

import hashlib
import struct
import zlib

from certification.rules.examples import base
from certification.rules.examples.case import Case, Examples
from certification.rules.examples.properties import INDEPENDENT

_ICON = "icon.png"
_BRAND = (0x1B, 0x5E, 0x7B)


def png(width: int, height: int, *, alpha: int = 255, filler: int = 0, pixels: bytes = b"") -> bytes:
    """A picture in the brand colour; `filler` adds bytes in a chunk that nobody shows, `pixels` are
    written instead of the real ones.
    """
    row = b"\0" + bytes((*_BRAND, alpha)) * width
    chunks = (
        (b"IHDR", struct.pack(">2L5B", width, height, 8, 6, 0, 0, 0)),
        (b"fiLl", bytes(filler)),
        (b"IDAT", pixels or zlib.compress(row * height)),
        (b"IEND", b""),
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        for kind, data in chunks
        if data or kind == b"IEND"
    )


def _icon(content: bytes | None, show: str, **more: object) -> Case:
    return Case(files={_ICON: content}, file=_ICON, show=f"icon.png: {show}\n", **more)  # type: ignore[arg-type]


_DAMAGED = png(160, 160, pixels=b"tides")
_GOOD = _icon(png(160, 160), "PNG, 160 x 160 pixels")

CASES: dict[str, Examples] = {
    "ICN-001": Examples(
        bad=(
            Case(
                files={_ICON: None},
                file="",
                show="apiDefinition.swagger.json\napiProperties.json\nreadme.md\n",
            ),
            Case(
                properties={"/properties/iconBrandColor": "#da3b01", "/properties/publisher": "Ada Lovelace"},
                file=_ICON,
                profile=INDEPENDENT,
                also=("INF-009", "ICN-009"),
                show="icon.png in a package of an independent publisher\n",
            ),
        ),
        good=(_GOOD,),
    ),
    "ICN-002": Examples(
        bad=(
            Case(
                files={"TidesLogo.png": base.ICON},
                file="TidesLogo.png",
                also=("PKG-004",),
                show="TidesLogo.png\n",
            ),
        ),
        good=(Case(files={"images/logo.png": base.ICON}, show="icon.png\nimages/logo.png\n"),),
    ),
    "ICN-003": Examples(
        bad=(
            _icon(b"\xff\xd8\xff\xe0" + bytes(60), "a JPEG under another name"),
            _icon(_DAMAGED, "PNG whose picture data are damaged"),
        ),
        good=(_GOOD,),
    ),
    "ICN-004": Examples(
        bad=(_icon(png(160, 160, filler=1_048_576), "1,049,100 bytes"),),
        good=(_icon(png(160, 160, filler=1_000_000), "1,000,600 bytes"),),
    ),
    "ICN-005": Examples(
        bad=(_icon(png(200, 120), "PNG, 200 x 120 pixels"),),
        good=(_GOOD,),
    ),
    "ICN-006": Examples(
        bad=(
            _icon(png(99, 99), "PNG, 99 x 99 pixels"),
            _icon(png(231, 231), "PNG, 231 x 231 pixels"),
            _icon(png(1025, 1025), "PNG, 1025 x 1025 pixels"),
        ),
        good=(_icon(png(100, 100), "PNG, 100 x 100 pixels"), _icon(png(230, 230), "PNG, 230 x 230 pixels")),
    ),
    "ICN-007": Examples(
        bad=(_icon(png(160, 160, alpha=128), "PNG, half transparent"),),
        good=(_icon(png(160, 160, alpha=250), "PNG, opaque"),),
    ),
    "ICN-008": Examples(
        bad=(_icon(base.png(colour=(255, 252, 250)), "white background", also=("ICN-009",)),),
        good=(
            Case(
                properties={"/properties/iconBrandColor": "#F9F9F9"},
                files={_ICON: base.png(colour=(249, 249, 249))},
                show="icon.png: background #F9F9F9\n",
            ),
        ),
    ),
    "ICN-009": Examples(
        bad=(_icon(base.png(colour=(0x1B + 17, 0x5E + 16, 0x7B + 16)), "background #2C6E8B, brand #1B5E7B"),),
        good=(
            _icon(base.png(colour=(0x1B + 16, 0x5E + 16, 0x7B + 16)), "background #2B6E8B, brand #1B5E7B"),
        ),
    ),
    "ICN-010": Examples(
        bad=(
            _icon(
                base.ICON,
                "the same picture as that of another connector",
                other_icons={hashlib.sha256(base.ICON).hexdigest(): "Coast Tides"},
            ),
        ),
        good=(
            _icon(png(160, 160), "PNG", other_icons={hashlib.sha256(base.ICON).hexdigest(): "Coast Tides"}),
        ),
    ),
}
