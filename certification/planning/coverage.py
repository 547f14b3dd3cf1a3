"""Is a plan complete: every active region in exactly one wave, pairs apart, nothing unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class WaveDraft:
    """A wave as somebody wrote it. `before_sign_off` waves belong to the Preview stage of a submission;
    `is_opt_in` waves come after the public ones, in rollouts that ask for them.
    """

    name: str
    regions: tuple[str, ...]
    before_sign_off: bool = False
    is_opt_in: bool = False
    bake_seconds: int = 0
    bake_business_seconds: int = 0
    bake_calls: int = 0


def coverage_problems(
    waves: Sequence[WaveDraft],
    active: Mapping[str, str],
    *,
    pairs: Iterable[tuple[str, str]] = (),
    preview: str = "",
) -> list[str]:
    """Sentences about what is wrong, naming the regions; empty when the plan may be used.

    `active` maps the code of every active region to its name; `preview` is the code of the Preview region.
    """
    if not waves:
        return ["A plan needs at least one wave."]
    placed = [code for wave in waves for code in wave.regions]
    return [
        *_places(placed, active),
        *_order(waves, preview, active),
        *_pairs(waves, pairs, active),
    ]


def _named(codes: Iterable[str], active: Mapping[str, str]) -> str:
    return ", ".join(f"{active[code]} ({code})" if code in active else code for code in codes)


def _places(placed: Sequence[str], active: Mapping[str, str]) -> list[str]:
    problems = []
    forgotten = sorted(set(active) - set(placed))
    twice = sorted(code for code, count in Counter(placed).items() if count > 1)
    unknown = sorted(set(placed) - set(active))
    if forgotten:
        problems.append(f"The plan forgets {_named(forgotten, active)}: place every active region in a wave.")
    if twice:
        problems.append(
            f"Named more than once: {_named(twice, active)}. A region belongs to exactly one wave."
        )
    if unknown:
        problems.append(f"Not an active region: {', '.join(unknown)}. Take it out or activate it first.")
    return problems


def _order(waves: Sequence[WaveDraft], preview: str, active: Mapping[str, str]) -> list[str]:
    problems = [
        f"Wave {number} ({wave.name or 'unnamed'}) has no region."
        for number, wave in enumerate(waves, start=1)
        if not wave.regions
    ]
    problems += [
        f"Wave {number} has no name." for number, wave in enumerate(waves, start=1) if not wave.name.strip()
    ]
    flags = [wave.before_sign_off for wave in waves]
    if flags != sorted(flags, reverse=True):
        problems.append("Waves before the sign-off come first: they are the Preview stage.")
    late = [wave.is_opt_in for wave in waves]
    if late != sorted(late):
        problems.append("Opt-in waves come last: they start when the public ones are complete.")
    if any(wave.is_opt_in and wave.before_sign_off for wave in waves):
        problems.append("A wave is either before the sign-off or opt-in, not both.")
    if all(wave.before_sign_off or wave.is_opt_in for wave in waves):
        problems.append("At least one wave for everybody comes after the sign-off: those are the rollout.")
    wrong = [wave for wave in waves if preview in wave.regions and not wave.before_sign_off]
    if preview and wrong:
        problems.append(
            f"{_named([preview], active)} is the Preview region: its wave comes before the sign-off."
        )
    return problems


def _pairs(
    waves: Sequence[WaveDraft], pairs: Iterable[tuple[str, str]], active: Mapping[str, str]
) -> list[str]:
    wave_of = {code: number for number, wave in enumerate(waves, start=1) for code in wave.regions}
    together = sorted(
        {
            (min(pair), max(pair), wave_of[pair[0]])
            for pair in pairs
            if pair[0] in wave_of and wave_of[pair[0]] == wave_of.get(pair[1])
        }
    )
    return [
        f"{_named([one, other], active)} back each other up, so they cannot both be in wave {number}."
        for one, other, number in together
    ]
