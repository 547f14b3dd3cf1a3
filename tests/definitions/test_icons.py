"""Icons are judged by their header, decoded only when small, and served only as a fresh encoding."""

from __future__ import annotations

import io
import time
import zipfile
import zlib
from typing import Any

import pytest
from PIL import Image

from connectors.definitions import IconRefused, icon, read_files
from tests.packages import harbour_tides, png, png_file, png_header, zip_of

TAIL = b"<script>alert(1)</script>" + zip_of({"evil.md": b"x"})


def refused(data: bytes) -> str:
    with pytest.raises(IconRefused) as caught:
        icon.inspect(data)
    with pytest.raises(IconRefused):
        icon.reencode(data)
    return caught.value.code


def test_the_header_tells_size_depth_and_transparency_without_decoding():
    facts = icon.inspect(png(200, 100, (1, 2, 3, 255)))

    assert (facts.width, facts.height, facts.bit_depth, facts.colour_type) == (200, 100, 8, 6)
    assert facts.has_alpha
    assert not facts.is_animated
    assert facts.trailing_bytes == 0


def test_transparency_of_a_palette_is_seen_in_its_own_chunk():
    data = png_file(png_header(8, 8, 3), zlib.compress(b"\0" * 72), (b"PLTE", b"\0\0\0"), (b"tRNS", b"\0"))

    assert icon.inspect(data).has_alpha


@pytest.mark.parametrize("side", [1025, 13_000, 2**31 - 1])
def test_a_flood_of_pixels_is_refused_from_its_header_in_no_time(side):
    data = png_file(png_header(side, side, 0), zlib.compress(b"\0" * 100_000, 9))

    started = time.process_time()
    assert refused(data) == "icon-too-many-pixels"
    assert time.process_time() - started < 0.05


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(b"\xff\xd8\xff\xe0JFIF", id="JPEG"),
        pytest.param(b"\x89PNG\r\n\x1a\n", id="signature only"),
        pytest.param(png()[:-20], id="cut off"),
        pytest.param(png_file(png_header(0, 10), b""), id="no width"),
        pytest.param(png_file(png_header(10, 10, 5), b""), id="unknown colour type"),
        pytest.param(png_file(png_header(10, 10, 2, 3), b""), id="unknown depth"),
        pytest.param(png()[:20] + b"\xff" + png()[21:], id="header with wrong check sum"),
        pytest.param(b"\x89PNG\r\n\x1a\n" + png()[8:33] + b"\0\0\0\0IEND\xaeB`\x82", id="no picture data"),
    ],
)
def test_what_is_no_png_is_refused(data):
    assert refused(data) == "icon-not-png"


def test_a_header_that_promises_more_than_the_data_holds_is_refused_when_decoding():
    data = png_file(png_header(500, 500), b"this is no deflate stream")

    assert icon.inspect(data).width == 500
    with pytest.raises(IconRefused):
        icon.reencode(data)


def test_reencoding_drops_everything_that_is_no_pixel():
    hidden = png_file(
        png_header(4, 4),
        zlib.compress((b"\0" + b"\1\2\3" * 4) * 4),
        (b"tEXt", b"Comment\0" + TAIL),
        (b"eXIf", b"PK\3\4"),
    )
    clean = icon.reencode(hidden + TAIL)

    assert b"<script" in hidden
    assert b"<script" not in clean
    assert b"PK" not in clean
    assert not zipfile.is_zipfile(io.BytesIO(clean))
    with Image.open(io.BytesIO(clean)) as opened:
        assert opened.getpixel((0, 0)) == (1, 2, 3, 255)
        assert opened.info == {}


def test_reencoding_keeps_small_icons_and_scales_large_ones_to_512():
    with Image.open(io.BytesIO(icon.reencode(png(230, 230)))) as small:
        assert small.size == (230, 230)
    with Image.open(io.BytesIO(icon.reencode(png(1024, 512)))) as large:
        assert large.size == (512, 256)


def test_the_background_is_measured_at_the_border():
    measured = icon.measure(png(100, 100, (0x1B, 0x6C, 0xA8)))

    assert measured.border == "#1b6ca8"
    assert measured.border_share == 1.0
    assert measured.corners == ("#1b6ca8",) * 4
    assert measured.lowest_alpha == 255


def test_a_transparent_icon_has_no_background_colour():
    measured = icon.measure(png(100, 100, (9, 9, 9, 0)))

    assert measured.border is None
    assert measured.lowest_alpha == 0


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"<svg/>", "icon-not-png"),
        (png_file(png_header(9000, 9000), b"x"), "icon-too-many-pixels"),
        (png() + b"<script>", "icon-trailing-data"),
        (png() + zip_of({"a.md": b"x"}), "icon-trailing-data"),
    ],
)
def test_a_package_with_a_bad_icon_is_read_without_it(content, code):
    package: Any = read_files(harbour_tides(icon_png=content))

    assert [problem.code for problem in package.problems] == [code]
    assert package.icon is None
    assert "icon.png" not in package.files
    assert not package.is_refused
    assert package.definition.value["swagger"] == "2.0"
    assert [entry.accepted for entry in package.tree if entry.path == "icon.png"] == [False]


@pytest.mark.parametrize(
    ("name", "content", "accepted"),
    [
        ("images/a.png", png(2000, 1000), True),
        ("images/a.jpg", b"\xff\xd8\xff\xe0" + bytes(20), True),
        ("images/a.gif", b"GIF89a" + bytes(20), True),
        ("images/a.png", b"GIF89a" + bytes(20), False),
        ("images/a.jpg", b"<html>", False),
        ("images/a.png", png() + b"PK", False),
        ("images/a.png", png_file(png_header(9000, 9000), b"x"), False),
    ],
)
def test_pictures_for_the_documents_must_be_what_their_extension_says(name, content, accepted):
    package: Any = read_files({**harbour_tides(), name: content})

    assert (name in package.files) == accepted
    assert bool(package.problems) == (not accepted)
