"""Pages of a team's trusted publishers: which builds act for it without a secret."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors.models import Connector, Publisher
from connectors.policies import can_manage_trusted_publishers
from connectors.queries import trusted_publishers as queries
from connectors.services import trusted_publishers as services
from portal.accounts.models import ApiToken
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_MONO = {"class": "mono", "spellcheck": "false", "autocomplete": "off"}


class TrustForm(forms.Form):
    issuer = forms.ChoiceField(label=_lazy("Build service"), choices=[])
    repository = forms.CharField(
        max_length=300, widget=forms.TextInput(attrs={**_MONO, "placeholder": "harbour/tides-connector"}),
        help_text=_lazy("Owner and name; on GitLab the project's whole path. Capitals count."),
    )  # fmt: skip
    workflow = forms.CharField(
        max_length=200, widget=forms.TextInput(attrs={**_MONO, "placeholder": "release.yml"}),
        help_text=_lazy("The file: release.yml in .github/workflows, or .gitlab-ci.yml."),
    )  # fmt: skip
    ref = forms.CharField(
        max_length=200, required=False, initial="refs/tags/*", label=_lazy("Branch or tag"),
        widget=forms.TextInput(attrs=_MONO),
        help_text=_lazy("refs/heads/main is one branch, refs/tags/* every tag. Empty: every branch and tag."),
    )  # fmt: skip
    environment = forms.CharField(
        max_length=200, required=False, widget=forms.TextInput(attrs=_MONO),
        help_text=_lazy("Best with one that only some people may deploy to. Empty: any, or none."),
    )  # fmt: skip
    connector = forms.ModelChoiceField(
        Connector.objects.none(), required=False, empty_label=_lazy("All connectors of the team"),
        help_text=_lazy("A token for one connector reaches no other."),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=_lazy("It may"), widget=forms.CheckboxSelectMultiple, initial=list(services.SCOPES),
        choices=[(scope.value, scope.label) for scope in services.SCOPES],
    )  # fmt: skip

    def __init__(self, *args: object, publisher: Publisher, user: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        issuers = services.known_issuers()
        self.fields["issuer"].choices = [(url, str(each)) for url, each in issuers.items()]  # type: ignore[attr-defined]
        own = Connector.objects.visible_to(user).filter(publisher=publisher).order_by("name")
        self.fields["connector"].queryset = own  # type: ignore[attr-defined]

    def draft(self) -> services.TrustDraft:
        return services.TrustDraft(**self.cleaned_data)


def _team(request: HttpRequest, slug: str) -> Publisher:
    return get_object_or_404(Publisher.objects.visible_to(request.user), slug=slug)


@require_safe
@login_required
def trusted_publisher_list(request: HttpRequest, slug: str) -> HttpResponse:
    team = _team(request, slug)
    issuers, scopes = services.known_issuers(), dict(ApiToken.Scope.choices)
    rows = list(queries.trusted_publishers_of(request.user, team))
    for row in rows:
        row.service = str(issuers.get(row.issuer, row.issuer))  # type: ignore[attr-defined]
        row.may = [scopes[scope] for scope in row.scopes]  # type: ignore[attr-defined]
    context = {
        "publisher": team,
        "rows": rows,
        "audience": settings.SITE_URL,
        "is_possible": bool(issuers),
        "can_manage": can_manage_trusted_publishers(request.user, team),
    }
    return render(request, "connectors/trusted_publisher_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def trusted_publisher_create(request: HttpRequest, slug: str) -> HttpResponse:
    team, user = _team(request, slug), signed_in_user(request)
    require(can_manage_trusted_publishers, user, team)
    form = TrustForm(request.POST or None, publisher=team, user=user)
    if request.method == "POST" and form.is_valid():
        try:
            row = services.trust(team, form.draft(), actor=user)
        except InvalidInput as error:
            add_errors(form, error)
        except Conflict as error:
            form.add_error(None, error.message)
        else:
            said = _("%(workflow)s of %(repository)s needs no secret from now on.") % {
                "workflow": row.workflow,
                "repository": row.repository,
            }
            return done(request, said, reverse("trusted_publisher_list", args=[slug]))
    context = {"publisher": team, "form": form}
    status = 400 if form.errors else 200
    return render(request, "connectors/trusted_publisher_form.html", context, status=status)


@require_POST
@login_required
def trusted_publisher_remove(request: HttpRequest, slug: str, pk: UUID) -> HttpResponse:
    row = get_object_or_404(queries.trusted_publishers_of(request.user, _team(request, slug)), pk=pk)
    services.distrust(row, actor=signed_in_user(request))
    names = {"repository": row.repository}
    said = _("%(repository)s is not trusted any more; its tokens have ended.") % names
    return done(request, said, reverse("trusted_publisher_list", args=[slug]))


urlpatterns = [
    path("publishers/<slug:slug>/trusted/", trusted_publisher_list, name="trusted_publisher_list"),
    path("publishers/<slug:slug>/trusted/new/", trusted_publisher_create, name="trusted_publisher_create"),
    path(
        "publishers/<slug:slug>/trusted/<uuid:pk>/remove/",
        trusted_publisher_remove,
        name="trusted_publisher_remove",
    ),
]
