"""The page that changes the order of a rollout's waves: buttons up and down, and what would move beside."""

from __future__ import annotations

import json
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
from certification.planning.ordering import OpenWave, arranged, laid_over, version_of
from certification.queries.blast_radius import waiting_radius
from certification.queries.wave_order import last_reorder, open_waves
from certification.services import reordering
from certification.services.wave_order import OrderChanged
from certification.web.rollout_forms import REASON_LENGTH
from certification.web.rollouts import visible_rollout
from connectors.models import Region
from portal.shared.errors import Blocked, Conflict, InvalidInput
from portal.shared.numbers import small_number
from portal.shared.policy import require
from portal.shared.web import done, signed_in_user
from portal.shared.words import lazy as _lazy


def written(waves: Sequence[OpenWave]) -> str:
    """The order as the page showed it, which the form carries."""
    return json.dumps([[wave.number, wave.name, wave.regions, wave.is_opt_in] for wave in waves])


def read(text: str) -> list[OpenWave]:
    """The order that a page had shown; [] when the text is none."""
    try:
        return [
            OpenWave(int(number), str(name), tuple(map(str, regions)), bool(is_opt_in))
            for number, name, regions, is_opt_in in json.loads(text)
        ]
    except (ValueError, TypeError, RecursionError):
        return []


def numbers_in(text: str) -> list[int]:
    found = (small_number(part.strip()) for part in text.split(","))
    return [number for number in found if number is not None]


class OrderForm(forms.Form):
    """`order` has the present numbers of the waves in the order wanted; a region names the wave it goes
    with, by its present number too.
    """

    order = forms.CharField(widget=forms.HiddenInput, max_length=400)
    seen = forms.CharField(widget=forms.HiddenInput)
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
        self.fields["seen"].initial = written(waves)
        for wave in waves:
            choices = [(w.number, w.name) for w in waves if w.is_opt_in == wave.is_opt_in]
            for code in wave.regions:
                self.fields[f"region_{code}"] = forms.TypedChoiceField(
                    choices=choices, coerce=int, initial=wave.number, required=False
                )

    def clean_order(self) -> list[int]:
        numbers = numbers_in(self.cleaned_data["order"])
        if sorted(numbers) != sorted(self.waves):
            raise forms.ValidationError(_("This is no order of these waves. Load the page again."))
        return numbers

    def moved(self) -> list[int]:
        """The order after the button that was pressed; opt-in waves stay behind the public ones."""
        order: list[int] = list(self.cleaned_data["order"])
        for name, step in (("up", -1), ("down", 1)):
            pressed = small_number(self.data.get(name, ""))
            if pressed is not None and pressed in order:
                at = order.index(pressed)
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
    waves = open_waves(rollout)
    form = OrderForm(request.POST or None, waves=waves)
    context: dict[str, Any] = {"rollout": rollout, "problems": [], "radius": waiting_radius(rollout)}
    order = list(form.waves)
    if request.method == "POST" and version_of(read(request.POST.get("seen", ""))) != version_of(waves):
        return _changed(request, rollout, context)
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
    return _page(request, form, order, context)


def _page(
    request: HttpRequest, form: OrderForm, order: Sequence[int], context: dict[str, Any]
) -> HttpResponse:
    # Looking needs no reason, saving does: the service asks for it.
    form.fields["reason"].required = True
    context |= {"form": form, "rows": _rows(form, order), "is_asked": request.method == "POST"}
    return render(request, "certification/rollout_reorder.html", context)


def _changed(request: HttpRequest, rollout: Rollout, context: dict[str, Any]) -> HttpResponse:
    """Somebody else was faster: their order, with what this person wanted laid over it. Nothing is saved."""
    waves, seen = open_waves(rollout), read(request.POST.get("seen", ""))
    order, homes = laid_over(waves, _wish(request, seen))
    initial: dict[str, Any] = {f"region_{code}": number for code, number in homes.items()}
    initial |= {"order": ",".join(map(str, order)), "reason": request.POST.get("reason", "")[:REASON_LENGTH]}
    form = OrderForm(waves=waves, initial=initial)
    has_begun = {wave.number for wave in seen} != {wave.number for wave in waves}
    context |= {"is_changed": True, "has_begun": has_begun, "change": last_reorder(rollout)}
    _look(request, rollout, _wanted(waves, order, homes), version_of(waves), context)
    return _page(request, form, order, context)


def _wish(request: HttpRequest, seen: Sequence[OpenWave]) -> Sequence[OpenWave]:
    """What was wanted, as far as it can still be read."""
    numbers = {str(wave.number) for wave in seen}
    chosen = {code: request.POST.get(f"region_{code}", "") for wave in seen for code in wave.regions}
    homes = {code: int(number) for code, number in chosen.items() if number in numbers}
    try:
        return arranged(seen, numbers_in(request.POST.get("order", "")), homes)
    except ValueError:
        return seen


def _wanted(
    waves: Sequence[OpenWave], order: Sequence[int], homes: dict[str, int]
) -> dict[int, reordering.Place]:
    return {wave.number: reordering.Place(wave.regions, wave.name) for wave in arranged(waves, order, homes)}


def _try(
    request: HttpRequest, rollout: Rollout, form: OrderForm, order: list[int], context: dict[str, Any]
) -> HttpResponse | None:
    """Save where that was asked, else find what would move; None where the page is shown again."""
    waves = list(form.waves.values())
    wanted = _wanted(waves, order, form.homes())
    if "save" not in request.POST:
        _look(request, rollout, wanted, version_of(waves), context)
        return None
    actor, reason = signed_in_user(request), form.cleaned_data["reason"]
    try:
        moves = reordering.reorder_waves(rollout, wanted, seen=version_of(waves), reason=reason, actor=actor)
    except OrderChanged:
        return _changed(request, rollout, context)
    except (InvalidInput, Blocked) as error:
        context["problems"] = _said(error)
        return None
    message = _("The order is changed: %(regions)s regions move.") % {"regions": len(moves)}
    return done(request, message, reverse("rollout_detail", args=[rollout.pk]))


def _look(
    request: HttpRequest,
    rollout: Rollout,
    wanted: dict[int, reordering.Place],
    seen: str,
    context: dict[str, Any],
) -> None:
    """Put what would move into `context`, or what is wrong."""
    try:
        actor = signed_in_user(request)
        context["moves"] = reordering.preview_order(rollout, wanted, seen=seen, actor=actor)
    except (InvalidInput, Conflict) as error:
        context["problems"] = _said(error)


def _said(error: InvalidInput | Conflict) -> list[str]:
    fields = getattr(error, "fields", {})
    return [text for texts in fields.values() for text in texts] or [error.message]


urlpatterns = [path("rollouts/<uuid:pk>/reorder/", rollout_reorder, name="rollout_reorder")]
