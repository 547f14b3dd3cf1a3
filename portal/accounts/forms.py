"""Forms of accounts: parsing only."""

from __future__ import annotations

import zoneinfo
from typing import Any

from django import forms
from django.http import HttpRequest

from portal.accounts.models import ApiToken, User


def time_zone_choices() -> list[tuple[str, str]]:
    names = sorted(
        name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/")
    )
    return [("UTC", "UTC"), *((name, name.replace("_", " ")) for name in names)]


class SignupForm(forms.Form):
    """What sign-up asks beside address and password."""

    display_name = forms.CharField(
        label="Your name", max_length=80, help_text="Reviewers and your team see it beside what you write."
    )
    field_order = ["display_name", "email", "password1", "password2"]

    def signup(self, request: HttpRequest, user: User) -> None:
        user.display_name = self.cleaned_data["display_name"]
        user.save(update_fields=["display_name"])


class ProfileForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=time_zone_choices, help_text="All times are shown in this zone.")

    class Meta:
        model = User
        fields = ["display_name", "time_zone", "away_until"]
        labels = {"display_name": "Your name", "away_until": "Away until"}
        widgets = {"away_until": forms.DateInput(attrs={"type": "date"})}
        help_texts = {
            "away_until": "While you are away nothing is assigned to you. Leave empty when you are here."
        }


class PaconnTokenForm(forms.Form):
    """What a token file for the command-line client is made of."""

    name = forms.CharField(
        max_length=80, initial="paconn", help_text="What uses it, for example “my laptop”."
    )
    publisher = forms.ChoiceField(
        required=False, label="Team", help_text="Its kind decides which rules apply and how strict they are."
    )
    is_strict = forms.BooleanField(
        required=False,
        label="Errors fail the command",
        help_text="For builds: paconn then ends with exit code 1. Otherwise it prints and ends with 0.",
    )
    days = forms.IntegerField(min_value=1, max_value=366, initial=365, label="Days until it expires")

    def __init__(self, *args: Any, publishers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publisher"].choices = [("", "All my teams"), *publishers]  # type: ignore[attr-defined]


class TokenForm(forms.Form):
    name = forms.CharField(max_length=80, help_text="What uses it, for example “build server”.")
    scopes = forms.MultipleChoiceField(
        choices=ApiToken.Scope.choices, widget=forms.CheckboxSelectMultiple, initial=[ApiToken.Scope.READ]
    )
    publisher = forms.ChoiceField(required=False, help_text="Limit the token to one team.")
    days = forms.IntegerField(min_value=1, max_value=366, initial=90, label="Days until it expires")

    def __init__(self, *args: Any, publishers: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["publisher"].choices = [("", "All my teams"), *publishers]  # type: ignore[attr-defined]
