"""The icon: a square PNG of the right size whose background is the brand colour."""

from __future__ import annotations

import re
from collections.abc import Iterator

from certification.rules.checks.encoding import hit_of
from certification.rules.checks.properties import COLOUR
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, Role, openapi
from connectors.definitions.icon import IconColours, IconFacts, IconRefused, measure

_ICON = CANONICAL_NAMES[Role.ICON]
_OTHER_NAME = re.compile(r"[^/]*(?:icon|logo)[^/]*\.(?:png|jpe?g|gif|svg|bmp|ico|webp|tiff?)", re.IGNORECASE)
_LARGEST_BYTES = 1_048_576
_SMALLEST_SIDE, _LARGEST_SIDE = 100, 230
_LOWEST_ALPHA = 250
_WHITE = 250
_FARTHEST = 48


@rule("ICN-001", on="package")
def icon_missing_or_not_wanted(package: Node) -> Iterator[Hit]:
    """Independent publishers share one icon, which the platform adds."""
    entry = next((entry for entry in package.value.tree if entry.role is Role.ICON), None)
    if package.run.profile.publisher == "independent":
        if entry is not None:
            yield Hit(
                entry.name or entry.path, value="The package of an independent publisher has an icon.png"
            )
    elif entry is None:
        yield Hit("", value="The package has no icon.png")


@rule("ICN-002", on="package")
def icon_under_other_name(package: Node) -> Iterator[Hit]:
    for entry in package.value.tree:
        if entry.role is Role.EXTRA and _OTHER_NAME.fullmatch(entry.path):
            yield Hit(entry.path, value=entry.path)


@rule("ICN-003", on="package")
def icon_is_no_png(package: Node) -> Iterator[Hit]:
    for problem in package.run.problems_of(_icon_name(package)):
        if problem.code == "icon-not-png":
            yield hit_of(problem, value=_said(problem.message))
    refused = _measured(package)
    if isinstance(refused, IconRefused):
        yield Hit(_ICON, value=_said(str(refused)))


@rule("ICN-004", on="package")
def icon_too_large(package: Node) -> Iterator[Hit]:
    for entry in package.value.tree:
        if entry.role is Role.ICON and entry.size >= _LARGEST_BYTES:
            yield Hit(entry.name or entry.path, value=f"{entry.size:,}")


@rule("ICN-005", on="package")
def icon_not_square(package: Node) -> Iterator[Hit]:
    icon = _facts(package)
    if icon and icon.width != icon.height:
        yield Hit(_ICON, value=f"{icon.width} x {icon.height}")


@rule("ICN-006", on="package")
def icon_size_out_of_range(package: Node) -> Iterator[Hit]:
    """The reader does not accept icons far beyond the range: of those it only says that they are."""
    icon = _facts(package)
    if (
        icon
        and not _SMALLEST_SIDE
        <= min(icon.width, icon.height)
        <= max(icon.width, icon.height)
        <= _LARGEST_SIDE
    ):
        yield Hit(_ICON, value=f"The icon has {icon.width} x {icon.height} pixels")
    for problem in package.run.problems_of(_icon_name(package)):
        if problem.code == "icon-too-many-pixels":
            yield hit_of(problem, value=_said(problem.message))


@rule("ICN-007", on="package")
def icon_transparent(package: Node) -> Iterator[Hit]:
    colours = _measured(package)
    if isinstance(colours, IconColours) and colours.lowest_alpha < _LOWEST_ALPHA:
        yield Hit(_ICON, value=100 - colours.lowest_alpha * 100 // 255)


@rule("ICN-008", on="package")
def icon_white(package: Node) -> Iterator[Hit]:
    colours = _measured(package)
    corners = colours.corners if isinstance(colours, IconColours) else ()
    if corners and all(min(_rgb(corner)) >= _WHITE for corner in corners):
        yield Hit(_ICON, value=corners[0])


@rule("ICN-009", on="package")
def icon_not_in_brand_colour(package: Node) -> Iterator[Hit]:
    colours = _measured(package)
    brand = openapi.text(package.run.properties, "properties", "iconBrandColor")
    corners = colours.corners if isinstance(colours, IconColours) else ()
    if (
        corners
        and COLOUR.fullmatch(brand)
        and all(_distance(corner, brand) > _FARTHEST for corner in corners)
    ):
        yield Hit(_ICON, value=corners[0], facts={"brand": brand})


@rule("ICN-010", on="package")
def icon_of_another_connector(package: Node) -> Iterator[Hit]:
    icon = package.value.icon_file
    other = package.run.context.icon_hashes.get(icon.sha256) if icon else None
    if other is not None:
        yield Hit(_ICON, value=other)


def _facts(package: Node) -> IconFacts | None:
    icon: IconFacts | None = package.value.icon
    return icon


def _measured(package: Node) -> IconColours | IconRefused | None:
    """The colours of the icon, or why it cannot be decoded; None when there is no icon."""
    icon, cache = package.value.icon_file, package.run.cache
    if icon is not None and "icon" not in cache:
        try:
            cache["icon"] = measure(icon.content)
        except IconRefused as refused:
            cache["icon"] = refused
    found: IconColours | IconRefused | None = cache.get("icon")
    return found


def _icon_name(package: Node) -> str:
    """The name under which the reader speaks of the icon: a refused one keeps the name of the upload."""
    return next((entry.path for entry in package.value.tree if entry.role is Role.ICON), _ICON)


def _said(message: str) -> str:
    return message.rpartition(": ")[2].rstrip(".")


def _rgb(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _distance(one: str, other: str) -> int:
    return sum(abs(a - b) for a, b in zip(_rgb(one), _rgb(other), strict=True))
