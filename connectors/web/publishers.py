"""Pages of teams: list, profile, members, invitations."""

from __future__ import annotations

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from connectors import policies
from connectors.models import Invitation, Membership, Publisher
from connectors.models.publishers import Role
from connectors.queries import publishers as queries
from connectors.services import publishers as services
from portal.shared.audit import history
from portal.shared.errors import InvalidInput, PortalError
from portal.shared.history import entries
from portal.shared.policy import require
from portal.shared.web import add_errors, done, signed_in_user
from portal.shared.words import in_sentence
from portal.shared.words import lazy as _lazy


class PublisherForm(forms.ModelForm):
    website = forms.URLField(required=False, assume_scheme="https", max_length=200)

    class Meta:
        model = Publisher
        fields = ["name", "website", "support_email"]
        help_texts = {
            "name": _lazy(
                "As makers will read it: the company, or your own name if you publish independently."
            ),
            "support_email": _lazy("Where users of your connectors find help. A shared mailbox is best."),
        }

    def validate_unique(self) -> None:
        """Left to the service, which words it for people."""

    def validate_constraints(self) -> None:
        """Left to the service, which words it for people."""


class InvitationForm(forms.Form):
    email = forms.EmailField(help_text=_lazy("The invitation works for this address only."))
    role = forms.ChoiceField(choices=Role.choices, initial=Role.DEVELOPER)

    def __init__(self, *args: object, allowed: list[Role], **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["role"].choices = [(role.value, role.label) for role in allowed]  # type: ignore[attr-defined]


class VerificationForm(forms.Form):
    reason = forms.CharField(
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_lazy("What was checked, and how. Kept in the history."),
    )


@require_safe
@login_required
def publisher_list(request: HttpRequest) -> HttpResponse:
    found = queries.publishers_for(request.user)
    return render(request, "connectors/publisher_list.html", {"publishers": found})


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def publisher_create(request: HttpRequest) -> HttpResponse:
    form = PublisherForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            publisher = services.create_publisher(**form.cleaned_data, actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("%(publisher)s is ready. Invite your team next.") % {"publisher": publisher},
                _address("publisher_detail", publisher),
            )
    return render(request, "connectors/publisher_form.html", {"form": form})


@require_safe
@login_required
def publisher_detail(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = _visible(request, slug)
    return _page(request, publisher)


def _page(request: HttpRequest, publisher: Publisher, form: InvitationForm | None = None) -> HttpResponse:
    user = signed_in_user(request)
    grantable = [role for role in Role if policies.can_grant_role(user, publisher, role)]
    context = {
        "publisher": publisher,
        "members": queries.members_of(publisher),
        "invitations": queries.open_invitations(publisher),
        "invitation_form": form or InvitationForm(allowed=grantable),
        "roles": list(Role),
        "can_edit": policies.can_edit_publisher(user, publisher),
        "can_invite": policies.can_invite_member(user, publisher),
        "can_manage": policies.can_manage_members(user, publisher),
        "can_leave": policies.can_leave_publisher(user, publisher),
        "can_verify": policies.can_verify_publisher(user, publisher),
        "can_register": policies.can_register_connector(user, publisher),
        "verification_form": VerificationForm(),
        "history": entries(history(publisher)[:30]),
    }
    status = 400 if form is not None and form.errors else 200
    return render(request, "connectors/publisher_detail.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def publisher_edit(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = _visible(request, slug)
    require(policies.can_edit_publisher, signed_in_user(request), publisher)
    form = PublisherForm(request.POST or None, instance=publisher)
    if request.method == "POST" and form.is_valid():
        try:
            services.update_publisher(publisher, values=form.cleaned_data, actor=signed_in_user(request))
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(request, _("Saved."), _address("publisher_detail", publisher))
    context = {"form": form, "publisher": Publisher.objects.visible_to(request.user).get(slug=slug)}
    return render(request, "connectors/publisher_form.html", context)


@require_POST
@login_required
def publisher_verify(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = _visible(request, slug)
    services.verify_publisher(
        publisher,
        is_verified=request.POST.get("kind") == Publisher.Kind.VERIFIED,
        reason=request.POST.get("reason", ""),
        actor=signed_in_user(request),
    )
    return done(
        request,
        _("%(publisher)s is now %(lower)s.")
        % {"publisher": publisher, "lower": in_sentence(publisher.get_kind_display())},
        _address("publisher_detail", publisher),
    )


@require_POST
@login_required
def invitation_create(request: HttpRequest, slug: str) -> HttpResponse:
    publisher = _visible(request, slug)
    # Every role is offered to the form so that one above the inviter's is told as such by the service.
    form = InvitationForm(request.POST, allowed=list(Role))
    if form.is_valid():
        try:
            invitation, _secret = services.invite(
                publisher, **form.cleaned_data, actor=signed_in_user(request)
            )
        except InvalidInput as error:
            add_errors(form, error)
        else:
            return done(
                request,
                _("An invitation is on its way to %(email)s.") % {"email": invitation.email},
                _address("publisher_detail", publisher),
            )
    return _page(request, publisher, form)


@require_POST
@login_required
def invitation_revoke(request: HttpRequest, slug: str, pk: str) -> HttpResponse:
    publisher = _visible(request, slug)
    invitation = get_object_or_404(Invitation.objects.filter(publisher=publisher), pk=pk)
    services.revoke_invitation(invitation, actor=signed_in_user(request))
    return done(request, _("The invitation is taken back."), _address("publisher_detail", publisher))


@require_safe
@never_cache
def invitation_open(request: HttpRequest, token: str) -> HttpResponse:
    """The mailed link. The token goes no further than this: the session remembers which invitation it was."""
    try:
        request.session["invitation"] = str(services.find_invitation(token).pk)
    except InvalidInput as error:
        return _unusable_invitation(request, error)
    return redirect("invitation_answer")


@require_http_methods(["GET", "HEAD", "POST"])
@login_required
def invitation_answer(request: HttpRequest) -> HttpResponse:
    """Looking changes nothing; a button accepts or declines."""
    user = signed_in_user(request)
    try:
        invitation = services.answerable_invitation(request.session.get("invitation"))
        if request.method == "POST" and request.POST.get("answer") == "decline":
            services.decline_invitation(invitation, actor=user)
            return done(request, _("You declined the invitation."), reverse("home"))
        if request.method == "POST":
            team = services.accept_invitation(invitation, actor=user).publisher
            return done(
                request, _("Welcome to %(team)s.") % {"team": team}, _address("publisher_detail", team)
            )
    except PortalError as error:
        return _unusable_invitation(request, error)
    return render(request, "connectors/invitation_answer.html", {"invitation": invitation})


def _unusable_invitation(request: HttpRequest, error: PortalError) -> HttpResponse:
    context = {"invitation": None, "problem": error.message}
    return render(request, "connectors/invitation_answer.html", context, status=error.status)


@require_POST
@login_required
def member_change_role(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    publisher = _visible(request, slug)
    membership = get_object_or_404(Membership.objects.filter(publisher=publisher), pk=pk)
    services.change_role(membership, role=request.POST.get("role", ""), actor=signed_in_user(request))
    return done(request, _("The role is changed."), _address("publisher_detail", publisher))


@require_POST
@login_required
def member_remove(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    publisher = _visible(request, slug)
    membership = get_object_or_404(Membership.objects.filter(publisher=publisher), pk=pk)
    user = signed_in_user(request)
    services.remove_member(membership, actor=user)
    if membership.user_id == user.pk:
        return done(request, _("You left %(publisher)s.") % {"publisher": publisher}, reverse("home"))
    return done(
        request,
        _("%(user)s is not in the team any more.") % {"user": membership.user},
        _address("publisher_detail", publisher),
    )


@require_POST
@login_required
def publisher_switch(request: HttpRequest, slug: str) -> HttpResponse:
    """Choose the team that lists show first."""
    publisher = _visible(request, slug)
    request.session["publisher"] = str(publisher.pk)
    return redirect("connector_list")


def _visible(request: HttpRequest, slug: str) -> Publisher:
    return get_object_or_404(Publisher.objects.visible_to(request.user), slug=slug)


def _address(name: str, publisher: Publisher) -> str:
    return reverse(name, args=[publisher.slug])


urlpatterns = [
    path("publishers/", publisher_list, name="publisher_list"),
    path("publishers/new/", publisher_create, name="publisher_create"),
    path("publishers/<slug:slug>/", publisher_detail, name="publisher_detail"),
    path("publishers/<slug:slug>/edit/", publisher_edit, name="publisher_edit"),
    path("publishers/<slug:slug>/verify/", publisher_verify, name="publisher_verify"),
    path("publishers/<slug:slug>/switch/", publisher_switch, name="publisher_switch"),
    path("publishers/<slug:slug>/invitations/", invitation_create, name="invitation_create"),
    path("publishers/<slug:slug>/invitations/<uuid:pk>/revoke/", invitation_revoke, name="invitation_revoke"),
    path("publishers/<slug:slug>/members/<int:pk>/role/", member_change_role, name="member_change_role"),
    path("publishers/<slug:slug>/members/<int:pk>/remove/", member_remove, name="member_remove"),
    path("invitations/answer/", invitation_answer, name="invitation_answer"),
    path("invitations/<str:token>/", invitation_open, name="invitation_open"),
]
