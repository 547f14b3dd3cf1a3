"""Another order of the waves that have not begun: what may change, and what has to stay true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace


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


def order_problems(
    before: Sequence[OpenWave], after: Sequence[OpenWave], *, pairs: Iterable[tuple[str, str]] = ()
) -> list[str]:
    """Sentences about what is wrong with `after`; empty when the order may be used."""
    was, now = ({wave.number: wave for wave in waves} for waves in (before, after))
    if sorted(wave.number for wave in after) != sorted(was):
        numbers = ", ".join(map(str, sorted(was)))
        return [f"Waves that have not begun are {numbers}: name each of them once, and no other."]
    return [*_regions(before, after), *_fixed(was, now), *_last(before, now), *_together(after, pairs)]


def _regions(before: Sequence[OpenWave], after: Sequence[OpenWave]) -> list[str]:
    wanted = {code for wave in before for code in wave.regions}
    placed = Counter(code for wave in after for code in wave.regions)
    twice = {code for code, count in placed.items() if count > 1}
    found = {
        "Forgotten: {}. Every region that has not begun stays in one wave.": wanted - set(placed),
        "Named more than once: {}. A region belongs to exactly one wave.": twice,
        "Not in a wave that has not begun: {}.": set(placed) - wanted,
    }
    problems = [text.format(", ".join(sorted(codes))) for text, codes in found.items() if codes]
    had = {wave.number for wave in before if wave.regions}
    empty = [wave for wave in after if not wave.regions and wave.number in had]
    problems += [f"Wave {wave.number} would have no region." for wave in empty]
    return problems + [f"Wave {wave.number} has no name." for wave in after if not wave.name.strip()]


def _fixed(was: Mapping[int, OpenWave], now: Mapping[int, OpenWave]) -> list[str]:
    return [
        f"Wave {number} stays as it is: {wave.fixed}."
        for number, wave in sorted(was.items())
        if wave.fixed and (wave.name, set(wave.regions)) != (now[number].name, set(now[number].regions))
    ]


def _last(before: Sequence[OpenWave], now: Mapping[int, OpenWave]) -> list[str]:
    """Public regions stay in public waves, and those that were asked for come after them."""
    asked = {code: wave.is_opt_in for wave in before for code in wave.regions}
    kinds = {wave.number: wave.is_opt_in for wave in before}
    wrong = sorted(
        code
        for number, wave in now.items()
        for code in wave.regions
        if code in asked and asked[code] != kinds[number]
    )
    if not wrong:
        return []
    return [f"Opt-in regions travel after the public ones, in waves of their own: {', '.join(wrong)}."]


def _together(after: Sequence[OpenWave], pairs: Iterable[tuple[str, str]]) -> list[str]:
    wave_of = {code: wave.number for wave in after for code in wave.regions}
    found = {(min(pair), max(pair)) for pair in pairs}
    return [
        f"{one} and {other} back each other up, so they cannot both be in wave {wave_of[one]}."
        for one, other in sorted(found)
        if one in wave_of and wave_of[one] == wave_of.get(other)
    ]
