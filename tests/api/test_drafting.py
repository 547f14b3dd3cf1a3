# ruff: noqa: F811 - fixtures are imported by name
"""Repairs, kept operations and the console over the API: what a build does with a draft before it hands it in."""

from __future__ import annotations

import json

import pytest

from certification import models
from certification.services import validation
from connectors.models import Version
from tests.certification.test_repairs_service import FIXABLE
from tests.certification.test_usage import called, checked, connector, region, reporting  # noqa: F401
from tests.factories.submissions import ready_draft
from tests.runtime.servers import backend
from tests.runtime.services import KEY, add_key, harbour_service, served_by, submission_with

pytestmark = pytest.mark.django_db


@pytest.fixture
def ask(sign_in, client):
    def asked(user, method, path, body=None):
        content = json.dumps(body) if body is not None else ""
        return sign_in(user, client).generic(method, path, content, content_type="application/json")

    return asked


def test_repairs_are_looked_at_and_made_for_the_package_that_was_seen(ask, cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    validation.check_draft(str(submission.pk))
    address, digest = f"/api/v1/submissions/{submission.pk}/repairs/", submission.version.digest
    shown = ask(cast.owner, "GET", address).json()
    assert shown["digest"] == digest
    assert {each["rule"] for each in shown["changes"]} == {"HST-012", "PRM-022"}
    late = ask(cast.owner, "POST", address, {"seen": "0" * 64})
    assert (late.status_code, Version.objects.count()) == (409, 1)

    made = ask(cast.owner, "POST", address, {"rules": ["HST-012"], "seen": digest})
    assert (made.status_code, made.json()["counts"]) == (201, {"HST-012": 1})
    submission.refresh_from_db()
    assert made.json()["version"] == str(submission.version_id)
    strange = ask(cast.owner, "POST", address, {"rules": ["NONE-001"]})
    assert (strange.status_code, "NONE-001" in strange.json()["detail"]) == (400, True)
    assert ask(cast.viewer, "GET", address).status_code == 403
    assert ask(cast.stranger, "POST", address, {}).status_code == 404


def test_an_operation_is_kept_beside_its_successor(ask, cast, connector, region):
    reporting(region)
    called(connector, region)
    submission = checked(cast, connector)[0]
    address = f"/api/v1/submissions/{submission.pk}/keep-operation/"
    shown = ask(cast.owner, "GET", f"{address}?operation=ListTides").json()
    assert (shown["operation"], shown["successor"]) == ("ListTides", "ListTides_V2")
    assert shown["patch"]
    wrong = ask(cast.owner, "POST", address, {"operation": "ListTides", "path": "/v2/harbours"})
    assert (wrong.status_code, "variables" in wrong.json()["detail"]) == (400, True)
    assert set(ask(cast.owner, "GET", address).json()["errors"]) == {"operation"}
    before = submission.version
    asked = {"operation": "ListTides", "seen": before.digest}
    assert ask(cast.viewer, "POST", address, asked).status_code == 403
    made = ask(cast.owner, "POST", address, asked)
    assert made.status_code == 201, made.content
    assert made.json()["digest"] != before.digest
    assert ask(cast.owner, "POST", address, asked).status_code == 409, "another package is in the form by now"


def test_a_call_of_the_console_shows_everything_but_the_secret(ask, cast, settings):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    address = f"/api/v1/submissions/{submission.pk}/console/"
    listed = ask(cast.tester, "GET", address).json()
    tides = next(each for each in listed["operations"] if each["operation_id"] == "GetTides")
    assert (tides["needs_credential"], tides["inputs"][0]["key"]) == (True, "id")
    call = {"operation_id": "GetTides", "inputs": {"id": "quay"}, "credential": str(credential.pk)}
    with backend(harbour_service) as server:
        served_by(settings, server)
        made = ask(cast.tester, "POST", address, call)
        reviewed = ask(cast.reviewer, "POST", address, call)
        without = ask(
            cast.tester, "POST", address, {"operation_id": "GetTides", "credential": str(credential.pk)}
        )
    assert made.status_code == 201, made.content
    told = made.json()
    assert (told["is_success"], told["status"], told["inputs"]) == (True, 200, {"id": "quay"})
    assert told["response"]["body"]
    assert KEY not in made.content.decode()
    assert (reviewed.status_code, set(reviewed.json()["errors"])) == (400, {"reason"})
    assert (without.status_code, set(without.json()["errors"])) == (400, {"in.id"})
    again = ask(cast.viewer, "GET", f"/api/v1/submissions/{submission.pk}/test-runs/{told['id']}/").json()
    assert again == told


def test_the_console_is_for_testers_and_reviewers(ask, cast):
    submission = submission_with(cast)
    address = f"/api/v1/submissions/{submission.pk}/console/"
    for person, code in ((cast.viewer, 403), (cast.operator, 403), (cast.stranger, 404)):
        assert ask(person, "GET", address).status_code == code
        assert ask(person, "POST", address, {"operation_id": "GetTides"}).status_code == code
    assert ask(cast.tester, "POST", address, {"operation_id": "Nothing"}).status_code == 409
    assert set(ask(cast.tester, "POST", address, {"inputs": []}).json()["errors"]) == {
        "operation_id",
        "inputs",
    }
    assert not models.TestRun.objects.exists()


def test_a_sandbox_token_calls_nobody(client, cast):
    from datetime import timedelta

    from portal.accounts.tokens import create_token

    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    text = create_token(
        owner=cast.tester, name="try", scopes=["read", "submissions:write"], lifetime=timedelta(days=1),
        publisher_id=None, actor=cast.tester, is_sandbox=True,
    )[1].reveal()  # fmt: skip
    refused = client.post(
        f"/api/v1/submissions/{submission.pk}/console/",
        json.dumps({"operation_id": "GetTides", "inputs": {"id": "quay"}, "credential": str(credential.pk)}),
        content_type="application/json",
        headers={"Authorization": f"Bearer {text}"},
    )
    assert (refused.status_code, refused.json()["code"]) == (409, "sandbox")
