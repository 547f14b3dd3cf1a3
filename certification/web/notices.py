"""Pages of notices: announcing a retirement or a breaking change, its page, and taking it back."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import Notice
from certification.queries import notices as queries
from certification.services import notices as services
from connectors.models import Connector
from portal.accounts.models import User
from portal.shared.audit import history
from portal.shared.errors import Blocked, InvalidInput
from portal.shared.history import entries
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy


class NoticeForm(forms.Form):
    kind = forms.ChoiceField(choices=Notice.Kind.choices, widget=forms.HiddenInput)
    effective_on = forms.DateField(label=_lazy("From"), widget=forms.DateInput(attrs={"type": "date"}))
    text = forms.CharField(
        label=_lazy("What users read"),
        min_length=services.SHORTEST_TEXT,
        max_length=services.LONGEST_TEXT,
        widget=forms.Textarea(attrs={"rows": 6}),
        help_text=_lazy("Why, and what they should do by then. It is mailed as it stands, and public."),
    )
    successor = forms.CharField(
        label=_lazy("Use instead"),
        required=False,
        max_length=services.LONGEST_SUCCESSOR,
        help_text=_lazy("Another connector, or the operations that replace these. Empty: nothing."),
    )
    operations = forms.CharField(
        label=_lazy("Operations"),
        required=False,
        max_length=10_000,
        help_text=_lazy("The operationIds that change, with spaces between."),
    )

    def __init__(self, *args: object, kind: str, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["effective_on"].help_text = _("At least %(notice_days)s days from now.") % {
            "notice_days": settings.NOTICE_DAYS
        }
        if kind == Notice.Kind.RETIREMENT:
            del self.fields["operations"]

    def draft(self) -> services.NoticeDraft:
        data = self.cleaned_data
        return services.NoticeDraft(
            kind=data["kind"],
            text=data["text"],
            effective_on=data["effective_on"],
            successor=data["successor"],
            operations=tuple(data.get("operations", "").split()),
        )


def _connector(request: HttpRequest, pk: UUID) -> Connector:
    found = Connector.objects.visible_to(request.user).select_related("publisher", "live_version")
    return get_object_or_404(found, pk=pk)


def _kind(request: HttpRequest) -> str:
    asked = request.POST.get("kind") or request.GET.get("kind", "")
    return str(Notice.Kind.CHANGE if asked == Notice.Kind.CHANGE else Notice.Kind.RETIREMENT)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def notice_new(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Write it, look at what people will get, announce it: the second step comes back with `confirmed`."""
    connector, user, kind = _connector(request, pk), signed_in_user(request), _kind(request)
    require(_policy(kind), user, connector)
    if request.method != "POST":
        first = {"kind": kind, "effective_on": services.earliest_day(), "operations": _operations(request)}
        return _form_page(request, connector, NoticeForm(initial=first, kind=kind))
    form = NoticeForm(request.POST, kind=kind)
    if not form.is_valid():
        return _form_page(request, connector, form, status=400)
    try:
        if "confirmed" not in request.POST:
            checked = services.check(connector, form.draft(), actor=user)
            return _form_page(request, connector, form, draft=None if "change" in request.POST else checked)
        notice = services.announce(connector, form.draft(), actor=user)
    except InvalidInput as error:
        add_errors(form, error)
        return _form_page(request, connector, form, status=400)
    except Blocked as error:
        form.add_error(None, error.message)
        return _form_page(request, connector, form, status=409)
    return done(
        request, _("Announced. The mails are on their way."), reverse("notice_detail", args=[notice.pk])
    )


def _policy(kind: str) -> Callable[[User, Connector], bool]:
    is_end = kind == Notice.Kind.RETIREMENT
    return policies.can_announce_retirement if is_end else policies.can_announce_change


def _operations(request: HttpRequest) -> str:
    return " ".join(each[:200] for each in request.GET.getlist("operation")[:200])


def _form_page(
    request: HttpRequest,
    connector: Connector,
    form: NoticeForm,
    *,
    draft: services.NoticeDraft | None = None,
    status: int = 200,
) -> HttpResponse:
    context = {
        "connector": connector,
        "form": form,
        "kind": _kind(request),
        "draft": draft,
        "audience": queries.audience_of(connector),
        "standing": queries.standing(connector),
        "notice_days": settings.NOTICE_DAYS,
    }
    return render(request, "certification/notice_form.html", context, status=status)


def _notice(request: HttpRequest, pk: UUID) -> Notice:
    return get_object_or_404(queries.visible_notices(request.user), pk=pk)


@require_safe
@login_required
def notice_detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _detail(request, _notice(request, pk))


def _detail(request: HttpRequest, notice: Notice, *, error: str = "", status: int = 200) -> HttpResponse:
    user = signed_in_user(request)
    context = {
        "notice": notice,
        "connector": notice.connector,
        "error": error,
        "history": entries(history(notice)[:20]),
        "waiting": queries.open_submission(notice.connector) if notice.is_retirement else None,
        "can_cancel": notice.state == "announced" and policies.can_cancel_notice(user, notice),
    }
    return render(request, "certification/notice_detail.html", context, status=status)


@require_POST
@login_required
def notice_cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    notice = _notice(request, pk)
    try:
        services.cancel_notice(notice, reason=request.POST.get("reason", ""), actor=signed_in_user(request))
    except InvalidInput as error:
        return _detail(request, notice, error=error.message, status=400)
    return done(request, _("It is called off."), reverse("notice_detail", args=[pk]))


@require_safe
@login_required
def connector_notices(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What is announced about a connector: the part of its page that the page fetches."""
    connector, user = _connector(request, pk), signed_in_user(request)
    context = {
        "connector": connector,
        "notices": queries.notices_of(connector)[:10],
        "can_retire": _is_open(connector, user, policies.can_announce_retirement),
        "can_announce": _is_open(connector, user, policies.can_announce_change),
    }
    return render(request, "certification/_connector_notices.html", context)


def _is_open(connector: Connector, user: User, can: Callable[[User, Connector], bool]) -> bool:
    return connector.state == "active" and bool(can(user, connector))


urlpatterns = [
    path("connectors/<uuid:pk>/notices/", connector_notices, name="connector_notices"),
    path("connectors/<uuid:pk>/notices/new/", notice_new, name="notice_new"),
    path("notices/<uuid:pk>/", notice_detail, name="notice_detail"),
    path("notices/<uuid:pk>/cancel/", notice_cancel, name="notice_cancel"),
]
