"""Rollouts to regions that take certified packages only."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from certification.models import Certificate, Decision, RegionDeployment
from certification.services import certificates
from certification.services.receipts import public_key_pem
from tests.factories.rollouts import add_submission, run_until, scheduled_rollout, state_of
from tests.regions.places import AgentProcess

pytestmark = pytest.mark.django_db
CODES = "preview-us,north"


@pytest.fixture
def strict_agent(tmp_path):
    started: list[AgentProcess] = []

    def start(pem: bytes) -> AgentProcess:
        (tmp_path / "keys.pem").write_bytes(pem)
        given = ("--deploy-seconds", "0.02", "--certificate-keys", str(tmp_path / "keys.pem"))
        started.append(AgentProcess(tmp_path / "data", *given, regions=CODES))
        return started[-1]

    yield start
    for agent in started:
        agent.kill()


def approved(cast):
    submission = add_submission(cast, state="signed_off")
    Decision.objects.create(
        submission=submission, revision=submission.revision, digest=submission.version.digest,
        verdict="approve", reviewer=cast.reviewer,
    )  # fmt: skip
    return submission


def failed(rollout) -> bool:
    return RegionDeployment.objects.filter(rollout=rollout, state="failed").exists()


def test_the_certificate_goes_to_the_region_that_asks_even_before_its_job_has_run(cast, strict_agent):
    submission = approved(cast)
    rollout = scheduled_rollout(cast, "north", agent=strict_agent(public_key_pem()), submission=submission)
    assert not Certificate.objects.exists()
    run_until(lambda: state_of(rollout) == "completed")
    assert Certificate.objects.get(kind="approval").version == rollout.version


def test_what_nobody_approved_is_refused_and_the_page_of_the_rollout_says_why(cast, strict_agent, sign_in):
    rollout = scheduled_rollout(cast, "north", agent=strict_agent(public_key_pem()))
    run_until(lambda: failed(rollout))
    page = sign_in(cast.operator).get(f"/rollouts/{rollout.pk}/").content.decode()
    assert "takes certified packages only" in page
    assert "nobody approved it here" in page


def test_a_region_that_does_not_know_the_portals_key_refuses_and_the_page_shows_its_reason(
    cast, strict_agent, sign_in
):
    stranger = Ed25519PrivateKey.generate().public_key()
    agent = strict_agent(stranger.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    rollout = scheduled_rollout(cast, "north", agent=agent, submission=approved(cast))
    run_until(lambda: failed(rollout))
    assert agent.ledger("north") == []
    page = sign_in(cast.operator).get(f"/rollouts/{rollout.pk}/").content.decode()
    assert "no key known here" in page
    assert "certificate-rejected" in page


def test_of_several_certificates_the_one_under_todays_key_goes_out(cast, settings):
    submission = approved(cast)
    first = certificates.issue_for_approval(submission.pk)
    assert certificates.envelope_for(submission.version) == first.envelope
    settings.RECEIPT_SIGNING_KEY = "bmV4dCBrZXkgb2YgdGhlIHRlc3RzIGlzIHRoaXMgb25l"[:43] + "="
    newer = certificates._issue(submission, submission.version, Certificate.Kind.FINAL, [])
    assert certificates.envelope_for(submission.version) == newer.envelope
    settings.RECEIPT_SIGNING_KEY = ""
    assert certificates.envelope_for(submission.version)
