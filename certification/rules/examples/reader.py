"""Examples of what the reader of packages finds and no other rule judges."""

from __future__ import annotations

import json
import struct
import zlib

from certification.rules.examples import base
from certification.rules.examples.case import DEFINITION, PROPERTIES, Case, Examples, one

_TEXT = json.dumps(base.DEFINITION, indent=2)
_PROPERTIES_TEXT = json.dumps(base.PROPERTIES, indent=2)
_LEVEL = "/definitions/TideList/properties/tides/items/properties/level"
_TIDES = "/definitions/TideList/properties/tides/items"
_ICON = "icon.png"
_PICTURE = "images/harbour.png"


def png(side: int) -> bytes:
    """A black PNG of `side` x `side` pixels."""
    header = struct.pack(">2L5B", side, side, 1, 0, 0, 0, 0)
    pixels = zlib.compress((b"\0" + bytes((side + 7) // 8)) * side)
    chunks = ((b"IHDR", header), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))
        for kind, data in chunks
    )


def _with_description(written: str, show: str) -> Case:
    """With another description of the level, exactly as it is to stand in the file."""
    assert "The water level in metres." in _TEXT
    text = _TEXT.replace("The water level in metres.", written)
    return Case(files={DEFINITION: text}, at=f"{_LEVEL}/description", show=show)


def _with_file(name: str, content: str | bytes, show: str, **more: object) -> Case:
    return Case(files={name: content}, file=name, show=show, **more)  # type: ignore[arg-type]


_GOOD_ICON = Case(show="icon.png: PNG, 160 x 160 pixels\n")
_GOOD_PICTURE = Case(files={_PICTURE: png(320)}, show=f"{_PICTURE}: PNG\n")

CASES: dict[str, Examples] = {
    "ENG-010": Examples(
        bad=(
            one(
                _TIDES, {"$ref": "https://schemas.example/tide.json"}, at=f"{_TIDES}/$ref", also=("SCH-002",)
            ),
            one(_TIDES, {"$ref": "tide.json#/definitions/Tide"}, at=f"{_TIDES}/$ref", also=("SCH-002",)),
        ),
        good=(
            Case(
                set={
                    _TIDES: {"$ref": "#/definitions/Tide"},
                    "/definitions/Tide": base.DEFINITION["definitions"]["TideList"]["properties"]["tides"][
                        "items"
                    ],
                }
            ),
        ),
    ),
    "ENG-011": Examples(
        bad=(
            _with_description("The water\\u0000 level.", '"description": "The water\\u0000 level."\n'),
            _with_file(
                "readme.md", base.README.replace("Tide times", "Tide\0times"), "Tide<NUL>times\n", line=3
            ),
        ),
        good=(_with_description("The water level.", '"description": "The water level."\n'),),
    ),
    "ENG-012": Examples(
        bad=(_with_description("Waves \\ud83c.", '"description": "Waves \\ud83c."\n'),),
        good=(_with_description("Waves \\ud83c\\udf0a.", '"description": "Waves \\ud83c\\udf0a."\n'),),
    ),
    "ENG-013": Examples(
        bad=(one(f"{_LEVEL}/maximum", 1_000_000_000_000_000_000),),
        good=(one(f"{_LEVEL}/maximum", 9_007_199_254_740_992),),
    ),
    "ENG-014": Examples(
        bad=(
            Case(files={_ICON: None, "Icon.PNG": base.png()}, file=_ICON, show="Icon.PNG\n"),
            Case(
                files={DEFINITION: None, "tides.swagger.json": _TEXT},
                also=("PKG-001", "PKG-004"),
                show="tides.swagger.json\n",
            ),
        ),
        good=(_GOOD_ICON,),
    ),
    "ENG-015": Examples(
        bad=(
            Case(
                files={
                    DEFINITION: _TEXT.replace(
                        '"definitions": {',
                        '"definitions": {'
                        + "".join(f'"Tide{n}": {{"$ref": "tides.json#/Tide{n}"}},' for n in range(101)),
                        1,
                    )
                },
                also=("ENG-010", "SCH-002", "SCH-060"),
                show="101 references to tides.json\n",
            ),
        ),
        good=(Case(show="No reference to another file\n"),),
    ),
    "ENG-017": Examples(
        bad=(_with_file(_PICTURE, png(4097), f"{_PICTURE}: PNG, 4097 x 4097 pixels\n"),),
        good=(_GOOD_PICTURE,),
    ),
    "ENG-018": Examples(
        bad=(
            _with_file(_ICON, base.ICON + b"more", "icon.png: PNG, then 4 more bytes\n"),
            _with_file(_PICTURE, png(320) + b"more", f"{_PICTURE}: PNG, then 4 more bytes\n"),
        ),
        good=(_GOOD_ICON, _GOOD_PICTURE),
    ),
    "ENG-019": Examples(
        bad=(_with_file(_PICTURE, "<svg/>", f"{_PICTURE}: an SVG under another name\n"),),
        good=(_GOOD_PICTURE,),
    ),
    "ENG-020": Examples(
        bad=(_with_file("readme.md", "\ufeff" + base.README, "EF BB BF 23 20  ...\n", line=1),),
        good=(Case(files={PROPERTIES: _PROPERTIES_TEXT}, show="23 20  # Harbour Tides\n"),),
    ),
}
