"""Pages of incidents: what is wrong now and was, opening one, closing one."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from certification import policies
from certification.data.products import PRODUCTS
from certification.queries import incidents as queries
from certification.queries import plans as plan_queries
from certification.services import incidents as services
from certification.web.freezes import AUTH_KINDS
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class IncidentForm(forms.Form):
    title = forms.CharField(
        max_length=120,
        label=_lazy("Title"),
        help_text=_lazy("As people will read it: “Sign-in with OAuth fails in Asia”."),
    )
    text = forms.CharField(
        max_length=4_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        label=_lazy("What is known"),
        help_text=_lazy("What is wrong, since when, and what people can do meanwhile."),
    )
    regions = forms.MultipleChoiceField(
        required=False,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Regions"),
        help_text=_lazy("None ticked: every region."),
    )
    auth_kinds = forms.MultipleChoiceField(
        required=False,
        choices=AUTH_KINDS,
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Only connectors that sign in with"),
        help_text=_lazy("None ticked: every connector."),
    )
    products = forms.MultipleChoiceField(
        required=False,
        choices=[(product.key, product.name) for product in PRODUCTS],
        widget=forms.CheckboxSelectMultiple,
        label=_lazy("Only what is used in"),
        help_text=_lazy(
            "None ticked: every product. A version that nobody tried in any product counts for all of them."
        ),
    )
    connectors = forms.CharField(
        required=False,
        label=_lazy("Only these connectors"),
        help_text=_lazy("Their short names, with spaces between."),
    )
    is_public = forms.BooleanField(
        required=False,
        initial=True,
        label=_lazy("Everybody may read it"),
        help_text=_lazy("Else only operators."),
    )

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = plan_queries.region_choices(active_only=True)
        self.fields["regions"].choices = choices  # type: ignore[attr-defined]

    def draft(self) -> services.IncidentDraft:
        data = self.cleaned_data
        return services.IncidentDraft(
            title=data["title"],
            text=data["text"],
            auth_kinds=tuple(data["auth_kinds"]),
            regions=tuple(data["regions"]),
            connectors=tuple(data["connectors"].split()),
            products=tuple(data["products"]),
            is_public=data["is_public"],
        )


class NoteForm(forms.Form):
    note = forms.CharField(
        max_length=1_000,
        widget=forms.Textarea(attrs={"rows": 3}),
        label=_lazy("How it ended"),
        help_text=_lazy("Everybody who was told of it reads this."),
    )


@require_safe
@login_required
def incident_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    can_manage = policies.can_manage_incidents(user)
    rows = list(queries.visible_to(user)[:50])
    scopes = queries.scopes(rows)
    context = {"incidents": [(row, scopes[row.pk]) for row in rows], "can_manage": can_manage}
    return render(request, "certification/incident_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def incident_create(request: HttpRequest) -> HttpResponse:
    """ "Show what pauses" looks; "Open the incident" opens it. Both keep what was typed."""
    user = signed_in_user(request)
    require(policies.can_manage_incidents, user, None)
    form, pauses = IncidentForm(request.POST or None), None
    if request.method == "POST" and form.is_valid():
        try:
            if "open" in request.POST:
                paused = services.open_incident(form.draft(), actor=user).rollouts.count()
                message = _("Opened; %(paused)s rollouts pause.") % {"paused": paused}
                return done(request, message, reverse("incident_list"))
            pauses = services.preview_incident(form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
    return render(request, "certification/incident_form.html", {"form": form, "pauses": pauses})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def incident_close(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = signed_in_user(request)
    incident = get_object_or_404(queries.visible_to(user), pk=pk)
    require(policies.can_manage_incidents, user, incident)
    if incident.state != "open" and request.method != "POST":
        raise Blocked(_("This incident is closed already."))
    form = NoteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        services.close_incident(incident, note=form.cleaned_data["note"], actor=user)
        return done(request, _("Closed; its rollouts go on."), reverse("incident_list"))
    context = {
        "incident": incident,
        "form": form,
        "pauses": services.preview_closing(incident, actor=user),
    }
    return render(request, "certification/incident_close.html", context)


urlpatterns = [
    path("incidents/", incident_list, name="incident_list"),
    path("incidents/new/", incident_create, name="incident_create"),
    path("incidents/<uuid:pk>/close/", incident_close, name="incident_close"),
]
