"""The gates' part of a plan's form: what they go by where it is not the house's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from certification.services.gates import house_thresholds
from portal.shared.words import lazy as _lazy


@dataclass(frozen=True)
class Limit:
    """One threshold as people write it: `per` is what a stored 1 is on the page (100 for per cent)."""

    name: str
    label: str
    unit: str
    help_text: str
    per: int
    most: int

    def shown(self, stored: float) -> float:
        return round(stored * self.per, 4)


LIMITS = (
    Limit(
        "drop",
        _lazy("Fall of the success rate"),
        _lazy("points"),
        _lazy("A fall of this size, surely there, is harm."),
        100,
        99,
    ),
    Limit(
        "certain_drop",
        _lazy("Fall beyond doubt"),
        _lazy("points"),
        _lazy("A smaller fall is harm when it is certain."),
        100,
        99,
    ),
    Limit(
        "new_code_share",
        _lazy("New error codes"),
        _lazy("percent of the calls"),
        _lazy("Codes the old version did not give."),
        100,
        99,
    ),
    Limit(
        "latency_rise",
        _lazy("Rise of p95"),
        "%",
        _lazy("Slower than the old version by this much."),
        100,
        1_000,
    ),
    Limit(
        "floor",
        _lazy("Least success of a first version"),
        "%",
        _lazy("Where there is nothing to compare with."),
        100,
        99,
    ),
    Limit(
        "backend_floor",
        _lazy("Least success of the backend"),
        "%",
        _lazy("Below it the backend is down."),
        100,
        99,
    ),
    Limit(
        "least_calls",
        _lazy("Calls needed to tell"),
        "calls",
        _lazy("With fewer a person decides."),
        1,
        1_000_000,
    ),
    Limit(
        "silence_hours",
        _lazy("Silence"),
        "hours",
        _lazy("Without a call for so long nothing can be told."),
        1,
        168,
    ),
)
_PREFIX = "gate_"


def add_fields(form: forms.Form) -> None:
    """A field for every threshold; an empty one means the house's value."""
    house = house_thresholds().as_dict()
    for limit in LIMITS:
        usual = f"{limit.shown(house[limit.name]):g}"
        kind = forms.FloatField if limit.per == 100 else forms.IntegerField
        form.fields[_PREFIX + limit.name] = kind(
            required=False,
            min_value=0,
            max_value=limit.most,
            label=f"{limit.label} ({limit.unit})",
            help_text=_("%(help_text)s Empty: %(usual)s.") % {"help_text": limit.help_text, "usual": usual},
            widget=forms.NumberInput(
                attrs={"placeholder": usual, "step": "any" if limit.per == 100 else "1"}
            ),
        )


def is_gate(name: str) -> bool:
    return name.startswith(_PREFIX)


def initial_of(stored: Mapping[str, float]) -> dict[str, Any]:
    return {_PREFIX + limit.name: limit.shown(stored[limit.name]) for limit in LIMITS if limit.name in stored}


def thresholds_from(cleaned: Mapping[str, Any]) -> dict[str, float]:
    """What was typed, as it is stored; only what differs from empty."""
    return {
        limit.name: typed / limit.per if limit.per != 1 else typed
        for limit in LIMITS
        if (typed := cleaned.get(_PREFIX + limit.name)) is not None
    }


def in_words(stored: Mapping[str, float]) -> Iterator[tuple[str, str, bool]]:
    """(what, value with its unit, whether the plan says so itself) for every threshold."""
    house = house_thresholds().as_dict()
    for limit in LIMITS:
        value = limit.shown(stored.get(limit.name, house[limit.name]))
        yield limit.label, f"{value:g} {limit.unit}", limit.name in stored


def field_errors(errors: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Problems of thresholds under the names of the form's fields."""
    names = {limit.name for limit in LIMITS}
    return {_PREFIX + name if name in names else name: texts for name, texts in errors.items()}
