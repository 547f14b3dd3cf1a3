"""Each thing that blocks, one by one, from a draft that nothing blocks."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from certification import models
from certification.models import Submission
from certification.queries.readiness import readiness
from certification.services.validation import check_draft
from connectors.models import Connector, Upload
from tests.factories import VersionFactory
from tests.factories.submissions import INTRO, WITH_ERROR, WITH_WARNING, add_api_key, ready_draft

pytestmark = pytest.mark.django_db


def codes(submission: Submission) -> list[str]:
    fresh = Submission.objects.with_page_data().get(pk=submission.pk)
    return [blocker.code for blocker in readiness(fresh)]


def test_a_complete_draft_is_ready(cast):
    assert codes(ready_draft(cast.owner)) == []


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"version": None}, "package-missing"),
        ({"contacts": [{"role": "support", "name": "S", "email": "s@e.test"}]}, "contact-primary-missing"),
        ({"contacts": [{"role": "primary", "name": "A", "email": "a@e.test"}]}, "contact-support-missing"),
        ({"categories": []}, "categories-missing"),
        ({"categories": ["Data", "AI", "Finance"]}, "categories-too-many"),
        ({"categories": ["Gossip"]}, "category-unknown"),
        ({"tester_notes": "  "}, "tester-notes-missing"),
        ({"intro": ""}, "intro-missing"),
        ({"intro": "Too short."}, "intro-too-short"),
        ({"kind": "update"}, "kind-not-update"),
    ],
)
def test_a_missing_part_blocks_alone(cast, changes, code):
    submission = ready_draft(cast.owner)
    Submission.objects.filter(pk=submission.pk).update(**changes)
    assert codes(submission) == [code]


def test_a_contact_needs_an_address_that_is_one(cast):
    submission = ready_draft(cast.owner)
    contacts = [{"role": role, "name": "N", "email": "not an address"} for role in ("primary", "support")]
    Submission.objects.filter(pk=submission.pk).update(contacts=contacts)
    assert set(codes(submission)) == {"contact-email"}


def test_an_update_says_what_changed(cast):
    submission = ready_draft(cast.owner)
    live = VersionFactory(connector=submission.connector, number=99)
    Connector.objects.filter(pk=submission.connector_id).update(live_version=live)
    assert codes(submission) == ["kind-not-new"]
    Submission.objects.filter(pk=submission.pk).update(kind="update", change_notes="")
    assert codes(submission) == ["change-notes-missing"]


def test_what_is_live_already_is_not_submitted_again(cast):
    submission = ready_draft(cast.owner)
    Connector.objects.filter(pk=submission.connector_id).update(live_version=submission.version)
    assert "package-already-live" in codes(submission)


def test_a_refused_upload_after_the_package_was_chosen_blocks_until_it_is_settled(cast):
    submission = ready_draft(cast.owner)
    refused = Upload.objects.create(
        connector=submission.connector,
        uploaded_by=cast.owner,
        filename="broken.zip",
        size_bytes=1,
        digest="0" * 64,
        state="refused",
    )
    Upload.objects.filter(pk=refused.pk).update(received_at=timezone.now() + timedelta(seconds=5))
    assert codes(submission) == ["upload-refused"]
    later = timezone.now() + timedelta(seconds=10)
    Submission.objects.filter(pk=submission.pk).update(package_chosen_at=later)
    assert codes(submission) == []


def test_an_expired_credential_blocks(cast):
    submission = ready_draft(cast.owner)
    models.TestCredential.objects.update(expires_on=timezone.now().date() - timedelta(days=1))
    assert codes(submission) == ["credential-expired"]
    models.TestCredential.objects.update(expires_on=timezone.now().date())
    assert codes(submission) == []


def test_a_package_that_needs_a_sign_in_needs_a_credential_of_a_fitting_kind(cast):
    submission = ready_draft(cast.owner)
    models.TestCredential.objects.all().delete()
    assert codes(submission) == ["credential-missing"]
    add_api_key(submission, cast.owner)
    assert codes(submission) == []


def test_known_errors_and_unanswered_warnings_of_the_package_block(cast):
    broken = ready_draft(cast.owner, case=WITH_ERROR)
    assert codes(broken) == []
    check_draft(str(broken.pk))
    assert "validation-error" in codes(broken)
    warned = ready_draft(cast.owner, case=WITH_WARNING)
    check_draft(str(warned.pk))
    assert set(codes(warned)) == {"warning-without-note"} or "validation-error" in codes(warned)


def test_a_closed_connector_blocks(cast):
    submission = ready_draft(cast.owner)
    Connector.objects.filter(pk=submission.connector_id).update(state="retired")
    assert "connector-closed" in codes(submission)


def test_every_blocker_says_what_to_do_and_where(cast):
    submission = ready_draft(cast.owner)
    Submission.objects.filter(pk=submission.pk).update(
        version=None, contacts=[], categories=[], tester_notes="", intro=""
    )
    found = readiness(Submission.objects.with_page_data().get(pk=submission.pk))
    assert len(found) == 6
    assert all(blocker.text.endswith(".") and blocker.place for blocker in found)
    assert len(INTRO) > 80
