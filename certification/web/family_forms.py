"""Forms of families. They read what was typed; whether it is allowed is the services' business."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.utils.translation import gettext as _

from certification.models import Decision
from certification.reviewing.family_changes import FamilyChange
from certification.services.families import Choice
from certification.web.rollout_forms import PlanChoiceForm, day_field
from connectors.models import Connector
from portal.shared.words import lazy as _lazy

_VERDICTS = [("", _lazy("Like the family")), *Decision.Verdict.choices, ("leave", _lazy("Not now"))]


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class ManyFilesField(forms.FileField):
    """The files in their order; empty without any."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(each, initial) for each in files if each]


class FamilyForm(forms.Form):
    title = forms.CharField(
        max_length=120,
        label=_lazy("What changes"),
        help_text=_lazy("For reviewers and for your team: “Move to the new host”."),
    )
    change_notes = forms.CharField(
        required=False,
        max_length=20_000,
        label=_lazy("Notes for makers"),
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("Every draft without notes of its own starts with these."),
    )
    connectors = forms.ModelMultipleChoiceField(  # type: ignore[var-annotated]
        queryset=None,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Connectors"),
        help_text=_lazy("A draft that is open already is taken in."),
    )
    packages = ManyFilesField(
        required=False,
        widget=ManyFiles(attrs={"accept": ".zip"}),
        label=_lazy("Or packages"),
        help_text=_lazy(
            "One zip with a folder for each connector, or several zips. Titles say which connector is meant."
        ),
    )

    def __init__(self, *args: Any, connectors: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["connectors"].queryset = connectors  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if bool(cleaned.get("connectors")) == bool(cleaned.get("packages")):
            raise forms.ValidationError(_("Tick the connectors, or send their packages: one of the two."))
        return cleaned

    def chosen(self) -> Sequence[Connector]:
        return list(self.cleaned_data["connectors"])


class PatchField(forms.JSONField):
    """A list of operations; empty without any."""

    def prepare_value(self, value: Any) -> Any:
        return super().prepare_value(value) if value else ""


class FamilyChangeForm(forms.Form):
    host = forms.CharField(required=False, max_length=253, label=_lazy("Host"))
    contact_name = forms.CharField(required=False, max_length=200, label=_lazy("Contact: name"))
    contact_url = forms.URLField(
        required=False, max_length=300, label=_lazy("Contact: address"), assume_scheme="https"
    )
    contact_email = forms.EmailField(required=False, label=_lazy("Contact: e-mail"))
    website = forms.URLField(required=False, max_length=300, assume_scheme="https", label=_lazy("Website"))
    privacy_policy = forms.URLField(
        required=False, max_length=300, assume_scheme="https", label=_lazy("Privacy policy")
    )
    definition = PatchField(
        required=False,
        label=_lazy("JSON Patch for the definition"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=_lazy("RFC 6902: a list of operations for apiDefinition.swagger.json."),
    )
    properties = PatchField(
        required=False,
        label=_lazy("JSON Patch for the properties"),
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=_lazy("The same for apiProperties.json: policies, connection parameters, colours."),
    )

    def clean_definition(self) -> tuple[dict[str, Any], ...]:
        return self._patch("definition")

    def clean_properties(self) -> tuple[dict[str, Any], ...]:
        return self._patch("properties")

    def _patch(self, name: str) -> tuple[dict[str, Any], ...]:
        value = self.cleaned_data[name] or []
        if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
            raise forms.ValidationError(_("A patch is a list of operations."))
        if len(json.dumps(value)) > 20_000:
            raise forms.ValidationError(_("At most 20,000 characters."))
        return tuple(value)

    def change(self) -> FamilyChange:
        """Call it after `is_valid()`."""
        return FamilyChange(**self.cleaned_data)


class FamilyVerdictForm(forms.Form):
    """The verdict for all; what one member gets instead is read from fields named after it."""

    verdict = forms.ChoiceField(choices=Decision.Verdict.choices, widget=forms.RadioSelect)
    reasons = forms.CharField(required=False, max_length=5_000, widget=forms.Textarea(attrs={"rows": 4}))

    def choices(self, members: Iterable[UUID]) -> dict[UUID, Choice]:
        """Of these members those that are decided now, and how. Call it after `is_valid()`."""
        found = {}
        for pk in members:
            own, digest = self.data.get(f"verdict-{pk}", ""), self.data.get(f"digest-{pk}")
            if own != "leave" and digest is not None:
                found[pk] = self._choice(own, self.data.get(f"reasons-{pk}", "").strip(), digest)
        return found

    def _choice(self, own: str, reasons: str, digest: str) -> Choice:
        """The family's reasons go with the family's verdict only."""
        shared = self.cleaned_data["verdict"]
        verdict = own if own in Decision.Verdict.values else shared
        return Choice(verdict, reasons or (self.cleaned_data["reasons"] if verdict == shared else ""), digest)


class FamilyCommentForm(forms.Form):
    body = forms.CharField(
        max_length=20_000, widget=forms.Textarea(attrs={"rows": 3}), label=_lazy("Comment for all")
    )


class FamilyStartForm(PlanChoiceForm):
    starts_on = day_field(
        label=_lazy("First wave on"), required=False, help_text=_lazy("Empty: the first day open to all.")
    )


MEMBER_VERDICTS = _VERDICTS
