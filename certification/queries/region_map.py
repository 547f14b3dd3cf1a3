"""Regions on the map of the world: where each one's mark stands, and in which state it is."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.models import RegionDeployment, Rollout
from certification.queries.rollouts import GROUPS, WaveView, shown_state
from connectors.models import Region

WIDTH = 1000
HEIGHT = 442
# What a mark shows when rollouts differ in its region: what somebody has to look at comes first.
_FIRST = ("failed", "unknown", "deploying", "reported", "requested", "planned", "verified")
_WEST, _EAST, _NORTH = -170.0, 190.0, 76.0
_APART = 25.0
_ROUNDS = 150
_MARGIN = 14.0


@dataclass(frozen=True, slots=True)
class Standing:
    """What a map says of one region, wherever that comes from."""

    code: str
    name: str
    state: str
    url: str = ""
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A region on the map: `x`, `y` of its mark, and of the place that the mark had to leave for others."""

    standing: Standing
    x: float
    y: float
    place_x: float
    place_y: float

    @property
    def is_moved(self) -> bool:
        return math.hypot(self.x - self.place_x, self.y - self.place_y) > 4

    @property
    def side(self) -> str:
        """To which side of the mark its words go."""
        return "end" if self.x > 0.72 * WIDTH else "start"


@dataclass(frozen=True, slots=True)
class WorldMap:
    """`elsewhere` are the regions whose place nobody has entered; `legend` counts them by state."""

    marks: list[Mark]
    elsewhere: list[Standing]
    legend: list[tuple[str, int]]


def project(latitude: float, longitude: float) -> tuple[float, float]:
    """Miller's cylindrical projection, by which `static/img/world.svg` is drawn."""
    scale = WIDTH / math.radians(_EAST - _WEST)
    east = (longitude - _WEST) % 360
    return round(math.radians(east) * scale, 1), round((_height(_NORTH) - _height(latitude)) * scale, 1)


def _height(latitude: float) -> float:
    # Beyond 80 degrees there is no land on the map, and at the pole no end of it.
    return 1.25 * math.log(math.tan(math.pi / 4 + 0.4 * math.radians(max(min(latitude, 80.0), -80.0))))


def world_map(standings: Iterable[Standing]) -> WorldMap:
    """One query for the places; regions that would hide each other stand apart, tied to their places."""
    rows = sorted(standings, key=lambda row: row.code)
    found = Region.objects.filter(pk__in=[row.code for row in rows], latitude__isnull=False)
    places = {
        code: project(latitude, longitude)
        for code, latitude, longitude in found.values_list("code", "latitude", "longitude")
        if latitude is not None and longitude is not None
    }
    placed = [row for row in rows if row.code in places]
    spots = spread(tuple(places[row.code] for row in placed))
    marks = [Mark(row, *spot, *places[row.code]) for row, spot in zip(placed, spots, strict=True)]
    return WorldMap(
        # From north to south and west to east within a band, as the eye and the Tab key go.
        marks=sorted(marks, key=lambda mark: (mark.y // 60, mark.x)),
        elsewhere=[row for row in rows if row.code not in places],
        legend=Counter(row.state for row in rows).most_common(),
    )


@lru_cache(maxsize=256)
def spread(points: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
    """The points moved as little as it takes for none to cover another; the same points, the same answer."""
    # Points on the same spot start apart a little, each in a direction of its own.
    spots = [
        (x + 0.1 * math.cos(2.4 * index), y + 0.1 * math.sin(2.4 * index))
        for index, (x, y) in enumerate(points)
    ]
    for _round in range(_ROUNDS):
        if not _push_apart(spots):
            break
    return tuple((round(x, 1), round(y, 1)) for x, y in spots)


def _push_apart(spots: list[tuple[float, float]]) -> bool:
    """One round: every two that are too close step back from each other. Whether any was."""
    was_close = False
    for one in range(len(spots)):
        for other in range(one):
            (x, y), (other_x, other_y) = spots[one], spots[other]
            away_x, away_y = x - other_x, y - other_y
            distance = math.hypot(away_x, away_y)
            if distance >= _APART - 0.5:
                continue
            was_close = True
            step = (_APART - distance) / (2 * distance)
            spots[one] = _inside(x + away_x * step, y + away_y * step)
            spots[other] = _inside(other_x - away_x * step, other_y - away_y * step)
    return was_close


def _inside(x: float, y: float) -> tuple[float, float]:
    return min(max(x, _MARGIN), WIDTH - _MARGIN), min(max(y, _MARGIN), HEIGHT - _MARGIN)


def of_waves(waves: Iterable[WaveView]) -> WorldMap:
    """The regions of a rollout's matrix on the map."""
    standings = {}
    for wave in waves:
        for cell in wave.regions:
            detail = cell.note or _("Wave %(number)s") % {"number": wave.number}
            standings[cell.code] = Standing(cell.code, cell.name, cell.state, cell.url, detail)
    return world_map(standings.values())


def of_board(user: Any, group: str) -> WorldMap:
    """The regions of a group of the board; a mark shows what is most urgent in it. Two queries."""
    rollouts = Rollout.objects.visible_to(user).filter(state__in=GROUPS.get(group, GROUPS["active"])[1])
    counted = (
        RegionDeployment.objects.filter(rollout__in=rollouts, action="deploy")
        .order_by()
        .values_list("region_id", "region__name", "state")
        .annotate(Count("pk"))
    )
    found: dict[tuple[str, str], Counter[str]] = {}
    for code, name, state, number in counted:
        found.setdefault((code, name), Counter())[shown_state(state)] += number
    return world_map(_most_urgent(code, name, states) for (code, name), states in found.items())


def _most_urgent(code: str, name: str, states: Counter[str]) -> Standing:
    state = next((each for each in _FIRST if each in states), next(iter(states)))
    detail = ngettext(
        "%(number)s of %(total)s rollout", "%(number)s of %(total)s rollouts", states.total()
    ) % {"number": states[state], "total": states.total()}
    return Standing(code, name, state, reverse("region_detail", args=[code]), detail)


def of_regions(regions: Iterable[Region]) -> WorldMap:
    """Every region of the portal on the map, by whether it answers."""
    return world_map(
        Standing(region.pk, region.name, condition_of(region), reverse("region_detail", args=[region.pk]))
        for region in regions
    )


def condition_of(region: Region) -> str:
    """Whether we can talk to the region, in one word that the table of states knows."""
    if not region.is_active:
        return "inactive"
    if region.breaker_opened_at:
        return "unreachable"
    if getattr(region, "disagreeing", 0):
        return "disagreeing"
    return "unsteady" if region.breaker_failures else "active"
