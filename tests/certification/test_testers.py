"""Guests test a Preview for some days: what they may see and call, how access begins, ends, and what they leave behind."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification import models
from certification.data.products import PRODUCTS
from certification.models import GuestTester, ProductCheck
from certification.services import runs, testers
from certification.services.testers import GuestDraft, Word
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories import UserFactory
from tests.factories.rollouts import add_regions
from tests.runtime.servers import backend
from tests.runtime.services import add_key, harbour_service, served_by, submission_with

pytestmark = pytest.mark.django_db
ADDRESS = "guest@elsewhere.test"
DRAFT = GuestDraft(ADDRESS, ["flow"], note="Look at the tides, please.")


@pytest.fixture
def preview(cast):
    submission = submission_with(cast, state="preview_testing")
    add_regions("preview-us", preview="preview-us")
    return models.Preview.objects.create(
        submission=submission, revision=submission.revision, version=submission.version,
        region_id="preview-us", state="testing", opened_at=timezone.now(),
        deadline_at=timezone.now() + dt.timedelta(days=2),
    )  # fmt: skip


@pytest.fixture
def guest(db):
    person = UserFactory(email=ADDRESS, display_name="Gail Guest")
    EmailAddress.objects.get_or_create(
        user=person, email=ADDRESS, defaults={"verified": True, "primary": True}
    )
    EmailAddress.objects.filter(user=person).update(verified=True)
    return person


@pytest.fixture
def access(preview, guest, cast) -> GuestTester:
    tester, _ = testers.invite(preview, DRAFT, actor=cast.owner)
    testers.accept(tester, actor=guest)
    return tester


def link_of(message) -> str:
    return re.search(r"/testing/invitations/\S+", message.body).group(0)


def age(tester: GuestTester, **span: float) -> None:
    GuestTester.objects.filter(pk=tester.pk).update(expires_at=timezone.now() - dt.timedelta(**span))


def test_an_invitation_is_mailed_accepted_once_and_shows_one_page(
    preview, guest, cast, sign_in, drain_outbox
):
    browser = sign_in(cast.developer)
    answer = browser.post(
        reverse("tester_invite", args=[preview.pk]),
        {"email": ADDRESS, "products": ["flow", "app"], "days": "14", "note": "Look at the tides."},
    )
    assert answer.status_code == 302
    drain_outbox()
    [message] = mail.outbox
    assert message.to == [ADDRESS]
    assert "Look at the tides." in message.body
    link = link_of(message)
    assert link.rsplit("/", 2)[1] not in models.Notification.objects.get(address=ADDRESS).body_text

    stranger = Client()
    assert stranger.get(link)["Location"] == reverse("tester_answer")
    assert "login" in stranger.get(reverse("tester_answer"))["Location"], "the link alone opens nothing"
    visitor = sign_in(guest, Client())
    visitor.get(link)
    assert "Look at the tides." in visitor.get(reverse("tester_answer")).content.decode()
    page = visitor.post(reverse("tester_answer"), follow=True)
    assert page.redirect_chain[-1][0].startswith("/testing/")
    text = page.content.decode()
    assert "Flow maker" in text
    assert "App maker" in text
    assert "GetTides" in text
    visitor.get(link)
    assert "works once" in visitor.get(reverse("tester_answer")).content.decode()
    assert not guest.memberships.exists()


@pytest.mark.parametrize(
    "name", ["preview_detail", "preview_panel", "submission_detail", "console", "credential_list"]
)
def test_a_guest_sees_nothing_else_of_the_submission(access, guest, preview, sign_in, name):
    at = preview.pk if name == "preview_detail" else preview.submission_id
    assert sign_in(guest).get(reverse(name, args=[at])).status_code == 404
    assert sign_in(guest).get(f"/api/v1/submissions/{preview.submission_id}/").status_code == 404


def test_a_guest_calls_operations_with_a_lent_credential_and_sees_only_the_own_calls(
    access, guest, preview, cast, sign_in, settings
):
    with backend(harbour_service) as server:
        served_by(settings, server)
        credential = add_key(preview.submission, cast.owner)
        runs.run_operation(
            preview.submission,
            runs.Try("GetTides", {"id": "harbour-of-the-team"}, credential.pk),
            actor=cast.tester,
        )
        browser = sign_in(guest)
        data = {"operation": "GetTides", "credential": str(credential.pk), "in.id": "quay"}
        answer = browser.post(reverse("tester_console_run", args=[access.pk]), data)
        assert answer.status_code == 303
        page = browser.get(answer["Location"]).content.decode()
    run = models.TestRun.objects.get(user=guest)
    assert (run.is_success, run.preview_id) == (True, preview.pk)
    assert "Success" in page
    assert cast.tester.name not in page
    assert reverse("console", args=[preview.submission_id]) not in page
    used = AuditRecord.objects.filter(action="credential.use", actor=guest)
    assert used.count() == 1
    others = models.TestRun.objects.exclude(user=guest).get()
    other = browser.get(f"{reverse('tester_console', args=[access.pk])}?run={others.pk}").content.decode()
    assert "harbour-of-the-team" not in other


def test_access_ends_by_itself_by_the_team_and_with_the_account(access, guest, preview, cast, sign_in):
    browser, address = sign_in(guest), reverse("tester_page", args=[access.pk])
    assert browser.get(address).status_code == 200
    age(access, minutes=1)
    assert browser.get(address).status_code == 404
    with pytest.raises(NotPermitted):
        runs.run_operation(preview.submission, runs.Try("GetTides"), actor=guest)
    testers.prolong(access, days=3, actor=cast.owner)
    assert browser.get(address).status_code == 200
    testers.revoke(access, actor=cast.developer)
    assert browser.get(address).status_code == 404
    with pytest.raises(NotPermitted):
        runs.run_operation(preview.submission, runs.Try("GetTides"), actor=guest)
    with pytest.raises(Conflict):
        testers.prolong(access, actor=cast.owner)


def test_guests_call_nothing_while_no_preview_is_open(access, guest, preview):
    models.Preview.objects.filter(pk=preview.pk).update(state="expired")
    with pytest.raises(Conflict, match="not open"):
        runs.run_operation(preview.submission, runs.Try("GetTides"), actor=guest)
    with pytest.raises(Blocked):
        testers.check_product(preview, "flow", {"find": Word("works")}, actor=guest)


def test_a_link_sent_again_kills_the_one_before(preview, guest, cast):
    tester, first = testers.invite(preview, DRAFT, actor=cast.owner)
    testers.send_again(tester, actor=cast.owner)
    with pytest.raises(InvalidInput, match="newer"):
        testers.find(first.reveal())
    for strange in ("x", first.reveal()[:-1] + "A", ""):
        with pytest.raises(InvalidInput):
            testers.find(strange)
    testers.accept(testers.answerable(tester.pk), actor=guest)
    with pytest.raises(Conflict):
        testers.send_again(tester, actor=cast.owner)


def test_only_the_invited_verified_address_gets_in(preview, guest, cast):
    tester, _ = testers.invite(preview, DRAFT, actor=cast.owner)
    with pytest.raises(NotPermitted, match="another address"):
        testers.accept(tester, actor=cast.stranger)
    EmailAddress.objects.filter(user=guest).update(verified=False)
    with pytest.raises(NotPermitted):
        testers.accept(tester, actor=guest)
    EmailAddress.objects.filter(user=guest).update(verified=True)
    age(tester, seconds=1)
    with pytest.raises(InvalidInput, match="run out"):
        testers.accept(tester, actor=guest)
    testers.send_again(tester, actor=cast.developer)
    cast.publisher.memberships.filter(user=cast.developer).update(role="viewer")
    tester.refresh_from_db()
    with pytest.raises(InvalidInput, match="may not do so any more"):
        testers.accept(tester, actor=guest)


@pytest.mark.parametrize(
    ("draft", "field"),
    [
        (GuestDraft("no address", ["flow"]), "email"),
        (GuestDraft("tester@example.test", ["flow"]), "email"),
        (GuestDraft(ADDRESS, []), "products"),
        (GuestDraft(ADDRESS, ["spreadsheet"]), "products"),
        (GuestDraft(ADDRESS, ["flow"], days=0), "days"),
        (GuestDraft(ADDRESS, ["flow"], days=61), "days"),
        (GuestDraft(ADDRESS, ["flow"], note="x" * 501), "note"),
    ],
)
def test_what_is_no_invitation_is_refused_at_its_field(preview, cast, draft, field):
    with pytest.raises(InvalidInput) as refused:
        testers.invite(preview, draft, actor=cast.owner)
    assert field in refused.value.fields
    assert not GuestTester.objects.exists()


def test_one_standing_invitation_for_an_address_and_no_crowd(preview, cast, monkeypatch):
    tester, _ = testers.invite(preview, DRAFT, actor=cast.owner)
    with pytest.raises(Conflict):
        testers.invite(preview, GuestDraft(ADDRESS.upper(), ["app"]), actor=cast.owner)
    age(tester, days=1)
    testers.invite(preview, DRAFT, actor=cast.owner)
    assert set(GuestTester.objects.values_list("state", flat=True)) == {"revoked", "invited"}
    monkeypatch.setattr(testers, "MOST_STANDING", 1)
    with pytest.raises(Blocked):
        testers.invite(preview, GuestDraft("another@elsewhere.test", ["app"]), actor=cast.owner)
    models.Preview.objects.filter(pk=preview.pk).update(state="refused")
    preview.refresh_from_db()
    with pytest.raises(Blocked, match="over"):
        testers.invite(preview, GuestDraft("late@elsewhere.test", ["app"]), actor=cast.owner)


@pytest.mark.parametrize("role", ["tester", "viewer", "reviewer", "operator"])
def test_who_does_not_answer_for_the_connector_invites_nobody(preview, cast, role):
    with pytest.raises(NotPermitted):
        testers.invite(preview, DRAFT, actor=getattr(cast, role))


def test_what_guests_found_stands_before_the_sign_off(access, guest, preview, cast, sign_in, drain_outbox):
    browser = sign_in(guest)
    address = reverse("tester_checklist", args=[access.pk, "flow"])
    answer = browser.post(address, {"find": "works", "action": "fails", "action_note": ""})
    assert answer.status_code == 422
    assert "Say what happened" in answer.content.decode()
    assert not ProductCheck.objects.exists()
    drain_outbox()
    mail.outbox.clear()
    browser.post(address, {"find": "works", "action": "fails", "action_note": "The list <b>stays</b> empty."})
    assert {(each.item, each.outcome) for each in ProductCheck.objects.all()} == {
        ("find", "works"),
        ("action", "fails"),
    }
    drain_outbox()
    assert {cast.owner.email, cast.developer.email} <= {message.to[0] for message in mail.outbox}
    page = sign_in(cast.owner, Client()).get(reverse("preview_detail", args=[preview.pk])).content.decode()
    assert "The list &lt;b&gt;stays&lt;/b&gt; empty." in page
    assert "1 problem" in page
    assert "Gail Guest" in page
    browser.post(address, {"find": "works", "action": "", "action_note": ""})
    assert ProductCheck.objects.get().item == "find"


def test_the_same_words_again_are_no_news(access, guest, preview):
    for _ in range(2):
        testers.check_product(preview, "flow", {"find": Word("works")}, actor=guest)
    assert AuditRecord.objects.filter(action="preview.check").count() == 1


@pytest.mark.parametrize(
    ("product", "words"),
    [
        ("spreadsheet", {}),
        ("flow", {"gallery": Word("works")}),
        ("flow", {"find": Word("perhaps")}),
        ("flow", {"find": Word("works", "x" * 1_001)}),
        ("flow", {"find": Word("", "It is nice.")}),
    ],
)
def test_words_that_say_nothing_are_refused(access, guest, preview, product, words):
    with pytest.raises(InvalidInput):
        testers.check_product(preview, product, words, actor=guest)


def test_a_guest_fills_in_what_was_asked_for_only(access, guest, preview, sign_in):
    answer = sign_in(guest).get(reverse("tester_checklist", args=[access.pk, "agent"]))
    assert answer.status_code == 400


def test_the_team_fills_in_any_checklist_and_strangers_none(preview, cast, sign_in):
    address = reverse("preview_checklist", args=[preview.pk, "agent"])
    assert sign_in(cast.tester).post(address, {"choose": "works"}).status_code == 302
    assert ProductCheck.objects.get().user == cast.tester
    assert sign_in(cast.viewer, Client()).get(address).status_code == 403
    assert sign_in(cast.stranger, Client()).get(address).status_code == 404


def test_products_are_data_with_keys_of_their_own():
    assert len({product.key for product in PRODUCTS}) == len(PRODUCTS)
    for product in PRODUCTS:
        assert len(product.check_keys) == len(product.checks) >= 3
        assert all(len(check.key) <= 20 and not check.key.endswith("_note") for check in product.checks)
