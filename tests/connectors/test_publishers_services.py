from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.utils import timezone

from connectors.models import Invitation, Membership, Publisher
from connectors.services import publishers as services
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord, OutboxJob
from tests.factories import MembershipFactory, PublisherFactory, UserFactory

ROLES = ["owner", "developer", "tester", "viewer"]


def verified_person(email: str):
    person = UserFactory(email=email)
    EmailAddress.objects.create(user=person, email=email, verified=True, primary=True)
    return person


def test_the_founder_is_the_first_owner_and_the_team_starts_independent(cast):
    publisher = services.create_publisher(name="  Tern   Works ", actor=cast.stranger)
    assert (publisher.name, publisher.slug, publisher.kind) == ("Tern Works", "tern-works", "independent")
    assert publisher.memberships.get().role == "owner"
    assert AuditRecord.objects.filter(action="publisher.create").count() == 1


def test_a_name_is_taken_whatever_its_case(cast):
    with pytest.raises(InvalidInput) as caught:
        services.create_publisher(name="northwind HARBOUR", actor=cast.stranger)
    assert "taken" in str(caught.value.fields["name"])


def test_two_teams_with_similar_names_get_different_addresses(cast):
    first = services.create_publisher(name="Tern Works", actor=cast.stranger)
    second = services.create_publisher(name="Tern, Works", actor=cast.stranger)
    assert first.slug != second.slug


@pytest.mark.parametrize("inviter", ROLES)
@pytest.mark.parametrize("offered", ROLES)
def test_nobody_invites_above_their_own_role(cast, inviter, offered):
    allowed = inviter in {"owner", "developer"} and ROLES.index(offered) >= ROLES.index(inviter)
    person = getattr(cast, inviter)
    if allowed:
        invitation, _ = services.invite(cast.publisher, email="new@example.test", role=offered, actor=person)
        assert invitation.role == offered
    else:
        with pytest.raises(NotPermitted):
            services.invite(cast.publisher, email="new@example.test", role=offered, actor=person)


def test_the_token_is_stored_hashed_and_travels_encrypted(cast):
    _, token = services.invite(cast.publisher, email="new@example.test", role="viewer", actor=cast.owner)
    with connection.cursor() as cursor:
        for table in ("connectors_invitation", "shared_outboxjob", "shared_auditrecord"):
            cursor.execute(f"SELECT string_agg(t::text, ' ') FROM {table} t")
            assert token.reveal() not in (cursor.fetchone()[0] or "")
    [job] = OutboxJob.objects.filter(topic="invitation.invite")
    assert services.opened_token(job.payload["sealed"]) == token


def test_an_invitation_works_once_and_for_its_own_mailbox_only(cast):
    invitation, token = services.invite(
        cast.publisher, email="new@example.test", role="tester", actor=cast.owner
    )
    other = verified_person("other@example.test")
    with pytest.raises(NotPermitted, match="another address"):
        services.accept_invitation(invitation, actor=other)
    person = verified_person("new@example.test")
    found = services.find_invitation(token.reveal())
    assert services.accept_invitation(found, actor=person).role == "tester"
    with pytest.raises(InvalidInput, match="accepted already"):
        services.answerable_invitation(found.pk)
    with pytest.raises(Conflict):
        services.accept_invitation(found, actor=person)


def test_an_unverified_mailbox_does_not_count(cast):
    invitation, _ = services.invite(cast.publisher, email="new@example.test", role="tester", actor=cast.owner)
    person = UserFactory(email="new@example.test")
    EmailAddress.objects.create(user=person, email=person.email, verified=False)
    with pytest.raises(NotPermitted):
        services.accept_invitation(invitation, actor=person)


