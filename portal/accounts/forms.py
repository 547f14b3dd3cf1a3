"""Forms of accounts: parsing only."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import gettext as _

from portal.accounts.models import ApiToken, User
from portal.shared.words import lazy as _lazy


def time_zone_choices() -> list[tuple[str, str]]:
    names = sorted(
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class SignupForm(forms.Form):
    """What sign-up asks beside address and password."""

    display_name = forms.CharField(
        label=_lazy("Your name"),
        max_length=80,
        help_text=_lazy("Reviewers and your team see it beside what you write."),
    )
    field_order = ["display_name", "email", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(
        choices=time_zone_choices, help_text=_lazy("All times are shown in this zone.")
    )

    language = forms.ChoiceField(
        choices=[("", _lazy("As the browser")), *settings.LANGUAGES],
        required=False,
        help_text=_lazy("Of pages and mails. What people and rules say stays as it was written."),
    )

    class Meta:
        model = User
        fields = ["display_name", "language", "time_zone", "away_until"]
        labels = {"display_name": _lazy("Your name"), "away_until": _lazy("Away until")}
        widgets = {"away_until": forms.DateInput(attrs={"type": "date"})}
        help_texts = {
            "away_until": _lazy(
                "While you are away nothing is assigned to you. Leave empty when you are here."
            )
        }


class PaconnTokenForm(forms.Form):
    """What a token file for the command-line client is made of."""

    name = forms.CharField(
        max_length=80, initial="paconn", help_text=_lazy("What uses it, for example “my laptop”.")
    )
    publisher = forms.ChoiceField(
        required=False,
        label=_lazy("Team"),
        help_text=_lazy("Its kind decides which rules apply and how strict they are."),
    )
    is_strict = forms.BooleanField(
        required=False,
        label=_lazy("Errors fail the command"),
        help_text=_lazy(
            "For builds: paconn then ends with exit code 1. Otherwise it prints and ends with 0."
        ),
    )
    may_push = forms.BooleanField(
        required=False,
        label=_lazy("May push drafts"),
        help_text=_lazy("For create, update and download. Without it the file only checks definitions."),
    )
    days = forms.IntegerField(min_value=1, max_value=366, initial=365, label=_lazy("Days until it expires"))

    def __init__(self, *args: Any, publishers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publisher"].choices = [("", _("All my teams")), *publishers]  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text=_lazy("What uses it, for example “build server”."))
    scopes = forms.MultipleChoiceField(
        choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[ApiToken.Scope.READ]
    )
    publisher = forms.ChoiceField(required=False, help_text=_lazy("Limit the token to one team."))
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, label=_lazy("Days until it expires"))
    is_sandbox = forms.BooleanField(
        required=False,
        label=_lazy("Sandbox"),
        help_text=_lazy(
            "For trying out: what it writes is checked and answered as usual, and changes nothing."
        ),
    )

    def __init__(self, *args: Any, publishers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publisher"].choices = [("", _("All my teams")), *publishers]  # type: ignore[attr-defined]


class DeviceCodeForm(forms.Form):
    code = forms.CharField(
        max_length=20,
        label=_lazy("Code"),
        help_text=_lazy("Eight letters. Your terminal shows them."),
        widget=forms.TextInput(
            attrs={
                "autocomplete": "off",
                "autocapitalize": "characters",
                "spellcheck": "false",
                "placeholder": "BCDF-GHJK",
                "class": "mono",
            }
        ),
    )


class DeviceConsentForm(forms.Form):
    """What a program that waits is given: of the scopes it asked for those the person leaves ticked."""

    code = forms.CharField(max_length=20, widget=forms.HiddenInput)
    scopes = forms.MultipleChoiceField(label=_lazy("It may"), widget=forms.CheckboxSelectMultiple)
    publisher = forms.ChoiceField(
        required=False, label=_lazy("Team"), help_text=_lazy("Limit it to one team.")
    )
    days = forms.IntegerField(min_value=1, max_value=366, initial=30, label=_lazy("Days until it expires"))

    def __init__(
        self, *args: Any, publishers: list[tuple[str, str]], asked: list[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        offered = [(value, label) for value, label in ApiToken.Scope.choices if value in asked]
        self.fields["scopes"].choices = offered  # type: ignore[attr-defined]
        self.fields["scopes"].initial = asked
        self.fields["publisher"].choices = [("", _("All my teams")), *publishers]  # type: ignore[attr-defined]
