"""Is a plan complete: every active region in exactly one wave, pairs apart, nothing unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from certification.planning.problems import Problem, problem


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
) -> list[Problem]:
    """What is wrong, naming the regions; empty when the plan may be used.

    `active` maps the code of every active region to its name; `preview` is the code of the Preview region.
    """
    if not waves:
        return [problem("plan-empty")]
    placed = [code for wave in waves for code in wave.regions]
    return [
        *_places(placed, active),
        *_order(waves, preview, active),
        *_pairs(waves, pairs, active),
    ]


def _named(codes: Iterable[str], active: Mapping[str, str]) -> tuple[str, ...]:
    return tuple(f"{active[code]} ({code})" if code in active else code for code in codes)


def _places(placed: Sequence[str], active: Mapping[str, str]) -> list[Problem]:
    found = {
        "plan-forgets": sorted(set(active) - set(placed)),
        "named-twice": sorted(code for code, count in Counter(placed).items() if count > 1),
        "plan-inactive": sorted(set(placed) - set(active)),
    }
    return [problem(code, regions=_named(codes, active)) for code, codes in found.items() if codes]


def _order(waves: Sequence[WaveDraft], preview: str, active: Mapping[str, str]) -> list[Problem]:
    numbered = list(enumerate(waves, start=1))
    problems = [
        problem("wave-empty", number=number, name=wave.name or "-")
        for number, wave in numbered
        if not wave.regions
    ]
    problems += [
        problem("wave-nameless", number=number) for number, wave in numbered if not wave.name.strip()
    ]
    flags = [wave.before_sign_off for wave in waves]
    late = [wave.is_opt_in for wave in waves]
    wrong = {
        "preview-not-first": flags != sorted(flags, reverse=True),
        "opt-in-not-last": late != sorted(late),
        "preview-and-opt-in": any(wave.is_opt_in and wave.before_sign_off for wave in waves),
        "no-public-wave": all(wave.before_sign_off or wave.is_opt_in for wave in waves),
    }
    problems += [problem(code) for code, is_so in wrong.items() if is_so]
    if preview and any(preview in wave.regions and not wave.before_sign_off for wave in waves):
        problems.append(problem("preview-region", region=_named([preview], active)))
    return problems


def _pairs(
    waves: Sequence[WaveDraft], pairs: Iterable[tuple[str, str]], active: Mapping[str, str]
) -> list[Problem]:
    wave_of = {code: number for number, wave in enumerate(waves, start=1) for code in wave.regions}
    together = sorted(
        {
            (min(pair), max(pair), wave_of[pair[0]])
            for pair in pairs
            if pair[0] in wave_of and wave_of[pair[0]] == wave_of.get(pair[1])
        }
    )
    return [
        problem("paired", one=_named([one], active), other=_named([other], active), number=number)
        for one, other, number in together
    ]
