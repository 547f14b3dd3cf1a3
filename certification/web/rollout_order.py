"""The page that changes the order of a rollout's waves: buttons up and down, and what would move beside."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from certification import policies
from certification.models import Rollout
from certification.planning.ordering import OpenWave, arranged
from certification.services import reordering
from certification.web.rollout_forms import REASON_LENGTH
from certification.web.rollouts import visible_rollout
from connectors.models import Region
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user
from portal.shared.words import lazy as _lazy


class OrderForm(forms.Form):
    """`order` has the present numbers of the waves in the order wanted; a region names the wave it goes
    with, by its present number too.
    """

    order = forms.CharField(widget=forms.HiddenInput, max_length=400)
    reason = forms.CharField(
        max_length=REASON_LENGTH,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("Everybody who is told the new dates reads it."),
    )

    def __init__(self, *args: Any, waves: Sequence[OpenWave], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.waves = {wave.number: wave for wave in waves}
        self.fields["order"].initial = ",".join(map(str, self.waves))
        for wave in waves:
            choices = [(w.number, w.name) for w in waves if w.is_opt_in == wave.is_opt_in]
            for code in wave.regions:
                self.fields[f"region_{code}"] = forms.TypedChoiceField(
                    choices=choices, coerce=int, initial=wave.number, required=False
                )

    def clean_order(self) -> list[int]:
        numbers = [int(text) for text in self.cleaned_data["order"].split(",") if text.strip().isdecimal()]
        if sorted(numbers) != sorted(self.waves):
            raise forms.ValidationError(_("A wave has begun meanwhile. Look at the order again."))
        return numbers

    def moved(self) -> list[int]:
        """The order after the button that was pressed; opt-in waves stay behind the public ones."""
        order: list[int] = list(self.cleaned_data["order"])
        for name, step in (("up", -1), ("down", 1)):
            pressed = self.data.get(name, "")
            if pressed.isdecimal() and int(pressed) in order:
                at = order.index(int(pressed))
                if 0 <= at + step < len(order) and self._is_alike(order[at], order[at + step]):
                    order[at], order[at + step] = order[at + step], order[at]
        return order

    def _is_alike(self, one: int, other: int) -> bool:
        return self.waves[one].is_opt_in == self.waves[other].is_opt_in

    def homes(self) -> dict[str, int]:
        """Region -> the wave it goes with, by present number."""
        return {
            name.removeprefix("region_"): value
            for name, value in self.cleaned_data.items()
            if name.startswith("region_") and value
        }


def _rows(form: OrderForm, order: Sequence[int]) -> list[dict[str, Any]]:
    """What the page lists: places in their order, with the wave that would travel there."""
    places = sorted(form.waves)
    codes = {code for wave in form.waves.values() for code in wave.regions}
    names = dict(Region.objects.filter(pk__in=codes).values_list("pk", "name"))
    rows = []
    for index, (place, number) in enumerate(zip(places, order, strict=True)):
        wave = form.waves[number]
        fields = [(names.get(code, code), form[f"region_{code}"]) for code in wave.regions]
        rows.append(
            {
                "place": place,
                "wave": wave,
                "fields": fields,
                "can_rise": index > 0 and form._is_alike(number, order[index - 1]),
                "can_sink": index + 1 < len(order) and form._is_alike(number, order[index + 1]),
            }
        )
    return rows


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def rollout_reorder(request: HttpRequest, pk: UUID) -> HttpResponse:
    rollout = visible_rollout(request, pk)
    require(policies.can_run_rollout, signed_in_user(request), rollout)
    waves = reordering.open_waves(rollout)
    form = OrderForm(request.POST or None, waves=waves)
    context: dict[str, Any] = {"rollout": rollout, "problems": []}
    order = list(form.waves)
    if request.method == "POST" and form.is_valid():
        order = form.moved()
        answer = _try(request, rollout, form, order, context)
        if answer is not None:
            return answer
        # The hidden field has to carry the order that the buttons made.
        form.data = {**request.POST.dict(), "order": ",".join(map(str, order))}
    elif form.errors:
        context["problems"] = [text for texts in form.errors.values() for text in texts]
        form = OrderForm(waves=waves)
    # Looking needs no reason, saving does: the service asks for it.
    form.fields["reason"].required = True
    context |= {"form": form, "rows": _rows(form, order), "is_asked": request.method == "POST"}
    return render(request, "certification/rollout_reorder.html", context)


def _try(
    request: HttpRequest, rollout: Rollout, form: OrderForm, order: list[int], context: dict[str, Any]
) -> HttpResponse | None:
    """Save where that was asked, else find what would move; None where the page is shown again."""
    actor, reason = signed_in_user(request), form.cleaned_data["reason"]
    wanted = {
        wave.number: reordering.Place(wave.regions, wave.name)
        for wave in arranged(list(form.waves.values()), order, form.homes())
    }
    try:
        if "save" in request.POST:
            moves = reordering.reorder_waves(rollout, wanted, reason=reason, actor=actor)
            message = _("The order is changed: %(regions)s regions move.") % {"regions": len(moves)}
            return done(request, message, reverse("rollout_detail", args=[rollout.pk]))
        context["moves"] = reordering.preview_order(rollout, wanted, actor=actor)
    except InvalidInput as error:
        context["problems"] = [text for texts in error.fields.values() for text in texts] or [error.message]
    except Blocked as error:
        context["problems"] = [error.message]
    return None


urlpatterns = [path("rollouts/<uuid:pk>/reorder/", rollout_reorder, name="rollout_reorder")]
