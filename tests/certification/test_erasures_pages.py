"""Asking to be forgotten, taking it back, and what stands in the way."""

from __future__ import annotations

import datetime as dt
import time

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification.models import Erasure, OwnershipClaim, RegionTask, ReviewClaim
from certification.queries.erasures import blockers
from certification.services import erasures
from connectors.models import Membership
from portal.accounts.models import User
from portal.shared.errors import Blocked, Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories import ConnectorFactory, MembershipFactory, RegionFactory, UserFactory, VersionFactory
from tests.factories.reviews import in_review
from tests.factories.submissions import draft

pytestmark = pytest.mark.django_db


@pytest.fixture
def proven(sign_in):
    """Signed in, and has just shown again who they are."""

    def enter(user: User) -> Client:
        browser = sign_in(user, Client())
        session = browser.session
        session["account_authentication_methods"] = [
            {"method": "password", "at": time.time(), "reauthenticated": True}
        ]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
        return browser

    return enter


def test_a_person_asks_and_takes_it_back(cast, proven, drain_outbox, settings):
    browser = proven(cast.viewer)
    page = browser.get(reverse("erasure")).content.decode()
    assert "14 days to take it back" in page
    assert browser.post(reverse("erasure")).status_code == 400
    assert browser.post(reverse("erasure"), {"is_meant": "on"}).status_code == 302
    made = Erasure.objects.get(person=cast.viewer)
    assert made.due_at - timezone.now() > dt.timedelta(days=13)
    drain_outbox()
    (told,) = [each for each in mail.outbox if "going to be erased" in each.subject]
    assert told.to == [cast.viewer.email]
    assert reverse("erasure") in told.body
    assert "Take it back" in browser.get(reverse("erasure")).content.decode()
    with pytest.raises(Conflict):
        erasures.ask(cast.viewer, actor=cast.viewer)
    assert browser.post(reverse("erasure_withdraw", args=[made.pk])).status_code == 302
    made.refresh_from_db()
    assert (made.state, made.words) == ("withdrawn", None)
    assert erasures.start_due() == 0
    drain_outbox()
    assert any("stays" in each.subject for each in mail.outbox)
    erasures.ask(cast.viewer, actor=cast.viewer)


def test_it_needs_a_fresh_proof_of_who_one_is(cast, sign_in):
    browser = sign_in(cast.viewer)
    answer = browser.post(reverse("erasure"), {"is_meant": "on"})
    assert (answer.status_code, "reauthenticate" in answer["Location"]) == (302, True)
    assert not Erasure.objects.exists()


def test_the_only_owner_hands_over_first(cast):
    assert blockers(cast.owner) != []
    with pytest.raises(Blocked) as refused:
        erasures.ask(cast.owner, actor=cast.owner)
    assert "Northwind Harbour has other members and no other owner" in refused.value.blockers[0]
    connector = ConnectorFactory(publisher=cast.publisher)
    connector.live_version = VersionFactory(connector=connector)
    connector.save()
    draft(cast.owner)
    (said,) = blockers(cast.owner)
    assert "connectors that are live, submissions under way, other members" in said
    Membership.objects.filter(user=cast.developer).update(role="owner")
    assert blockers(cast.owner) == []
    # An owner who cannot sign in any more is none.
    User.objects.filter(pk=cast.developer.pk).update(is_active=False)
    assert blockers(cast.owner) == [said]


def test_a_team_of_one_without_anything_does_not_hold_its_owner_up(cast):
    alone = MembershipFactory(user=UserFactory(), role="owner")
    assert blockers(alone.user) == []
    made = erasures.ask(alone.user, actor=alone.user)
    Erasure.objects.filter(pk=made.pk).update(due_at=timezone.now())
    assert erasures.start_due() == 1


def test_what_somebody_holds_is_given_back_first(cast):
    submission = in_review(cast.owner)
    hour = timezone.now() + dt.timedelta(hours=1)
    held = ReviewClaim.objects.create(submission=submission, reviewer=cast.reviewer, expires_at=hour)
    assert submission.reference in blockers(cast.reviewer)[0]
    held.expires_at = timezone.now() - dt.timedelta(hours=1)
    held.save()
    assert blockers(cast.reviewer) == []
    region = RegionFactory(code="by-hand", name="By hand", driver="manual")
    RegionTask.objects.create(
        region=region, connector=submission.connector, key="k", number=1, action="deploy",
        version_label="1.0.0", digest="a" * 64, state="taken", taken_by=cast.operator,
    )  # fmt: skip
    assert "By hand" in blockers(cast.operator)[0]
    assert not OwnershipClaim.objects.exists()
    assert blockers(cast.administrator) == [
        "There is no other administrator: give somebody else the role first."
    ]


def test_what_is_blocked_when_it_is_due_waits(cast):
    other = MembershipFactory(publisher=cast.publisher, role="owner").user
    made = erasures.ask(other, actor=other)
    made2 = erasures.ask(cast.owner, actor=cast.owner)
    Erasure.objects.update(due_at=timezone.now())
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    assert erasures.start_due() == 1
    states = dict(Erasure.objects.values_list("pk", "state"))
    assert states == {made.pk: "waiting", made2.pk: "running"}
    with pytest.raises(IllegalTransition):
        erasures.withdraw(made2, actor=cast.owner)


def test_administrators_give_a_reason_and_nobody_else_asks_for_others(cast, proven):
    with pytest.raises(NotPermitted):
        erasures.ask(cast.viewer, reason="No.", actor=cast.operator)
    with pytest.raises(InvalidInput):
        erasures.ask(cast.viewer, actor=cast.administrator)
    browser = proven(cast.administrator)
    address = reverse("erasure_create", args=[cast.viewer.pk])
    assert browser.get(address).status_code == 200
    short = browser.post(address, {"reason": "They wrote to us.", "also": "Bo"})
    assert "at least 5 characters" in short.content.decode()
    assert browser.post(address, {"reason": "They wrote to us."}).status_code == 302
    made = Erasure.objects.get()
    record = AuditRecord.objects.get(action="erasure.ask")
    assert (record.actor, record.reason) == (cast.administrator, "They wrote to us.")
    assert f"user:{cast.viewer.pk}" in record.about
    page = browser.get(reverse("erasure_detail", args=[made.pk])).content.decode()
    assert "They wrote to us." in page
    assert browser.post(reverse("erasure_withdraw", args=[made.pk])).status_code == 302


def test_the_list_needs_as_many_queries_for_many_as_for_few(cast, sign_in, django_assert_max_num_queries):
    browser = sign_in(cast.administrator)
    browser.get(reverse("erasure_list"))
    for count in (5, 20):
        for _number in range(count):
            person = UserFactory()
            Erasure.objects.create(person=person, requested_by=person, due_at=timezone.now(), words={})
        with django_assert_max_num_queries(8):
            assert browser.get(reverse("erasure_list")).status_code == 200
