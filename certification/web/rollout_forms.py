"""Forms of rollouts. They read what was typed; whether it is allowed is the services' business."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django import forms
from django.utils.translation import gettext as _

from certification.planning.planner import PlannedWave
from certification.queries import plans
from certification.services.schedule import Dates
from portal.shared.words import lazy as _lazy

REASON_LENGTH = 1_000


def day_field(**options: object) -> forms.DateField:
    return forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), **options)  # type: ignore[arg-type]


class ReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("The team and the operators read it, and it stays in the history."),
    )


class OptionalReasonForm(forms.Form):
    reason = forms.CharField(
        max_length=REASON_LENGTH, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )


class RegionsForm(ReasonForm):
    """A reason and some of the regions offered."""

    regions = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, help_text=_lazy("Untick what stays as it is.")
    )
    field_order = ("regions", "reason")

    def __init__(self, *args: object, offered: Sequence[tuple[str, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        field = self.fields["regions"]
        field.choices = offered  # type: ignore[attr-defined]
        field.initial = [code for code, _ in offered]
        field.required = bool(offered)


class OptInForm(OptionalReasonForm):
    """Opt-in waves to add, by number."""

    waves = forms.TypedMultipleChoiceField(
        coerce=int,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Opt-in waves"),
        help_text=_lazy("Only where the publisher asks for them."),
    )
    field_order = ("waves", "reason")

    def __init__(self, *args: object, offered: Sequence[tuple[int, str]], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["waves"].choices = offered  # type: ignore[attr-defined]


class DatesForm(forms.Form):
    """The first day, and a day for every wave: empty ones follow from the plan."""

    starts_on = day_field(label=_lazy("First wave on"), help_text=_lazy("In the plan's time zone."))

    def __init__(
        self,
        *args: object,
        waves: Sequence[tuple[int, str]],
        opt_in: Sequence[tuple[int, str]] = (),
        **kwargs: object,
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._numbers = [number for number, _ in waves]
        if opt_in:
            self.fields["opt_in"] = forms.TypedMultipleChoiceField(
                choices=list(opt_in), coerce=int, required=False, widget=forms.CheckboxSelectMultiple,
                label=_("Also"), help_text=_("Only where the publisher asks for them; after the "
                    "public waves."),
            )  # fmt: skip
        for number, name in waves:
            self.fields[f"wave_{number}"] = day_field(
                label=_("Wave %(number)s: %(name)s") % {"number": number, "name": name}, required=False
            )

    def dates(self) -> Dates:
        """What was chosen; call it after `is_valid()`."""
        chosen: dict[int, dt.date] = {
            number: day for number in self._numbers if (day := self.cleaned_data.get(f"wave_{number}"))
        }
        return Dates(self.cleaned_data["starts_on"], chosen, frozenset(self.cleaned_data.get("opt_in", ())))


class RescheduleForm(DatesForm):
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("Everybody who is told the new dates reads it."),
    )


class PlanChoiceForm(forms.Form):
    plan = forms.ModelChoiceField(queryset=None, empty_label=None)  # type: ignore[var-annotated]

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["plan"].queryset = plans.choices()  # type: ignore[attr-defined]


def proposal_of(planned: Sequence[PlannedWave]) -> dict[str, dt.date]:
    """Initial values for the waves of a `DatesForm`."""
    return {f"wave_{wave.number}": wave.day for wave in planned}
