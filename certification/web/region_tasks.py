"""Pages of deployments by hand: the list, one task with everything it takes, and looking again."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import RegionTask
from certification.queries import region_tasks as queries
from certification.services import region_tasks as services
from portal.accounts.models import User
from portal.shared import audit, history
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_MONO = {"class": "mono", "autocomplete": "off", "spellcheck": "false"}


class FinishForm(forms.Form):
    seen_digest = forms.CharField(
        max_length=80,
        label=_lazy("SHA-256 you see there"),
        widget=forms.TextInput(attrs=_MONO),
        help_text=_lazy("Read it off the region, not off this page: the first 12 characters are enough."),
    )
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args: object, is_removal: bool, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        if is_removal:
            self.fields.pop("seen_digest")


class FailForm(forms.Form):
    reason = forms.CharField(
        max_length=500,
        label=_lazy("What went wrong"),
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_lazy("The deployment fails in this region; the team and the operators read it."),
    )


class SightingForm(forms.Form):
    seen_digest = forms.CharField(
        max_length=80,
        required=False,
        label=_lazy("SHA-256 of what runs there"),
        widget=forms.TextInput(attrs=_MONO),
        help_text=_lazy("All 64 characters. Empty when nothing of the connector runs there."),
    )
    note = forms.CharField(max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2}))


@require_safe
@login_required
def region_task_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    context = {
        "waiting": queries.waiting(user),
        "settled": queries.settled(user),
        "to_look_at": queries.to_look_at(user),
    }
    return render(request, "certification/region_task_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def region_task_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The task; a POST says how it ended."""
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    task = get_object_or_404(queries.tasks(user), pk=pk)
    is_failing = request.POST.get("outcome") == "failed"
    finish = FinishForm(_data(request, not is_failing), is_removal=task.action == "remove")
    fail = FailForm(_data(request, is_failing))
    form: forms.Form = fail if is_failing else finish
    if request.method == "POST" and form.is_valid():
        try:
            _settle(task, form, is_failing=is_failing, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Noted: the portal goes on from here."), reverse("region_task_list"))
    context = {"task": task, "finish": finish, "fail": fail, **_around(task)}
    return render(request, "certification/region_task_detail.html", context)


def _settle(task: RegionTask, form: forms.Form, *, is_failing: bool, actor: User) -> None:
    if is_failing:
        services.fail(task, reason=form.cleaned_data["reason"], actor=actor)
    else:
        services.finish(task, **{"seen_digest": "", **form.cleaned_data}, actor=actor)


def _around(task: RegionTask) -> dict[str, object]:
    return {
        "package": queries.package_of(task),
        "is_open": task.state in ("open", "taken"),
        "history": history.entries(audit.history(task)[:20]),
    }


def _data(request: HttpRequest, is_meant: bool) -> QueryDict | None:
    return request.POST if request.method == "POST" and is_meant else None


@require_POST
@login_required
def region_task_take(request: HttpRequest, pk: UUID) -> HttpResponse:
    """I am at it, or not any more."""
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    task = get_object_or_404(queries.tasks(user), pk=pk)
    if request.POST.get("give_back"):
        services.give_back(task, actor=user)
        text = _("It is back on the list.")
    else:
        services.take(task, actor=user)
        text = _("It is yours: others see that you are at it.")
    return done(request, text, reverse("region_task_detail", args=[task.pk]))


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def sighting_create(request: HttpRequest, pk: int) -> HttpResponse:
    """Say what runs in a region that nobody but a person can look into."""
    user = signed_in_user(request)
    require(policies.can_see_operations, user, None)
    place = get_object_or_404(queries.manual_places(user), pk=pk)
    form = SightingForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            services.add_sighting(place.connector, place.region, **form.cleaned_data, actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Noted: that is what runs there."), reverse("region_task_list"))
    return render(request, "certification/sighting_form.html", {"place": place, "form": form})


urlpatterns = [
    path("manual-deployments/", region_task_list, name="region_task_list"),
    path("manual-deployments/<uuid:pk>/", region_task_detail, name="region_task_detail"),
    path("manual-deployments/<uuid:pk>/take/", region_task_take, name="region_task_take"),
    path("manual-deployments/look/<int:pk>/", sighting_create, name="sighting_create"),
]
