"""The API: the same services, with tokens, problems and idempotent creation."""

from __future__ import annotations

from datetime import timedelta
from io import BytesIO

import pytest
from rest_framework.test import APIClient

from certification.models import Submission
from certification.rules.examples import Case
from certification.services.validation import check_draft
from portal.accounts.tokens import create_token
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory
from tests.factories.submissions import FORM, WITH_ERROR, draft, ready_draft, submission_in

pytestmark = pytest.mark.django_db


def client(user, *scopes: str, publisher=None) -> APIClient:
    _, text = create_token(
        owner=user,
        name="test",
        scopes=scopes or ("read", "submissions:write"),
        lifetime=timedelta(days=1),
        publisher_id=publisher.pk if publisher else None,
        actor=user,
    )
    api = APIClient()
    api.credentials(HTTP_AUTHORIZATION=f"Bearer {text.reveal()}")
    return api


def test_a_submission_goes_from_creation_to_handing_in_through_the_api(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    api = client(cast.developer)
    made = api.post("/api/v1/submissions/", {"connector": connector.slug, **FORM}, format="json")
    assert made.status_code == 201, made.data
    address = f"/api/v1/submissions/{made.data['id']}/"
    assert made.data["turn"] == "publisher"
    codes = {blocker["code"] for blocker in api.get(f"{address}readiness/").data}
    assert codes == {"package-missing"}
    blocked = api.post(f"{address}submit/")
    assert blocked.status_code == 409
    assert blocked.data["blockers"]
    file = BytesIO(Case().archive())
    file.name = "package.zip"
    uploaded = api.post(f"{address}package/", {"files": [file]}, format="multipart")
    assert uploaded.status_code == 200, uploaded.data
    secret = {"kind": "api_key", "purpose": "Sandbox", "values": {"key": "never-shown-again"}}
    stored = api.post(f"{address}credentials/", secret, format="json")
    assert stored.status_code == 201
    assert "never-shown-again" not in str(stored.data)
    assert "never-shown-again" not in str(api.get(f"{address}credentials/").data)
    handed_in = api.post(f"{address}submit/")
    assert (handed_in.status_code, handed_in.data["state"], handed_in.data["revision"]) == (
        200,
        "submitted",
        1,
    )
    assert api.get(f"{address}history/").data[0]["text"]
    withdrawn = api.post(f"{address}withdraw/", {"reason": "Enough."}, format="json")
    assert withdrawn.data["state"] == "withdrawn"
    again = api.post(f"{address}start-again/")
    assert again.status_code == 201


def test_a_repeated_creation_with_the_same_key_makes_one_submission(cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    api = client(cast.owner)
    body = {"connector": connector.slug}
    answers = [
        api.post("/api/v1/submissions/", body, format="json", HTTP_IDEMPOTENCY_KEY="k1") for _ in range(2)
    ]
    assert answers[0].data["id"] == answers[1].data["id"]
    assert connector.submissions.count() == 1
    other = api.post("/api/v1/submissions/", body, format="json", HTTP_IDEMPOTENCY_KEY="k2")
    assert other.status_code == 409


def test_a_change_names_the_count_it_is_based_on(cast):
    submission = draft(cast.owner)
    address = f"/api/v1/submissions/{submission.pk}/"
    api = client(cast.owner)
    assert api.patch(address, {"intro": "x"}, format="json").status_code == 400
    assert api.patch(address, {"intro": "x", "edit_count": 0}, format="json").data["intro"] == "x"
    stale = api.patch(address, {"intro": "y", "edit_count": 0}, format="json")
    assert (stale.status_code, stale.data["code"]) == (409, "draft-changed")


def test_strangers_find_nothing_and_readers_write_nothing(cast):
    submission = ready_draft(cast.owner)
    address = f"/api/v1/submissions/{submission.pk}/"
    assert client(cast.stranger).get(address).status_code == 404
    assert client(cast.viewer).post(f"{address}submit/").status_code == 403
    assert client(cast.owner, "read").post(f"{address}submit/").status_code == 403
    assert APIClient().get(address).status_code in {401, 403}


def test_a_token_bound_to_a_team_sees_that_team_only(cast):
    other = PublisherFactory()
    MembershipFactory(publisher=other, user=cast.owner, role="owner")
    mine = draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    theirs = draft(cast.owner, ConnectorFactory(publisher=other))
    api = client(cast.owner, publisher=other)
    found = [row["reference"] for row in api.get("/api/v1/submissions/").data["results"]]
    assert found == [theirs.reference]
    assert api.get(f"/api/v1/submissions/{mine.pk}/").status_code == 404
    body = {"connector": mine.connector.slug}
    assert api.post("/api/v1/submissions/", body, format="json").status_code == 400


def test_verdicts_and_findings_are_read(cast):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    check_draft(str(submission.pk))
    api = client(cast.owner)
    verdict = api.get("/api/v1/validations/", {"version": str(submission.version_id)}).data["results"][0]
    assert (verdict["verdict"], verdict["digest"]) == ("fail", submission.version.digest)
    findings = api.get(f"/api/v1/validations/{verdict['id']}/findings/", {"severity": "error"}).data
    assert {finding["rule"] for finding in findings} >= {"INF-004"}
    assert client(cast.reviewer, "read").get("/api/v1/validations/").status_code in {200, 403}
    assert client(cast.stranger).get("/api/v1/validations/").data["results"] == []


def test_a_waiver_is_asked_for_and_withdrawn(cast):
    submission = submission_in("validation_failed", cast.owner, case=WITH_ERROR)
    check_draft(str(submission.pk))
    api = client(cast.owner)
    body = {
        "submission": submission.reference,
        "rule": "INF-004",
        "reason": "It is the product's legal name.",
    }
    made = api.post("/api/v1/waivers/", body, format="json")
    assert made.status_code == 201, made.data
    refused = api.post(f"/api/v1/waivers/{made.data['id']}/approve/", {"reason": "Mine."}, format="json")
    assert refused.status_code == 403
    gone = api.post(f"/api/v1/waivers/{made.data['id']}/withdraw/")
    assert gone.data["state"] == "withdrawn"


def test_the_rules_are_open_to_everybody(client):
    answer = client.get("/api/v1/rules/").json()
    assert len(answer["rules"]) >= 78
    one = client.get("/api/v1/rules/INF-004/").json()
    assert (one["id"], one["rules_version"]) == ("INF-004", answer["rules_version"])
    assert client.get("/api/v1/rules/XXX-999/").status_code == 404


def test_the_list_needs_as_many_queries_for_25_rows_as_for_5(cast, django_assert_num_queries):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    api = client(cast.owner)
    for _ in range(5):
        draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    api.get("/api/v1/submissions/")
    with CaptureQueriesContext(connection) as few:
        assert len(api.get("/api/v1/submissions/").data["results"]) == 5
    for _ in range(20):
        draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    with django_assert_num_queries(len(few)):
        assert len(api.get("/api/v1/submissions/").data["results"]) == 25
    assert Submission.objects.count() == 25
