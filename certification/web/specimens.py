"""The pages that show every mail with invented words, as HTML and as text, narrow and wide."""

from __future__ import annotations

from csp.decorators import csp_update
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from certification.messages import KINDS, Group
from certification.services.specimens import DIGEST, EVENTS, specimen, subjects
from portal.shared.web import signed_in_user

# Mails carry their styles inside: they are shown in a frame that runs nothing and reaches nothing.
FRAMED = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'self'"
_WIDTHS = ("wide", "narrow")


@require_safe
@login_required
@csp_update({"frame-src": ["'self'"]})
def mail_specimens(request: HttpRequest) -> HttpResponse:
    """?mail= the event shown, ?width= "wide" or "narrow", ?form= "html" or "text"."""
    chosen = request.GET.get("mail", EVENTS[0])
    if chosen not in EVENTS:
        raise Http404
    subject, text, _html = specimen(chosen, reader=signed_in_user(request))
    names = subjects()
    context = {
        "chosen": chosen,
        "subject": subject,
        "text": text,
        "kind": KINDS.get(chosen),
        "width": request.GET.get("width") if request.GET.get("width") in _WIDTHS else "wide",
        "as_text": request.GET.get("form") == "text",
        "groups": [
            *(
                (group.label, [(event, names[event]) for event, kind in KINDS.items() if kind.group == group])
                for group in Group
            ),
            (_("Once a day"), [(DIGEST, names[DIGEST])]),
        ],
    }
    return render(request, "certification/mail_specimens.html", context)


@require_safe
@login_required
@xframe_options_sameorigin
def mail_specimen_body(request: HttpRequest, event: str) -> HttpResponse:
    """The HTML of one mail, for the frame."""
    if event not in EVENTS:
        raise Http404
    _subject, _text, html = specimen(event, reader=signed_in_user(request))
    return HttpResponse(html, headers={"Content-Security-Policy": FRAMED})


urlpatterns = [
    path("messages/specimens/", mail_specimens, name="mail_specimens"),
    path("messages/specimens/<str:event>/", mail_specimen_body, name="mail_specimen_body"),
]
