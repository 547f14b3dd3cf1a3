"""Icons: one colour and a simple white drawing, 230 pixels square."""

# ruff: noqa: E501 - a drawing is easier to follow in one line
from __future__ import annotations

import io
from functools import cache
from typing import Any

from PIL import Image, ImageDraw

SIDE = 230
_OVERSAMPLING = 4
_WHITE = (255, 255, 255)

# Shapes on a grid of 100: ("disc", x, y, radius), ("ring", x, y, radius, width), ("bar", x0, y0, x1, y1),
# ("shape", x, y, x, y, ...), ("line", width, x, y, x, y, ...). A name that ends in "-" is cut out of the rest.
_GLYPHS: dict[str, tuple[tuple[Any, ...], ...]] = {
    "waves": (
        ("line", 7, 16, 40, 29, 32, 42, 40, 55, 32, 68, 40, 84, 32),
        ("line", 7, 16, 56, 29, 48, 42, 56, 55, 48, 68, 56, 84, 48),
        ("line", 7, 16, 72, 29, 64, 42, 72, 55, 64, 68, 72, 84, 64),
    ),
    "anchor": (
        ("ring", 50, 26, 9, 6), ("bar", 47, 34, 53, 78), ("bar", 35, 42, 65, 48),
        ("line", 6, 24, 58, 30, 72, 50, 80, 70, 72, 76, 58),
    ),
    "boat": (("shape", 20, 62, 80, 62, 70, 78, 30, 78), ("shape", 48, 22, 48, 58, 24, 58), ("shape", 53, 30, 53, 58, 74, 58)),
    "lockers": tuple(
        part
        for x in (24, 51)
        for y in (22, 41, 60)
        for part in (("bar", x, y, x + 25, y + 17), ("disc-", x + 20, y + 8, 2))
    ),
    "return": (("line", 8, 70, 34, 70, 64, 30, 64), ("shape", 38, 48, 38, 80, 20, 64), ("bar", 24, 22, 56, 40)),
    "book": (
        ("shape", 18, 28, 48, 34, 48, 78, 18, 72), ("shape", 82, 28, 52, 34, 52, 78, 82, 72),
    ),
    "chair": (("bar", 30, 20, 38, 80), ("bar", 30, 48, 70, 56), ("bar", 62, 48, 70, 80)),
    "columns": (
        ("shape", 50, 18, 82, 36, 18, 36), ("bar", 24, 42, 32, 70), ("bar", 46, 42, 54, 70), ("bar", 68, 42, 76, 70),
        ("bar", 18, 74, 82, 82),
    ),
    "leaf": (("shape", 50, 16, 74, 40, 68, 68, 50, 78, 32, 68, 26, 40), ("line-", 3, 50, 30, 50, 78), ("bar", 48, 76, 52, 88)),
    "drop": (("disc", 50, 60, 22), ("shape", 50, 16, 70, 52, 30, 52)),
    "note": (("disc", 34, 70, 11), ("disc", 68, 62, 11), ("line", 6, 43, 70, 43, 28, 77, 20, 77, 62)),
    "bell": (("shape", 50, 18, 66, 30, 70, 62, 80, 72, 20, 72, 30, 62, 34, 30), ("disc", 50, 79, 6)),
    "ticket": (("bar", 16, 34, 84, 68), ("disc-", 16, 51, 7), ("disc-", 84, 51, 7), ("line-", 3, 60, 38, 60, 64)),
    "clock": (("ring", 50, 50, 32, 7), ("line", 6, 50, 30, 50, 52, 66, 60)),
    "bowl": (("shape", 18, 48, 82, 48, 72, 76, 28, 76), ("line", 6, 58, 40, 76, 18)),
    "jar": (("bar", 32, 20, 68, 28), ("bar", 28, 34, 72, 80), ("bar-", 36, 48, 64, 66)),
    "wheel": (("ring", 50, 50, 32, 6), ("disc", 50, 50, 6), ("line", 3, 50, 20, 50, 80), ("line", 3, 20, 50, 80, 50), ("line", 3, 29, 29, 71, 71), ("line", 3, 71, 29, 29, 71)),
    "key": (("ring", 34, 50, 15, 7), ("bar", 48, 46, 84, 54), ("bar", 70, 54, 76, 66), ("bar", 80, 54, 84, 62)),
    "bird": (("shape", 14, 38, 44, 44, 60, 28, 86, 34, 66, 44, 60, 66, 40, 70, 30, 56), ("line", 4, 48, 68, 46, 84)),
    "cloud": (("disc", 36, 54, 15), ("disc", 54, 46, 19), ("disc", 70, 57, 13), ("bar", 36, 54, 70, 69)),
    "meter": (("ring", 50, 52, 32, 7), ("shape", 46, 54, 70, 32, 54, 58), ("disc", 50, 54, 6)),
    "bolt": (("shape", 56, 14, 28, 56, 48, 56, 42, 86, 72, 42, 52, 42),),
    "sun": (("disc", 50, 50, 16), *(("line", 5, x0, y0, x1, y1) for x0, y0, x1, y1 in (
        (50, 14, 50, 26), (50, 74, 50, 86), (14, 50, 26, 50), (74, 50, 86, 50),
        (25, 25, 33, 33), (67, 67, 75, 75), (75, 25, 67, 33), (33, 67, 25, 75)))),
    "radio": (("disc", 50, 60, 8), ("line", 5, 34, 74, 28, 60, 34, 46), ("line", 5, 66, 74, 72, 60, 66, 46), ("line", 5, 24, 84, 15, 60, 24, 36), ("line", 5, 76, 84, 85, 60, 76, 36)),
    "desk": (("bar", 18, 30, 26, 76), ("bar", 46, 30, 54, 76), ("bar", 74, 30, 82, 76), ("disc", 22, 44, 9), ("disc", 50, 62, 9), ("disc", 78, 50, 9)),
    "seat": (("bar", 30, 24, 70, 58), ("bar", 20, 46, 28, 72), ("bar", 72, 46, 80, 72), ("bar", 28, 62, 72, 76)),
    "star": (("shape", 50, 16, 60, 40, 86, 42, 66, 58, 73, 84, 50, 69, 27, 84, 34, 58, 14, 42, 40, 40),),
    "lighthouse": (("shape", 42, 36, 58, 36, 64, 82, 36, 82), ("bar", 40, 24, 60, 33), ("shape", 50, 12, 62, 22, 38, 22), ("shape", 66, 26, 88, 18, 88, 36)),
}  # fmt: skip


