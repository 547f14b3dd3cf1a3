"""The demo world's testers leave something to look at: proven credentials, runs, a Preview half covered."""

from __future__ import annotations

import pytest

from certification import models
from certification.queries.coverage import coverage_of
from connectors.services.versions import receive_upload
from portal.demo import services
from portal.demo.lent import told_services
from portal.demo.packages.build import files_of, zip_of
from portal.demo.packages.in_town import LOCKERS
from portal.demo.story import trials
from tests.factories.rollouts import add_regions
from tests.runtime.services import add_key, submission_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def lockers(cast):
    """The demo's locker connector, tested in Preview by its team."""
    submission = submission_with(cast, state="preview_testing")
    upload = receive_upload(
        submission.connector, files=[("package.zip", zip_of(files_of(LOCKERS)))], actor=cast.developer
    )
    add_regions("preview-us", preview="preview-us")
    submission.version = upload.version
    submission.save()
    preview = models.Preview.objects.create(
        submission=submission, revision=submission.revision, version=upload.version,
        region_id="preview-us", state="testing",
    )  # fmt: skip
    add_key(submission, cast.owner, key="demo-key-of-lockers")
    return preview


def test_a_preview_is_covered_in_part(lockers):
    with told_services():
        trials.tell()
    coverage = coverage_of(lockers)
    assert 0 < coverage.covered < len(coverage.lines)
    assert any(line.tally.refusals for line in coverage.lines)
    assert all(
        run.request["url"].startswith(f"https://{LOCKERS.host}/v1/") for run in models.TestRun.objects.all()
    )


def test_a_reviewer_tries_a_little_and_one_credential_is_spoiled(cast, lockers):
    models.Preview.objects.update(state="refused")
    models.Submission.objects.update(state="in_review")
    models.Revision.objects.create(
        submission=lockers.submission, number=3, version=lockers.version, handed_in_by=cast.developer
    )
    lockers.submission.revision = lockers.submission.revisions.get(number=3)
    lockers.submission.state = "in_review"
    lockers.submission.save()
    with told_services():
        trials.tell()
    assert models.TestRun.objects.filter(user=cast.reviewer, is_success=True).exists()
    assert lockers.submission.credentials.get().tests.first().outcome == "fails"
    assert LOCKERS.host in services.hosts()
