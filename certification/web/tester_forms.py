"""Forms of guest testers: whom to invite, and what somebody found in a product."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext as _

from certification.data.products import PRODUCTS, Check, Product
from certification.models import ProductCheck
from certification.services.testers import LONGEST_NOTE, MOST_DAYS, USUAL_DAYS, GuestDraft, Word
from portal.shared.errors import InvalidInput, PortalError
from portal.shared.web import add_errors
from portal.shared.words import lazy as _lazy


class GuestForm(forms.Form):
    """Labels are prefixed in their ids: the page has other forms with a field of this name."""

    email = forms.EmailField(
        label=_lazy("E-mail address"), help_text=_lazy("The invitation works for this address only.")
    )
    products = forms.MultipleChoiceField(
        choices=[(product.key, product.name) for product in PRODUCTS],
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Products to test in"),
        help_text=_lazy("Each brings its own checklist."),
    )
    days = forms.IntegerField(
        min_value=1, max_value=MOST_DAYS, initial=USUAL_DAYS, label=_lazy("Access in days")
    )
    note = forms.CharField(
        max_length=500, required=False, label=_lazy("What you want to know"),
        widget=forms.Textarea(attrs={"rows": 2}), help_text=_lazy("Part of the mail."),
    )  # fmt: skip

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="guest_%s")

    def draft(self) -> GuestDraft:
        return GuestDraft(**self.cleaned_data)

    def refuse(self, error: PortalError) -> None:
        if isinstance(error, InvalidInput):
            add_errors(self, error)
        else:
            self.add_error(None, error.message)


class ChecklistForm(forms.Form):
    """Two fields for each item of a product's checklist: whether it works, and a note."""

    def __init__(self, *args: Any, product: Product, own: Mapping[str, ProductCheck], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.product = product
        for check in product.checks:
            before = own.get(check.key)
            self.fields[check.key] = forms.ChoiceField(
                choices=[("", _("Not tried")), *ProductCheck.Outcome.choices],
                required=False,
                label=check.text,
                initial=before.outcome if before else "",
                widget=forms.RadioSelect,
            )
            self.fields[f"{check.key}_note"] = forms.CharField(
                required=False,
                max_length=LONGEST_NOTE,
                label=_("Note: %(check)s") % {"check": check.text},
                initial=before.note if before else "",
                widget=forms.Textarea(attrs={"rows": 1, "placeholder": _("What you did, what happened")}),
            )

    @property
    def items(self) -> list[tuple[Check, forms.BoundField, forms.BoundField]]:
        return [(check, self[check.key], self[f"{check.key}_note"]) for check in self.product.checks]

    def words(self) -> dict[str, Word]:
        data = self.cleaned_data
        return {
            check.key: Word(data[check.key], data[f"{check.key}_note"].strip())
            for check in self.product.checks
        }

    def refuse(self, error: InvalidInput) -> None:
        add_errors(self, error)
