"""Pages of the words of mails: which there are, how each reads, and every wording before."""

from __future__ import annotations

from typing import Any

from csp.decorators import csp_update
from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from certification import policies
from certification.models import MailText
from certification.queries import mail_texts as queries
from certification.services import mail_texts as services
from certification.services.specimens import EVENTS, specimen, subjects
from certification.web.specimens import FRAMED
from certification.wording import FIXED_BODY, variables_for
from portal.accounts.models import User
from portal.shared.errors import InvalidInput
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user


def _part(label: Any, rows: int) -> forms.CharField:
    area = forms.Textarea(attrs={"rows": rows})
    return forms.CharField(required=False, label=label, max_length=services.LONGEST_PART, widget=area)


class MailTextForm(forms.Form):
    """The parts of a mail that have words of their own; an empty one is the default's."""

    subject = forms.CharField(
        required=False, max_length=services.LONGEST_SUBJECT, label=gettext_lazy("Subject")
    )
    opening = _part(gettext_lazy("Before the sentences"), 3)
    body = _part(gettext_lazy("In place of the sentences"), 5)
    closing = _part(gettext_lazy("After the sentences"), 3)
    reason = forms.CharField(
        required=False,
        max_length=500,
        label=gettext_lazy("Why"),
        help_text=gettext_lazy("Kept in the history; not sent."),
    )
    based_on = forms.IntegerField(widget=forms.HiddenInput, min_value=0)

    def __init__(self, *args: Any, event: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if event in FIXED_BODY:
            del self.fields["body"]

    def draft(self) -> services.TextDraft:
        return services.TextDraft(**{name: self.cleaned_data.get(name, "") for name in services.PARTS})


@require_safe
@login_required
def mail_text_list(request: HttpRequest) -> HttpResponse:
    user = signed_in_user(request)
    require(policies.can_see_administration, user, None)
    names = subjects()
    context = {
        "groups": [(label, [(row, names[row.event]) for row in rows]) for label, rows in queries.mail_rows()],
        "can_manage": policies.can_manage_mail_texts(user),
    }
    return render(request, "certification/mail_text_list.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
@csp_update({"frame-src": ["'self'"]})  # type: ignore[arg-type]
def mail_text_edit(request: HttpRequest, event: str) -> HttpResponse:
    """The form, the mail as it reads, and its history. "Show" posts into the frame."""
    user = _manager(request, event)
    newest = queries.wordings(event).first()
    form = MailTextForm(request.POST or None, initial=_initial(newest), event=event)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            services.write(
                event, form.draft(), based_on=given["based_on"], reason=given["reason"], actor=user
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            message = _("Saved: the next mail of this kind reads like this.")
            return done(request, message, reverse("mail_text_edit", args=[event]))
    context = {
        "event": event, "form": form, "variables": variables_for(event), "newest": newest,
        "default": specimen(event, reader=user, words=MailText(event=event)),
        "history": queries.wording_history(event),
    }  # fmt: skip
    return render(request, "certification/mail_text_form.html", context, status=400 if form.errors else 200)


def _manager(request: HttpRequest, event: str) -> User:
    user = signed_in_user(request)
    require(policies.can_manage_mail_texts, user, None)
    if event not in EVENTS:
        raise Http404
    return user


def _initial(newest: MailText | None) -> dict[str, Any]:
    if newest is None:
        return {"based_on": 0}
    return {"based_on": newest.number, **{name: getattr(newest, name) for name in services.PARTS}}


@require_POST
@login_required
@xframe_options_sameorigin
def mail_text_preview(request: HttpRequest, event: str) -> HttpResponse:
    """A draft as the mail would read, for the frame; what is wrong with it instead, where something is."""
    user = _manager(request, event)
    headers = {"Content-Security-Policy": FRAMED}
    form = MailTextForm(request.POST, event=event)
    try:
        if not form.is_valid():
            raise InvalidInput(
                _("The words cannot be used like this."),
                fields={name: [str(each) for each in found] for name, found in form.errors.items()},
            )
        kept = services.check(event, form.draft())
    except InvalidInput as error:
        said = [error.message, *(text for texts in error.fields.values() for text in texts)]
        return HttpResponse("\n".join(said), 'text/plain; charset="utf-8"', status=400, headers=headers)
    words = MailText(event=event, **{name: getattr(kept, name) for name in services.PARTS})
    _subject, text, html = specimen(event, reader=user, words=words)
    if request.POST.get("form") == "text":
        return HttpResponse(text, 'text/plain; charset="utf-8"', headers=headers)
    return HttpResponse(html, headers=headers)


@require_POST
@login_required
def mail_text_restore(request: HttpRequest, event: str, number: int) -> HttpResponse:
    """An earlier wording again; number 0 is the default."""
    user = _manager(request, event)
    if number == 0:
        services.reset(event, actor=user)
        message = _("The mail has its default words again.")
    else:
        services.restore(get_object_or_404(queries.wordings(event), number=number), actor=user)
        message = _("Wording %(number)s is sent again.") % {"number": number}
    return done(request, message, reverse("mail_text_edit", args=[event]))


urlpatterns = [
    path("administration/mails/", mail_text_list, name="mail_text_list"),
    path("administration/mails/<str:event>/", mail_text_edit, name="mail_text_edit"),
    path("administration/mails/<str:event>/preview/", mail_text_preview, name="mail_text_preview"),
    path(
        "administration/mails/<str:event>/<int:number>/restore/", mail_text_restore, name="mail_text_restore"
    ),
]
