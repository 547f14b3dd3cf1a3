"""Django's admin for emergencies: every table of the portal to look at, and next to nothing to change.

It stands beside the services: what is changed here passes no policy, no lifecycle and sends nobody a message.
So it is off unless `EMERGENCY_ADMIN` is set, only administrators with a second factor get in, everything is
read-only but the fields of `WRITABLE`, each with its reason, and every change is in the audit trail with what
it was before. Secrets are never shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from allauth.mfa.utils import is_mfa_enabled
from django.apps import apps
from django.contrib import admin
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect

from portal.shared import audit
from portal.shared.secrets import EncryptedJSONField
from portal.shared.words import lazy as _

APPS = ("accounts", "shared", "connectors", "certification")
# Columns whose name says that they open something; hashes of tokens are among them.
_SECRET_WORDS = ("password", "secret", "token", "digest", "hash", "sealed", "credential", "salt")
# Answers that were given before are kept there as they were, with secrets that are shown once.
_LEFT_OUT = {"shared.idempotencyrecord"}


@dataclass(frozen=True)
class Writable:
    """Fields that may be changed here, and why no page or command does."""

    fields: tuple[str, ...]
    reason: Any


WRITABLE = {
    "accounts.user": Writable(
        ("is_active",), _("An account that somebody else has taken over has to be shut out at once.")
    ),
}


# Generic for the type checker alone.
if TYPE_CHECKING:
    _Table = admin.ModelAdmin[Any]
else:
    _Table = admin.ModelAdmin


class EmergencySite(admin.AdminSite):
    site_header = _("Emergency access")
    site_title = site_header
    index_title = _("Tables")
    site_url = "/"
    enable_nav_sidebar = False

    def has_permission(self, request: HttpRequest) -> bool:
        """Administrators whose second factor stands, whatever the middleware asked before."""
        user: Any = request.user
        if not user.is_authenticated or not user.is_administrator:
            return False
        return is_mfa_enabled(user) or bool(request.session.get("trial_entry"))

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """To whoever is signed in and may not come in there is nothing here."""
        guarded = super().admin_view(view, cacheable)

        def look(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            answer: HttpResponse = guarded(request, *args, **kwargs)
            return answer

        return look

    def get_urls(self) -> list[Any]:
        """Without Django's own way to change a password: the portal has its own, with its limits."""
        away = {"password_change", "password_change_done"}
        return [each for each in super().get_urls() if getattr(each, "name", None) not in away]

    def logout(self, request: HttpRequest, extra_context: Any = None) -> Any:
        return redirect("account_logout")

    def login(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """The portal's own way in, which has the second factor and the limits."""
        return redirect("account_login")


class ReadOnly(_Table):
    """A table to look at. `writable` says what little may be changed."""

    writable: Writable | None = None
    list_per_page = 50
    show_full_result_count = False
    show_facets = admin.ShowFacets.NEVER
    actions = None

    def has_module_permission(self, request: HttpRequest) -> bool:
        return True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return True

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return self.writable is not None

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [field.name for field in shown_fields(self.model)]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        allowed = self.writable.fields if self.writable else ()
        return [name for name in self.get_fields(request, obj) if name not in allowed]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Only what may be changed is written, with a record of before and after in the same transaction."""
        allowed = self.writable.fields if self.writable else ()
        fields = [name for name in form.changed_data if name in allowed]
        if not change or not fields:
            return
        before = self.model._default_manager.filter(pk=obj.pk).values(*fields).get()
        obj.save(update_fields=fields)
        changes = {name: [str(before[name]), str(getattr(obj, name))] for name in fields}
        actor: Any = request.user
        audit.record(
            f"{self.opts.model_name}.change_in_emergency",
            obj,
            actor=actor,
            reason=str(self.writable.reason) if self.writable else "",
            data={"changes": changes},
        )

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Django's own log has a table of its own, outside the audit trail: nothing is written there."""

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        raise Http404


def is_secret(field: models.Field[Any, Any]) -> bool:
    """Whether a column is kept out of sight: encrypted, or named like something that opens a door."""
    return isinstance(field, EncryptedJSONField | models.BinaryField) or any(
        word in field.name for word in _SECRET_WORDS
    )


def shown_fields(model: type[models.Model]) -> list[models.Field[Any, Any]]:
    return [field for field in model._meta.concrete_fields if not is_secret(field)]


def _columns(model: type[models.Model]) -> list[str]:
    """Its own name and the short columns; texts and JSON are on the row's page."""
    long = models.TextField | models.JSONField | models.ForeignKey
    short = [
        field.name for field in shown_fields(model) if not isinstance(field, long) and not field.primary_key
    ]
    return ["__str__", *short[:5]]


def site() -> EmergencySite:
    """Every table of the portal's own apps."""
    made = EmergencySite(name="emergency")
    for label in APPS:
        for model in apps.get_app_config(label).get_models():
            if model._meta.label_lower in _LEFT_OUT:
                continue
            attributes = {
                "writable": WRITABLE.get(model._meta.label_lower),
                "list_display": _columns(model),
                "list_select_related": True,
                "ordering": ("-pk",),
            }
            made.register(model, type(f"{model.__name__}Table", (ReadOnly,), attributes))
    return made
