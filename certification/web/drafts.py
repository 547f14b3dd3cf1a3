"""The form of a submission: details with autosave, the package, and the live preview of the introduction."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from certification.models import Submission
from certification.queries import submissions as queries
from certification.queries import updates
from certification.queries import validation as verdicts
from certification.queries.credentials import credential_rows
from certification.queries.readiness import Blocker, Place, readiness
from certification.queries.submit_by import next_for
from certification.rules.checks.listing import CATEGORIES
from certification.services import drafts as services
from certification.services.presented_receipts import package_files, present_receipt, receipt_among
from certification.web.submission_pages import page_context, submission_url, visible_submission
from connectors.queries.versions import told_problems
from connectors.services.versions import receive_upload
from portal.accounts.models import User
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, PortalError
from portal.shared.markdown import render_markdown
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import lazy as _lazy

_SPARE_CONTACT_ROWS = 2
# Parts of the form in its order: (place, label).
_OUTLINE = (
    (Place.PACKAGE, _lazy("Package")),
    (Place.KIND, _lazy("Kind")),
    (Place.CONTACTS, _lazy("Contacts")),
    (Place.CATEGORIES, _lazy("Categories")),
    (Place.NOTES, _lazy("Notes")),
    (Place.INTRO, _lazy("Introduction")),
    (Place.CREDENTIALS, _lazy("Credentials")),
    (Place.FINDINGS, _lazy("Findings")),
)


class DraftForm(forms.Form):
    """What is typed; whether it can be handed in is the readiness page's question."""

    edit_count = forms.IntegerField(widget=forms.HiddenInput)
    kind = forms.ChoiceField(choices=Submission.Kind.choices, required=False)
    categories = forms.MultipleChoiceField(
        choices=[(name, name) for name in CATEGORIES],
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_lazy("One or two. Makers find the connector by them."),
    )
    tester_notes = forms.CharField(
        label=_lazy("Notes for testers"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 5}),
        help_text=_lazy(
            "Environment, sample data, steps to try. Never passwords: they belong to the credentials."
        ),
    )
    change_notes = forms.CharField(
        label=_lazy("What changed"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_lazy("In words makers understand. Shown to reviewers beside the diff."),
    )
    intro = forms.CharField(
        label="intro.md",
        required=False,
        widget=forms.Textarea(attrs={"rows": 16, "class": "mono", "spellcheck": "true"}),
        help_text=_lazy(
            "Markdown. Description, prerequisites, getting credentials, known issues, common errors."
        ),
    )

    def __init__(self, *args: Any, submission: Submission, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if submission.revision_id:
            # Fixed once it was handed in.
            del self.fields["kind"]
        if submission.kind == Submission.Kind.NEW:
            self.fields["change_notes"].help_text = _("Only needed for updates and hotfixes.")
        self._is_new = submission.kind == Submission.Kind.NEW

    def mark_needed(self) -> DraftForm:
        """Show as optional only what can stay empty for good. Call after validation: drafts are half done."""
        self.use_required_attribute = False
        for name, field in self.fields.items():
            field.required = not (self._is_new and name == "change_notes")
        return self


def as_uuid(text: str) -> UUID:
    """404 rather than an error for what is no id."""
    try:
        return UUID(text)
    except ValueError as error:
        raise Http404 from error


def _initial(submission: Submission) -> dict[str, Any]:
    names = (*services.FORM_FIELDS, "edit_count")
    return {name: getattr(submission, name) for name in names if name != "contacts"}


def _typed_contacts(request: HttpRequest) -> list[dict[str, str]]:
    columns = [request.POST.getlist(f"contact_{name}") for name in ("role", "name", "email")]
    return [{"role": role, "name": name, "email": email} for role, name, email in zip(*columns, strict=False)]


def _typed(request: HttpRequest, form: DraftForm) -> dict[str, Any]:
    typed = {name: value for name, value in form.cleaned_data.items() if name != "edit_count"}
    if "kind" in typed and not typed["kind"]:
        del typed["kind"]
    return {**typed, "contacts": _typed_contacts(request)}


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def submission_edit(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole form. POST saves all of it and stays, so that it works without scripts too."""
    submission = visible_submission(request, pk)
    if request.method != "POST":
        return _form_page(request, submission, DraftForm(initial=_initial(submission), submission=submission))
    form = DraftForm(request.POST, submission=submission)
    if not form.is_valid():
        return _form_page(request, submission, form, status=400)
    try:
        services.save_draft(
            submission,
            fields=_typed(request, form),
            edit_count=form.cleaned_data["edit_count"],
            actor=signed_in_user(request),
        )
    except services.DraftChanged as conflict:
        return _conflict_page(request, submission, conflict)
    except InvalidInput as error:
        add_errors(form, error)
        return _form_page(request, submission, form, status=400)
    target = "submission_ready" if "ready" in request.POST else "submission_edit"
    return done(request, _("Saved."), submission_url(submission, target))


def _conflict_page(
    request: HttpRequest, submission: Submission, conflict: services.DraftChanged
) -> HttpResponse:
    """The form with what was typed, beside what was saved meanwhile; saving again is a decision then."""
    form = DraftForm(
        initial={**conflict.typed, "edit_count": conflict.stored.edit_count}, submission=submission
    )
    differences = [
        {"label": _label(form, name), "stored": _readable(getattr(conflict.stored, name))}
        for name in conflict.fields
    ]
    return _form_page(request, submission, form, status=409, conflict=conflict, differences=differences)


def _label(form: DraftForm, name: str) -> str:
    field = form.fields.get(name)
    return str(field.label or name.replace("_", " ").capitalize()) if field else name.capitalize()


def _readable(value: Any) -> str:
    if isinstance(value, list):
        rows = [", ".join(item.values()) if isinstance(item, dict) else str(item) for item in value]
        return "\n".join(rows)
    return str(value)


def _form_page(
    request: HttpRequest, submission: Submission, form: DraftForm, *, status: int = 200, **extra: Any
) -> HttpResponse:
    context = page_context(request, submission, "edit")
    if not context["can_edit"]:
        return _closed(request, submission)
    typed = extra["conflict"].typed["contacts"] if "conflict" in extra else None
    contacts = _typed_contacts(request) if request.method == "POST" and typed is None else typed
    contacts = submission.contacts if contacts is None else contacts
    blockers = readiness(submission, by=signed_in_user(request))
    context |= {
        "form": form.mark_needed(),
        "contact_rows": [*contacts, *_spare_rows(contacts)][: services.MOST_CONTACTS],
        "contact_roles": services.CONTACT_ROLES.items(),
        "outline": _outline(submission, blockers),
        "blocker_count": len(blockers),
        "credentials": credential_rows(submission),
        "submit_by": next_for(submission),
        "intro_html": render_markdown(str(form["intro"].value() or "")),
        **_package_context(submission),
        **extra,
    }
    context["proposal"] = updates.proposal_for(submission, context["validation"])
    return render(request, "certification/submission_edit.html", context, status=status)


def _closed(request: HttpRequest, submission: Submission) -> HttpResponse:
    """Somebody without the right gets a refusal, a colleague who came late the submission's page."""
    from certification.policies import can_edit_submission
    from portal.shared.policy import require

    require(can_edit_submission, signed_in_user(request), submission)
    return redirect(submission_url(submission))


def _package_context(submission: Submission) -> dict[str, Any]:
    version = submission.version
    uploads = submission.connector.uploads.order_by("-received_at")
    latest = uploads.first()
    chosen_at = submission.package_chosen_at
    refused = latest if latest and latest.state == "refused" else None
    if refused and chosen_at and refused.received_at < chosen_at:
        refused = None
    return {
        "version": version,
        "tree": queries.tree_nodes(version.tree) if version else [],
        "versions": queries.choosable_versions(submission)[:50],
        "refused": refused,
        "refused_problems": told_problems(refused) if refused else [],
        "refused_tree": queries.tree_nodes(refused.tree) if refused else [],
        "validation": verdicts.known_validation(submission, version) if version else None,
        "is_checking": verdicts.is_being_checked(submission),
        "max_bytes": settings.MAX_UPLOAD_BYTES,
    }


def _spare_rows(contacts: list[dict[str, str]]) -> list[dict[str, str]]:
    """Empty rows that propose the roles nobody has yet."""
    taken = {contact["role"] for contact in contacts}
    free = [role for role in services.CONTACT_ROLES if role not in taken]
    return [{"role": role} for role in free[:_SPARE_CONTACT_ROWS]] or [{"role": "primary"}]


def _outline(submission: Submission, blockers: list[Blocker]) -> list[dict[str, Any]]:
    counts = {place: sum(blocker.place == place for blocker in blockers) for place, _ in _OUTLINE}
    return [
        {
            "label": label,
            "anchor": place.value,
            "count": counts[place],
        }
        for place, label in _OUTLINE
    ]


@require_POST
@login_required
def submission_autosave(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The same save from a script: a fragment with the new count, or 422 with what to do."""
    submission = visible_submission(request, pk)
    form = DraftForm(request.POST, submission=submission)
    problem, conflict = "", False
    if not form.is_valid():
        problem = _("Some fields cannot be saved as they are.")
    else:
        try:
            services.save_draft(
                submission,
                fields=_typed(request, form),
                edit_count=form.cleaned_data["edit_count"],
                actor=signed_in_user(request),
            )
        except services.DraftChanged as error:
            problem, conflict = error.message, True
        except InvalidInput as error:
            problem = " ".join(text for texts in error.fields.values() for text in texts) or error.message
        except IllegalTransition as error:
            problem = error.message
    blockers = readiness(submission, by=signed_in_user(request))
    context = {
        "submission": submission,
        "problem": problem,
        "conflict": conflict,
        "outline": _outline(submission, blockers),
        "blocker_count": len(blockers),
    }
    status = 422 if problem else 200
    return render(request, "certification/_submission_autosave.html", context, status=status)


@require_POST
@login_required
def intro_preview(request: HttpRequest) -> HttpResponse:
    """Markdown in, safe HTML out."""
    context = {"intro_html": render_markdown(request.POST.get("intro", "")[: services.LONGEST["intro"]])}
    return render(request, "certification/_submission_intro.html", context)


@require_POST
@login_required
def submission_upload(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take in a package and put it into the form; a refused one is shown with its tree and problems."""
    submission = visible_submission(request, pk)
    user = signed_in_user(request)
    sent = [(file.name or "file", file.read()) for file in request.FILES.getlist("files")]
    try:
        upload = receive_upload(submission.connector, files=package_files(sent), actor=user)
    except PortalError as error:
        form = DraftForm(initial=_initial(submission), submission=submission)
        return _form_page(request, submission, form, status=error.status, upload_error=error)
    target = submission_url(submission, "submission_edit") + "#package"
    if upload.version is None:
        return redirect(target)
    services.choose_package(submission, version=upload.version, actor=user)
    said = _of_receipt(submission, sent, user) or _("It is being checked.")
    return done(
        request,
        _("Package %(label)s received. %(said)s") % {"label": upload.version.label, "said": said},
        target,
    )


def _of_receipt(submission: Submission, sent: list[tuple[str, bytes]], user: User) -> str:
    """What became of a receipt among the files of an upload; the package is received in any case."""
    data = receipt_among(sent)
    if data is None:
        return ""
    try:
        found = present_receipt(submission, data=data, actor=user)
    except (InvalidInput, Conflict) as error:
        return _("%(message)s It is being checked.") % {"message": error.message}
    return (
        _("The verdict of its receipt is taken over.")
        if found.is_taken
        else _("%(reason)s It is being checked.") % {"reason": found.reason}
    )


@require_POST
@login_required
def submission_choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    versions = queries.choosable_versions(submission)
    version = get_object_or_404(versions, pk=as_uuid(request.POST.get("version", "")))
    services.choose_package(submission, version=version, actor=signed_in_user(request))
    target = submission_url(submission, "submission_edit") + "#package"
    return done(
        request,
        _("%(reference)s holds package %(label)s now.")
        % {"reference": submission.reference, "label": version.label},
        target,
    )


@require_POST
@login_required
def submission_check(request: HttpRequest, pk: UUID) -> HttpResponse:
    submission = visible_submission(request, pk)
    services.check_package(submission, actor=signed_in_user(request))
    return done(request, _("The package is being checked."), submission_url(submission, "finding_list"))


urlpatterns = [
    path("submissions/preview-introduction/", intro_preview, name="intro_preview"),
    path("submissions/<uuid:pk>/edit/", submission_edit, name="submission_edit"),
    path("submissions/<uuid:pk>/autosave/", submission_autosave, name="submission_autosave"),
    path("submissions/<uuid:pk>/upload/", submission_upload, name="submission_upload"),
    path("submissions/<uuid:pk>/choose-package/", submission_choose, name="submission_choose"),
    path("submissions/<uuid:pk>/check/", submission_check, name="submission_check"),
]