@cache
def icon(colour: str, glyph: str) -> bytes:
    """A PNG with `glyph` in white on `colour` ("#rrggbb"); the same bytes every time."""
    large = SIDE * _OVERSAMPLING
    picture = Image.new("RGB", (large, large), colour)
    draw = ImageDraw.Draw(picture)
    # The drawing keeps to the middle 160 of 230 pixels.
    scale, margin = large * 160 / 230 / 100, large * 35 / 230
    for kind, *numbers in _GLYPHS[glyph]:
        ink = colour if kind.endswith("-") else _WHITE
        _draw(draw, kind.removesuffix("-"), numbers, ink, scale, margin)
    small = picture.resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    small.putpixel((0, 0), tuple(int(colour[place : place + 2], 16) for place in (1, 3, 5)))
    file = io.BytesIO()
    small.save(file, "PNG", optimize=True)
    return file.getvalue()


def _draw(
    draw: ImageDraw.ImageDraw, kind: str, numbers: list[float], ink: Any, scale: float, margin: float
) -> None:
    def points(values: list[float]) -> list[tuple[float, float]]:
        pairs = zip(values[::2], values[1::2], strict=True)
        return [(x * scale + margin, y * scale + margin) for x, y in pairs]

    if kind in ("disc", "ring"):
        x, y, radius = numbers[:3]
        box = points([x - radius, y - radius, x + radius, y + radius])
        if kind == "disc":
            draw.ellipse(box, fill=ink)
        else:
            draw.ellipse(box, outline=ink, width=round(numbers[3] * scale))
    elif kind == "bar":
        draw.rounded_rectangle(points(numbers), radius=2 * scale, fill=ink)
    elif kind == "line":
        draw.line(points(numbers[1:]), fill=ink, width=round(numbers[0] * scale), joint="curve")
    else:
        draw.polygon(points(numbers), fill=ink)
