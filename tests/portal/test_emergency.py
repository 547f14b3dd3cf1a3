"""Django's admin for emergencies: off by default, administrators only, everything read-only but what has a reason, all recorded."""

from __future__ import annotations

import copy

import pytest
from django.conf import settings
from django.test import override_settings
from django.urls import NoReverseMatch, reverse

from portal.emergency import WRITABLE, is_secret, shown_fields, site
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, RegionFactory

pytestmark = pytest.mark.django_db
ROLES_OUTSIDE = ("owner", "reviewer", "operator", "stranger")


@pytest.fixture
def switched_on():
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["DIRS"].append(settings.BASE_DIR / "portal" / "emergency" / "templates")
    with override_settings(
        TEMPLATES=templates,
        INSTALLED_APPS=[*settings.INSTALLED_APPS, "django.contrib.admin.apps.SimpleAdminConfig"],
        ROOT_URLCONF="tests.portal.emergency_urls",
    ):
        yield


def test_it_is_off_unless_it_is_switched_on(cast, sign_in):
    assert not settings.EMERGENCY_ADMIN
    assert sign_in(cast.administrator).get("/emergency/").status_code == 404
    with pytest.raises(NoReverseMatch):
        reverse("admin:index")


def test_only_administrators_with_a_second_factor_find_it(cast, sign_in, client, switched_on):
    assert client.get("/emergency/", follow=True).redirect_chain[-1][0].startswith("/accounts/login/")
    # Every page of it, an address that there is none of included.
    for role in ROLES_OUTSIDE:
        assert sign_in(getattr(cast, role)).get("/emergency/").status_code == 404, role
    browser = sign_in(cast.administrator)
    assert browser.get("/emergency/").status_code == 200
    session = browser.session
    session["trial_entry"] = False
    session.save()
    answer = browser.get("/emergency/")
    assert answer.status_code == 302
    assert answer["Location"] == reverse("mfa_index")


def test_every_table_opens_and_none_shows_what_opens_a_door(cast, sign_in, switched_on):
    ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    RegionFactory()
    browser, made = sign_in(cast.administrator), site()
    for model, table in made._registry.items():
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        answer = browser.get(reverse(f"{name}_changelist"))
        assert answer.status_code == 200, name
        assert not any(is_secret(field) for field in shown_fields(model)), name
        assert not table.has_add_permission(answer.wsgi_request)
        assert not table.has_delete_permission(answer.wsgi_request)
        with pytest.raises(NoReverseMatch):
            reverse("admin:password_change")
        row = model._default_manager.first()
        if row is not None:
            page = browser.get(reverse(f"{name}_change", args=[row.pk]))
            assert page.status_code == 200, name
    people = browser.get(reverse("admin:accounts_user_change", args=[cast.owner.pk])).content.decode()
    assert cast.owner.email in people
    assert cast.owner.password not in people


def test_nothing_is_written_that_is_not_named(cast, sign_in, switched_on):
    connector = ConnectorFactory(publisher=cast.publisher, name="Harbour Tides")
    browser = sign_in(cast.administrator)
    for verb in ("change", "delete"):
        address = reverse(f"admin:connectors_connector_{verb}", args=[connector.pk])
        assert browser.post(address, {"name": "Another", "post": "yes"}).status_code == 403
    assert browser.post(reverse("admin:connectors_connector_add"), {"name": "New"}).status_code == 403
    connector.refresh_from_db()
    assert connector.name == "Harbour Tides"


def test_a_change_that_is_allowed_is_recorded_with_what_was_before(cast, sign_in, switched_on):
    address = reverse("admin:accounts_user_change", args=[cast.stranger.pk])
    # Whatever else is sent stays as it is.
    answer = sign_in(cast.administrator).post(
        address, {"staff_role": "administrator", "email": "x@example.test"}
    )
    assert answer.status_code == 302
    cast.stranger.refresh_from_db()
    assert (cast.stranger.is_active, cast.stranger.staff_role) == (False, "")
    record = AuditRecord.objects.get(action="user.change_in_emergency")
    assert record.actor_id == cast.administrator.pk
    assert record.data == {"changes": {"is_active": ["True", "False"]}}
    assert record.reason
    # Nothing changed, nothing said.
    sign_in(cast.administrator).post(address, {})
    assert AuditRecord.objects.filter(action="user.change_in_emergency").count() == 1


def test_every_field_that_may_be_changed_has_its_reason():
    for label, writable in WRITABLE.items():
        model = next(model for model in site()._registry if model._meta.label_lower == label)
        assert {field.name for field in shown_fields(model)} >= set(writable.fields)
        assert len(str(writable.reason)) > 30