def test_an_old_invitation_is_dead_and_can_be_sent_again(cast):
    invitation, _ = services.invite(cast.publisher, email="new@example.test", role="tester", actor=cast.owner)
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    with pytest.raises(InvalidInput, match="older than 7 days"):
        services.answerable_invitation(invitation.pk)
    again, _ = services.invite(cast.publisher, email="new@example.test", role="tester", actor=cast.owner)
    assert again.state == "open"
    invitation.refresh_from_db()
    assert invitation.state == "revoked"


def test_one_open_invitation_per_address(cast):
    services.invite(cast.publisher, email="new@example.test", role="tester", actor=cast.owner)
    with pytest.raises(Conflict, match="open invitation"):
        services.invite(cast.publisher, email="NEW@example.test", role="viewer", actor=cast.owner)


def test_an_invitation_dies_with_the_inviters_right_to_give_the_role(cast):
    second_owner = MembershipFactory(publisher=cast.publisher, role="owner")
    invitation, _ = services.invite(
        cast.publisher, email="new@example.test", role="owner", actor=second_owner.user
    )
    services.change_role(second_owner, role="viewer", actor=cast.owner)
    with pytest.raises(InvalidInput, match="cannot give this role"):
        services.accept_invitation(invitation, actor=verified_person("new@example.test"))


def test_the_last_owner_stays(cast):
    [membership] = cast.publisher.memberships.filter(role="owner")
    with pytest.raises(Conflict, match="at least one owner"):
        services.change_role(membership, role="viewer", actor=cast.owner)
    with pytest.raises(Conflict, match="at least one owner"):
        services.remove_member(membership, actor=cast.owner)


@pytest.mark.django_db(transaction=True)
def test_the_database_keeps_the_last_owner_too():
    membership = MembershipFactory(role="owner")
    with pytest.raises(IntegrityError, match="at least one owner"):
        membership.delete()
    with pytest.raises(IntegrityError, match="at least one owner"):
        Membership.objects.filter(pk=membership.pk).update(role="viewer")


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_leave_at_once_one_has_to_stay():
    for _ in range(30):
        publisher = PublisherFactory()
        pair = [MembershipFactory(publisher=publisher, role="owner") for _ in range(2)]
        barrier = threading.Barrier(2)
        refused: list[Exception] = []

        def leave(membership: Membership, barrier=barrier, refused=refused) -> None:
            barrier.wait()
            try:
                services.remove_member(membership, actor=membership.user)
            except (Conflict, DatabaseError) as error:
                refused.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=leave, args=[membership]) for membership in pair]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(refused) == 1
        assert publisher.memberships.filter(role="owner").count() == 1


def test_only_an_administrator_of_no_team_of_theirs_verifies(cast):
    for person in (cast.owner, cast.reviewer, cast.operator):
        with pytest.raises(NotPermitted):
            services.verify_publisher(cast.other_publisher, is_verified=True, reason="checked", actor=person)
    services.verify_publisher(
        cast.other_publisher, is_verified=True, reason="Domain proved", actor=cast.administrator
    )
    assert Publisher.objects.get(pk=cast.other_publisher.pk).is_verified
    MembershipFactory(publisher=cast.publisher, user=cast.administrator, role="viewer")
    with pytest.raises(NotPermitted):
        services.verify_publisher(cast.publisher, is_verified=False, reason="x", actor=cast.administrator)


def test_a_developer_takes_back_only_their_own_invitations(cast):
    own, _ = services.invite(cast.publisher, email="one@example.test", role="viewer", actor=cast.developer)
    foreign, _ = services.invite(cast.publisher, email="two@example.test", role="viewer", actor=cast.owner)
    services.revoke_invitation(own, actor=cast.developer)
    with pytest.raises(NotPermitted):
        services.revoke_invitation(foreign, actor=cast.developer)


def test_nothing_is_written_when_the_transaction_fails(cast):
    before = Invitation.objects.count()
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        services.invite(cast.publisher, email="new@example.test", role="viewer", actor=cast.owner)
        raise ZeroDivisionError
    assert Invitation.objects.count() == before
