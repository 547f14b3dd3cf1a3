"""The form of a region: what every region has, and the settings of the kind it is reached by."""

from __future__ import annotations

from typing import Any

from django import forms

from certification.queries import plans as queries
from certification.services import regions as services
from certification.services.regions import RegionKind, Setting, Shape
from connectors.models import Region
from portal.shared.words import lazy as _

_KEPT = _("Write only: it is stored encrypted and never shown. Empty keeps the one there is.")
_NEVER_EMPTY = (Shape.CHOICE, Shape.NUMBER)
_NEW = _("Write only: it is stored encrypted and never shown.")


def field_for(setting: Setting, *, has_secret: bool = False) -> forms.Field:
    """The control of one setting; `has_secret` when a value is stored already."""
    help_text = setting.help
    if setting.is_secret:
        help_text = f"{help_text} {_KEPT if has_secret else _NEW}".strip()
    options: dict[str, Any] = {
        "label": setting.label,
        "help_text": help_text,
        "required": (setting.is_required and not has_secret) or setting.shape in _NEVER_EMPTY,
        "initial": setting.default,
    }
    match setting.shape:
        case Shape.FLAG:
            return forms.BooleanField(**options)
        case Shape.NUMBER:
            return forms.IntegerField(**options, min_value=setting.least, max_value=setting.most)
        case Shape.CHOICE:
            return forms.ChoiceField(**options, choices=setting.choices)
        case Shape.PROGRAM:
            return forms.ChoiceField(**options, choices=services.program_choices())
        case Shape.LINES | Shape.BLOCK:
            rows = 3 if setting.is_secret or setting.pattern else 5
            area = forms.Textarea(attrs={"rows": rows, "class": "mono" if setting.pattern else ""})
            return forms.CharField(**options, widget=area, max_length=20_000)
        case Shape.TOKEN:
            hidden = forms.PasswordInput(attrs={"autocomplete": "off"})
            return forms.CharField(**options, widget=hidden, max_length=4_000)
    return forms.CharField(**options, max_length=300)


class RegionForm(forms.Form):
    name = forms.CharField(max_length=60)
    geography = forms.CharField(max_length=60, required=False)
    latitude = forms.FloatField(
        required=False, min_value=-90, max_value=90, label=_("Latitude"),
        help_text=_("Degrees, south is negative. With a latitude and a longitude the region is on the map."),
    )  # fmt: skip
    longitude = forms.FloatField(
        required=False, min_value=-180, max_value=180, label=_("Longitude"),
        help_text=_("Degrees, west is negative."),
    )  # fmt: skip
    is_preview = forms.BooleanField(required=False, label=_("This is the Preview region"))
    paired_with = forms.MultipleChoiceField(
        required=False, widget=forms.CheckboxSelectMultiple, label=_("Backed up by"),
        help_text=_("No wave of a plan holds a region together with one that backs it up."),
    )  # fmt: skip

    def __init__(
        self, *args: object, kind: RegionKind, region: Region | None = None, **kwargs: object
    ) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.kind = kind
        stored = (region.credentials or {}) if region and region.driver == kind.name else {}
        for setting in kind.settings:
            self.fields[setting.name] = field_for(setting, has_secret=setting.name in stored)
        self.order_fields(
            [
                "code",
                "name",
                "geography",
                "latitude",
                "longitude",
                *(setting.name for setting in kind.settings),
            ]
        )
        others = queries.region_choices(without=region.pk if region else "")
        self.fields["paired_with"].choices = others  # type: ignore[attr-defined]
        if not others:
            del self.fields["paired_with"]

    def clean(self) -> dict[str, Any]:
        found = super().clean() or self.cleaned_data
        given = {name for name in ("latitude", "longitude") if found.get(name) is not None}
        if len(given) == 1:
            (missing,) = {"latitude", "longitude"} - given
            self.add_error(missing, _("Give both, or neither."))
        return found

    def draft(self) -> services.RegionDraft:
        data = self.cleaned_data
        plain = [setting.name for setting in self.kind.settings if not setting.is_secret]
        return services.RegionDraft(
            name=data["name"],
            base_url=data.get("base_url", ""),
            geography=data["geography"],
            place=_place(data),
            driver=self.kind.name,
            settings={name: data[name] for name in plain if name != "base_url"},
            is_preview=data["is_preview"],
            paired_with=tuple(data.get("paired_with", ())),
        )

    def secrets(self) -> dict[str, str]:
        return {setting.name: self.cleaned_data[setting.name] for setting in self.kind.secrets}


def _place(data: dict[str, Any]) -> tuple[float, float] | None:
    latitude, longitude = data["latitude"], data["longitude"]
    return None if latitude is None or longitude is None else (latitude, longitude)


class NewRegionForm(RegionForm):
    code = forms.SlugField(max_length=40, help_text=_("As plans and telemetry name it; it never changes."))


def initial_of(region: Region) -> dict[str, Any]:
    """What a region's form shows at first: never a secret."""
    settings = {
        name: "\n".join(value) if isinstance(value, list) else value
        for name, value in region.driver_settings.items()
    }
    return {
        **settings,
        **{
            name: getattr(region, name)
            for name in ("name", "geography", "latitude", "longitude", "base_url", "is_preview")
        },
        "paired_with": list(region.paired_with.values_list("code", flat=True)),
    }
