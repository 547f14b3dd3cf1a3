"""The console: a form made of a stranger's definition, an answer of a stranger's service, both harmless on our page."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from certification import models
from certification.services import runs
from certification.services.runs import Try
from tests.runtime.servers import backend
from tests.runtime.services import (
    KEY,
    add_key,
    harbour_definition,
    harbour_service,
    served_by,
    submission_with,
)

pytestmark = pytest.mark.django_db
EVIL = "<script>alert('x')</script>"


@pytest.fixture
def service(settings):
    with backend(harbour_service) as server:
        served_by(settings, server)
        yield server


def address(submission, name: str = "console") -> str:
    return reverse(name, args=[submission.pk])


def call(browser, submission, credential=None, *, operation="GetTides", htmx=False, **more):
    data = {"operation": operation, "credential": str(credential.pk) if credential else "", **more}
    headers = {"HX-Request": "true", "HX-Target": "console"} if htmx else {}
    return browser.post(address(submission, "console_run"), data, headers=headers)


def test_a_tester_calls_an_operation_and_reads_the_answer(cast, sign_in, service):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    browser = sign_in(cast.tester)
    page = browser.get(address(submission) + "?operation=GetTides").content.decode()
    assert 'name="in.id"' in page
    answer = call(browser, submission, credential, **{"in.id": "quay"})
    assert answer.status_code == 303
    page = browser.get(answer["Location"]).content.decode()
    assert "Success" in page
    assert "height" in page
    assert "••••••" in page
    assert KEY not in page
    assert 'value="quay"' in page, "the inputs stay to be changed and sent again"


def test_with_htmx_the_console_comes_as_a_fragment_with_an_address_of_its_own(cast, sign_in, service):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    answer = call(sign_in(cast.tester), submission, credential, htmx=True, **{"in.id": "quay"})
    run = models.TestRun.objects.get()
    assert answer.status_code == 200
    assert "<html" not in answer.content.decode()
    assert str(run.pk) in answer["HX-Push-Url"]


def test_problems_stand_at_their_inputs(cast, sign_in, service):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    browser = sign_in(cast.reviewer)
    answer = call(browser, submission, credential, **{"in.id": ""}, reason="Looking at the tides today.")
    assert answer.status_code == 422
    assert "a value is required" in answer.content.decode()
    answer = call(browser, submission, credential, **{"in.id": "quay"}, reason="")
    assert "the team reads it" in answer.content.decode()
    answer = call(browser, submission, **{"in.id": "quay"})
    assert "asks for a credential" in answer.content.decode()
    assert service.received == []


def test_texts_of_a_definition_and_of_an_answer_are_only_texts(cast, sign_in, settings):
    made = harbour_definition()
    operation = made["paths"]["/harbours/{id}/tides"]["get"]
    operation |= {"summary": EVIL, "description": EVIL}
    operation["parameters"] = [
        {"name": "id", "in": "path", "type": "string", "required": True, "x-ms-summary": EVIL, "description": EVIL},
        {"name": f"q{EVIL}", "in": "query", "type": "string", "enum": [EVIL], "default": EVIL, "description": EVIL},
        {"name": "body", "in": "body", "description": EVIL, "schema": {"properties": {EVIL: {"default": EVIL}}}},
    ]  # fmt: skip
    submission = submission_with(cast, made=made)
    credential = add_key(submission, cast.owner, purpose=EVIL[:100])
    answers = iter([(200, {"Content-Type": "application/json", "X-Evil": EVIL}, json.dumps({EVIL: [EVIL, 1]}).encode()),
                    (200, {"Content-Type": "text/html"}, EVIL.encode())])  # fmt: skip
    browser = sign_in(cast.tester)
    with backend(lambda received: next(answers)) as server:
        served_by(settings, server)
        for _ in range(2):
            answer = call(browser, submission, credential, **{"in.id": EVIL})
            page = browser.get(answer["Location"]).content.decode()
            assert "alert(" in page
            assert EVIL not in page
            assert "<script>alert" not in page


def test_an_answer_that_is_no_json_is_shown_as_it_is(cast, sign_in, settings):
    submission = submission_with(cast)
    credential = add_key(submission, cast.owner)
    with backend(lambda received: (502, {"Content-Type": "text/plain"}, b"bad gateway\0")) as server:
        served_by(settings, server)
        run = runs.run_operation(
            submission, Try("GetTides", {"id": "quay"}, credential.pk), actor=cast.tester
        )
    page = sign_in(cast.tester).get(address(submission) + f"?run={run.pk}").content.decode()
    assert "bad gateway" in page
    assert "502" in page


def test_a_run_of_another_submission_is_not_shown(cast, sign_in, service):
    submission, other = submission_with(cast), submission_with(cast)
    credential = add_key(other, cast.owner)
    run = runs.run_operation(other, Try("GetTides", {"id": "quay"}, credential.pk), actor=cast.tester)
    page = (
        sign_in(cast.tester).get(address(submission) + f"?operation=GetTides&run={run.pk}").content.decode()
    )
    assert 'id="answer"' not in page


@pytest.mark.parametrize(
    "query", ["", "?operation=Nothing", "?run=x", "?run=00000000-0000-0000-0000-000000000000"]
)
def test_odd_addresses_show_something_sensible(cast, sign_in, query):
    submission = submission_with(cast)
    assert sign_in(cast.tester).get(address(submission) + query).status_code == 200


def test_a_definition_that_cannot_be_read_is_told(cast, sign_in):
    submission = submission_with(cast, made={"swagger": "2.0", "paths": {}})
    page = sign_in(cast.tester).get(address(submission)).content.decode()
    assert "Nothing to call" in page


def test_the_list_asks_as_often_for_many_operations_as_for_few(
    cast, sign_in, django_assert_max_num_queries, settings
):
    def queries_of(count: int) -> int:
        made = harbour_definition()
        for number in range(count):
            made["paths"][f"/more/{number}"] = {
                "get": {"operationId": f"More{number}", "responses": {"200": {}}}
            }
        submission = submission_with(cast, made=made)
        browser = sign_in(cast.tester)
        with django_assert_max_num_queries(60) as caught:
            browser.get(address(submission))
        return len(caught)

    queries_of(1)
    assert queries_of(2) == queries_of(60)


def test_programs_report_and_read_runs(cast, sign_in, settings):
    submission = submission_with(cast)
    browser = sign_in(cast.developer)
    url = f"/api/v1/submissions/{submission.pk}/test-runs/"
    body = {"operation_id": "GetTides", "is_success": True, "status": 200}
    answer = browser.post(url, json.dumps(body), content_type="application/json")
    assert answer.status_code == 201, answer.content
    assert answer.json()["source"] == "api"
    assert [each["operation_id"] for each in browser.get(url).json()["results"]] == ["GetTides"]
    wrong = browser.post(url, json.dumps({**body, "operation_id": "No"}), content_type="application/json")
    assert wrong.status_code == 400
