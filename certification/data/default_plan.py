"""The regions and waves a new portal starts with. Operators change both in the portal afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class RegionSeed:
    code: str
    name: str
    geography: str
    place: tuple[float, float]
    """Latitude and longitude in degrees: the city whose data centres serve the region, or its middle."""
    tags: tuple[str, ...] = ()
    is_preview: bool = False


@dataclass(frozen=True)
class WaveSeed:
    name: str
    regions: tuple[str, ...]
    before_sign_off: bool = False
    is_opt_in: bool = False


@dataclass(frozen=True)
class BakeSeed:
    """How long a wave is watched before the next may start: the last of the three."""

    seconds: int = 0
    business_seconds: int = 0
    calls: int = 0


@dataclass(frozen=True)
class PlanSeed:
    """The plan of a lane: its calendar and the bake of each of `WAVES`."""

    lane: str
    name: str
    description: str
    bakes: tuple[BakeSeed, ...]
    days_between_waves: int = 1
    hours_between_waves: int = 0
    weekend: tuple[int, ...] = (5, 6)
    holiday_countries: tuple[str, ...] = ("US",)


REGIONS: tuple[RegionSeed, ...] = (
    RegionSeed("testing", "Testing", "United States", (41.1, -104.8), tags=("testing",)),
    RegionSeed(
        "preview-us",
        "Preview (United States)",
        "United States",
        (47.2, -119.9),
        tags=("preview",),
        is_preview=True,
    ),
    RegionSeed("asia", "Asia", "Asia Pacific", (22.3, 114.2)),
    RegionSeed("singapore", "Singapore", "Asia Pacific", (1.3, 103.8)),
    RegionSeed("korea", "Korea", "Asia Pacific", (37.6, 127.0)),
    RegionSeed("taiwan", "Taiwan", "Asia Pacific", (25.0, 121.5)),
    RegionSeed("indonesia", "Indonesia", "Asia Pacific", (-6.2, 106.8)),
    RegionSeed("malaysia", "Malaysia", "Asia Pacific", (3.1, 101.7)),
    RegionSeed("newzealand", "New Zealand", "Asia Pacific", (-36.8, 174.8)),
    RegionSeed("europe", "Europe", "Europe", (52.4, 4.9)),
    RegionSeed("france", "France", "Europe", (48.9, 2.4)),
    RegionSeed("germany", "Germany", "Europe", (50.1, 8.7)),
    RegionSeed("italy", "Italy", "Europe", (45.5, 9.2)),
    RegionSeed("norway", "Norway", "Europe", (59.9, 10.8)),
    RegionSeed("poland", "Poland", "Europe", (52.2, 21.0)),
    RegionSeed("spain", "Spain", "Europe", (40.4, -3.7)),
    RegionSeed("sweden", "Sweden", "Europe", (60.7, 17.1)),
    RegionSeed("switzerland", "Switzerland", "Europe", (47.4, 8.5)),
    RegionSeed("uae", "United Arab Emirates", "Middle East and Africa", (24.5, 54.4)),
    RegionSeed("qatar", "Qatar", "Middle East and Africa", (25.3, 51.5)),
    RegionSeed("israel", "Israel", "Middle East and Africa", (32.1, 34.8)),
    RegionSeed("southafrica", "South Africa", "Middle East and Africa", (-26.2, 28.0)),
    RegionSeed("brazil", "Brazil", "South America", (-23.6, -46.6)),
    RegionSeed("chile", "Chile", "South America", (-33.4, -70.7)),
    RegionSeed("mexico", "Mexico", "North America", (20.6, -100.4)),
    RegionSeed("canada", "Canada", "North America", (43.7, -79.4)),
    RegionSeed("japan", "Japan", "Asia Pacific", (35.7, 139.7)),
    RegionSeed("india", "India", "Asia Pacific", (18.5, 73.9)),
    RegionSeed("australia", "Australia", "Asia Pacific", (-33.9, 151.2)),
    RegionSeed("unitedkingdom", "United Kingdom", "Europe", (51.5, -0.1)),
    RegionSeed("unitedstates", "United States", "North America", (36.7, -78.4)),
    RegionSeed("gcc", "US Government GCC", "United States", (41.6, -93.6), tags=("sovereign",)),
    RegionSeed("gcchigh", "US Government GCC High", "United States", (29.4, -98.5), tags=("sovereign",)),
    RegionSeed("dod", "US Government DoD", "United States", (38.9, -77.0), tags=("sovereign",)),
    RegionSeed("china", "China (21Vianet)", "China", (31.2, 121.5), tags=("sovereign",)),
)

PAIRS: tuple[tuple[str, str], ...] = (
    ("asia", "japan"),
    ("europe", "unitedkingdom"),
    ("newzealand", "australia"),
    ("brazil", "unitedstates"),
    ("canada", "unitedstates"),
    ("korea", "japan"),
    ("gcchigh", "dod"),
)
"""Regions that back each other up; no wave holds both."""

TIME_ZONE = "America/Los_Angeles"
HOLIDAY_COUNTRIES = ("US",)
START_TIME = dt.time(9, 0)

WAVES: tuple[WaveSeed, ...] = (
    WaveSeed("Testing", ("testing",), before_sign_off=True),
    WaveSeed("Preview (United States)", ("preview-us",), before_sign_off=True),
    WaveSeed(
        "Asia Pacific without Japan and India",
        ("asia", "singapore", "korea", "taiwan", "indonesia", "malaysia", "newzealand"),
    ),
    WaveSeed(
        "Europe without the United Kingdom, Middle East and Africa",
        (
            "europe", "france", "germany", "italy", "norway", "poland", "spain", "sweden", "switzerland",
            "uae", "qatar", "israel", "southafrica",
        ),
    ),
    WaveSeed(
        "South America, Mexico, Canada, Japan and India",
        ("brazil", "chile", "mexico", "canada", "japan", "india"),
    ),
    WaveSeed("Australia, United Kingdom and United States", ("australia", "unitedkingdom", "unitedstates")),
    WaveSeed("US Government GCC", ("gcc",), is_opt_in=True),
    WaveSeed("US Government GCC High", ("gcchigh",), is_opt_in=True),
    WaveSeed("US Government DoD", ("dod",), is_opt_in=True),
    WaveSeed("China", ("china",), is_opt_in=True),
)  # fmt: skip
"""Testing and Preview, four public waves, and the sovereign regions once those are complete."""

_HOUR = 3600
_AFTER = " Sovereign regions follow, where the publisher asks for them, when every public region has it."


def _hours(*walls: int, business: tuple[int, ...] = (), calls: tuple[int, ...] = ()) -> tuple[BakeSeed, ...]:
    """A bake for each of `WAVES`; what is not given is nothing."""
    padding = (0,) * len(WAVES)
    rows = zip((*walls, *padding), (*business, *padding), (*calls, *padding), strict=False)
    bakes = [BakeSeed(wall * _HOUR, work * _HOUR, count) for wall, work, count in rows]
    return tuple(bakes[: len(WAVES)])


PLANS: tuple[PlanSeed, ...] = (
    PlanSeed(
        "additive",
        "Six waves",
        "One wave a business day, none on weekends or United States holidays. Waves 1 and 2 are the Preview "
        "stage of a submission; waves 3 to 6 are its rollout." + _AFTER,
        _hours(0, 0, 20, 20, 16, 12, 20, 20, 20, business=(0, 0, 6, 6, 4, 0, 6, 6, 6)),
    ),
    PlanSeed(
        "metadata",
        "Texts and pictures",
        "For versions that are proved to change nothing that runs: eight hours between waves, the public "
        "ones within two days." + _AFTER,
        _hours(0, 0, 8, 6, 4, 2, 4, 4, 4),
        hours_between_waves=8,
    ),
    PlanSeed(
        "breaking",
        "Breaking change",
        "Two business days between waves. The first regions are watched for two days and 500 calls before "
        "anybody else gets it." + _AFTER,
        _hours(
            0, 0, 44, 44, 40, 20, 44, 44, 44,
            business=(0, 0, 14, 14, 12, 6, 14, 14, 14),
            calls=(0, 0, 500, 500, 200),
        ),
        days_between_waves=2,
    ),
    PlanSeed(
        "new",
        "New connector",
        "One wave a business day for a connector that nobody uses yet, so no wave waits for "
        "traffic." + _AFTER,
        _hours(0, 0, 20, 20, 16, 12, 20, 20, 20, business=(0, 0, 6, 6, 4, 0, 6, 6, 6)),
    ),
    PlanSeed(
        "hotfix",
        "Hotfix",
        "Twelve hours between waves, weekends and holidays included, after four hours in Preview. Two people "
        "besides the one who asks have to agree." + _AFTER,
        _hours(0, 4, 11, 10, 8, 4, 8, 8, 8),
        hours_between_waves=12,
        weekend=(),
        holiday_countries=(),
    ),
)  # fmt: skip
"""The default plan of each lane."""
