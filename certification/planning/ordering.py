"""Another order of the waves that have not begun: what may change, and what has to stay true."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from certification.planning.problems import Problem, problem


@dataclass(frozen=True)
class OpenWave:
    """A wave that has not begun: its place (`number`), with what travels there.

    The place keeps its bake, its train and its day; name and regions are what moves. `fixed` says why this
    one has to stay as it is, "" when it may move.
    """

    number: int
    name: str
    regions: tuple[str, ...]
    is_opt_in: bool = False
    fixed: str = ""


def version_of(waves: Sequence[OpenWave]) -> str:
    """A short tag of which regions travel where: whoever saves another order names the one they saw."""
    facts = [[wave.number, wave.name, sorted(wave.regions), wave.is_opt_in] for wave in waves]
    return hashlib.sha256(json.dumps(sorted(facts)).encode()).hexdigest()[:20]


def arranged(
    waves: Sequence[OpenWave], order: Sequence[int], moves: Mapping[str, int] | None = None
) -> tuple[OpenWave, ...]:
    """The waves with what travels in them in another order.

    `order` names every wave once, by its present number, in the order wanted; `moves` maps a region to the
    present number of the wave it shall travel with. Raises `ValueError` when `order` is not one of them all.
    """
    by_number = {wave.number: wave for wave in waves}
    if sorted(order) != sorted(by_number) or not set((moves or {}).values()) <= set(by_number):
        raise ValueError("The order names every wave that has not begun exactly once.")
    home = {code: wave.number for wave in waves for code in wave.regions} | dict(moves or {})
    contents = {number: tuple(sorted(c for c, at in home.items() if at == number)) for number in by_number}
    return tuple(
        replace(place, name=by_number[number].name, regions=contents[number])
        for place, number in zip(sorted(waves, key=lambda wave: wave.number), order, strict=True)
    )


def laid_over(
    present: Sequence[OpenWave], wish: Sequence[OpenWave]
) -> tuple[tuple[int, ...], dict[str, int]]:
    """Order and moves for `arranged(present, …)` that come closest to `wish`, which was made from another
    order. Waves are known by their names, regions go to the place wished for; what it does not know stays.
    """
    waves = {wave.number: wave for wave in present}
    places, wished = sorted(waves), {wave.number: wave.name for wave in wish}
    by_name = {wave.name: wave.number for wave in present}
    order = [by_name.get(wished.get(place, ""), 0) for place in places]
    is_order = sorted(order) == places and all(
        waves[place].is_opt_in == waves[number].is_opt_in for place, number in zip(places, order, strict=True)
    )
    travels = dict(zip(places, order if is_order else places, strict=True))
    goal = {code: wave.number for wave in wish for code in wave.regions}
    moves = {
        code: travels[goal[code]]
        for wave in present
        for code in wave.regions
        if goal.get(code) in travels and waves[travels[goal[code]]].is_opt_in == wave.is_opt_in
    }
    return tuple(travels.values()), moves


def order_problems(
    before: Sequence[OpenWave], after: Sequence[OpenWave], *, pairs: Iterable[tuple[str, str]] = ()
) -> list[Problem]:
    """What is wrong with `after`; empty when the order may be used."""
    was, now = ({wave.number: wave for wave in waves} for waves in (before, after))
    if sorted(wave.number for wave in after) != sorted(was):
        return [problem("order-waves", numbers=tuple(map(str, sorted(was))))]
    return [*_regions(before, after), *_fixed(was, now), *_last(before, now), *_together(after, pairs)]


def _regions(before: Sequence[OpenWave], after: Sequence[OpenWave]) -> list[Problem]:
    wanted = {code for wave in before for code in wave.regions}
    placed = Counter(code for wave in after for code in wave.regions)
    twice = {code for code, count in placed.items() if count > 1}
    found = {
        "order-forgotten": wanted - set(placed),
        "named-twice": twice,
        "order-unknown": set(placed) - wanted,
    }
    problems = [problem(code, regions=tuple(sorted(regions))) for code, regions in found.items() if regions]
    had = {wave.number for wave in before if wave.regions}
    empty = [wave for wave in after if not wave.regions and wave.number in had]
    problems += [problem("order-empty", number=wave.number) for wave in empty]
    return problems + [
        problem("wave-nameless", number=wave.number) for wave in after if not wave.name.strip()
    ]


def _fixed(was: Mapping[int, OpenWave], now: Mapping[int, OpenWave]) -> list[Problem]:
    return [
        problem("order-fixed", number=number, why=wave.fixed)
        for number, wave in sorted(was.items())
        if wave.fixed and (wave.name, set(wave.regions)) != (now[number].name, set(now[number].regions))
    ]


def _last(before: Sequence[OpenWave], now: Mapping[int, OpenWave]) -> list[Problem]:
    """Public regions stay in public waves, and those that were asked for come after them."""
    asked = {code: wave.is_opt_in for wave in before for code in wave.regions}
    kinds = {wave.number: wave.is_opt_in for wave in before}
    wrong = sorted(
        code
        for number, wave in now.items()
        for code in wave.regions
        if code in asked and asked[code] != kinds[number]
    )
    return [problem("order-opt-in", regions=tuple(wrong))] if wrong else []


def _together(after: Sequence[OpenWave], pairs: Iterable[tuple[str, str]]) -> list[Problem]:
    wave_of = {code: wave.number for wave in after for code in wave.regions}
    found = {(min(pair), max(pair)) for pair in pairs}
    return [
        problem("paired", one=one, other=other, number=wave_of[one])
        for one, other in sorted(found)
        if one in wave_of and wave_of[one] == wave_of.get(other)
    ]
