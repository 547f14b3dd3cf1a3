"""The regions and waves a new portal starts with. Operators change both in the portal afterwards."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass


@dataclass(frozen=True)
class RegionSeed:
    code: str
    name: str
    geography: str
    tags: tuple[str, ...] = ()
    is_preview: bool = False


@dataclass(frozen=True)
class WaveSeed:
    name: str
    regions: tuple[str, ...]
    before_sign_off: bool = False


REGIONS: tuple[RegionSeed, ...] = (
    RegionSeed("testing", "Testing", "United States", ("testing",)),
    RegionSeed("preview-us", "Preview (United States)", "United States", ("preview",), is_preview=True),
    RegionSeed("asia", "Asia", "Asia Pacific"),
    RegionSeed("singapore", "Singapore", "Asia Pacific"),
    RegionSeed("korea", "Korea", "Asia Pacific"),
    RegionSeed("taiwan", "Taiwan", "Asia Pacific"),
    RegionSeed("indonesia", "Indonesia", "Asia Pacific"),
    RegionSeed("malaysia", "Malaysia", "Asia Pacific"),
    RegionSeed("newzealand", "New Zealand", "Asia Pacific"),
    RegionSeed("europe", "Europe", "Europe"),
    RegionSeed("france", "France", "Europe"),
    RegionSeed("germany", "Germany", "Europe"),
    RegionSeed("italy", "Italy", "Europe"),
    RegionSeed("norway", "Norway", "Europe"),
    RegionSeed("poland", "Poland", "Europe"),
    RegionSeed("spain", "Spain", "Europe"),
    RegionSeed("sweden", "Sweden", "Europe"),
    RegionSeed("switzerland", "Switzerland", "Europe"),
    RegionSeed("uae", "United Arab Emirates", "Middle East and Africa"),
    RegionSeed("qatar", "Qatar", "Middle East and Africa"),
    RegionSeed("israel", "Israel", "Middle East and Africa"),
    RegionSeed("southafrica", "South Africa", "Middle East and Africa"),
    RegionSeed("brazil", "Brazil", "South America"),
    RegionSeed("chile", "Chile", "South America"),
    RegionSeed("mexico", "Mexico", "North America"),
    RegionSeed("canada", "Canada", "North America"),
    RegionSeed("japan", "Japan", "Asia Pacific"),
    RegionSeed("india", "India", "Asia Pacific"),
    RegionSeed("australia", "Australia", "Asia Pacific"),
    RegionSeed("unitedkingdom", "United Kingdom", "Europe"),
    RegionSeed("unitedstates", "United States", "North America"),
)

PAIRS: tuple[tuple[str, str], ...] = (
    ("asia", "japan"),
    ("europe", "unitedkingdom"),
    ("newzealand", "australia"),
    ("brazil", "unitedstates"),
    ("canada", "unitedstates"),
    ("korea", "japan"),
)
"""Regions that back each other up; no wave holds both."""

PLAN_NAME = "Six waves"
PLAN_DESCRIPTION = (
    "One wave a business day, none on weekends or United States holidays. Waves 1 and 2 are the Preview "
    "stage of a submission; waves 3 to 6 are its rollout."
)
TIME_ZONE = "America/Los_Angeles"
HOLIDAY_COUNTRY = "US"
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
)  # fmt: skip
