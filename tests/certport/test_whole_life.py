"""One connector from the empty form to the rollback, by the command line wherever a publisher acts."""

from __future__ import annotations

from contextlib import closing

import pytest

from certification.models import Preview, Rollout, Submission
from certification.rules.examples import Case
from certification.services import decisions, drafts, reviews, threads
from portal.certport.api.operations import Api
from portal.certport.commands.packages import hand_in
from portal.certport.problems import Changed
from portal.certport.transport import Transport
from portal.shared import outbox
from tests.certification.conftest import agent  # noqa: F401 - the region of these tests
from tests.factories import ConnectorFactory
from tests.factories.reviews import reviewed
from tests.factories.rollouts import (
    add_regions,
    deployed_preview,
    run_until,
    scheduled_rollout,
    state_of,
    states,
)
from tests.factories.submissions import FORM, WITH_ERROR, add_api_key, ready_draft
from tests.rules.packages import folder

pytestmark = pytest.mark.django_db(transaction=True)
REGIONS = "preview-us,east,west"


@pytest.fixture
def connector(cast):
    return ConnectorFactory(publisher=cast.publisher, name="Harbour Tides", slug="harbour-tides")


@pytest.fixture
def at_work(certport, cast, connector):
    """The developer in a project folder with a package that breaks no rule."""
    certport.enter(cast.developer)
    folder(certport.folder / "tides", Case().members())
    made = certport("init", "--connector", "harbour-tides", "--package", "tides", "--json")
    assert made.document["connector"] == "harbour-tides"
    return certport


def fill_in(cast) -> Submission:
    """What a person types in the form: contacts, texts, credentials."""
    submission = Submission.objects.with_page_data().get()
    drafts.save_draft(submission, fields=FORM, edit_count=submission.edit_count, actor=cast.developer)
    add_api_key(submission, cast.developer)
    return submission


def test_from_the_folder_to_the_rollback(at_work, cast, agent, connector):  # noqa: F811
    certport = at_work
    checked = certport("validate", "--json")
    assert checked.code == 0, checked.said

    unready = certport("submit", "--json")
    assert unready.code == 1
    error = unready.document["error"]
    assert error["code"] == "blocked"
    assert "credential-missing" in {each["code"] for each in error["blockers"]}
    fill_in(cast)
    sent = certport("submit", "--json")
    assert (sent.code, sent.document["state"]) == (0, "submitted"), sent.out + sent.said
    reference = sent.document["reference"]
    assert connector.uploads.count() == 2, "each try is told, and the same package is one version"
    assert connector.versions.count() == 1

    again = certport("submit", "--json")
    assert again.code == 5, "handed in already"
    outbox.drain()
    found = certport("findings", "--json")
    assert found.code == 0
    assert found.document["validation"]["verdict"] == "pass"

    submission = reviewed(Submission.objects.get())
    reviews.claim(submission, actor=cast.reviewer)
    thread = threads.open_thread(
        submission,
        body="Why is the limit 50?",
        place=threads.Place("apiDefinition.swagger.json", "", 3),
        is_private=False,
        actor=cast.reviewer,
    )
    asked = certport("threads", reference)
    assert "Why is the limit 50?" in asked.out
    assert "apiDefinition.swagger.json:3" in asked.out
    assert certport("reply", str(thread.pk), "-", given="The service gives no more.\n").code == 0
    assert "The service gives no more." in certport("threads", "--json").document[0]["comments"][1]["body"]
    threads.resolve(thread, actor=cast.reviewer)
    assert certport("threads", "--json").document == []

    decisions.decide(
        submission,
        digest=submission.revision.version.digest,
        verdict="approve",
        reasons="",
        actor=cast.reviewer,
    )
    assert certport("status", "--json").document["state"] == "approved"
    add_regions("preview-us", agent=agent, preview="preview-us")
    deployed_preview(cast, submission)
    outbox.drain()
    waiting = certport("status", "--watch", "--json")
    assert (waiting.code, waiting.document["state"]) == (0, "preview_testing")
    early = certport("signoff")
    assert early.code == 2
    assert early.said.count("2 of 2 operations had fewer than 10 successful runs") == 1
    signed = certport("signoff", "--checked", "connect", "--note", "Works.", "--knows-untested", "--json")
    assert signed.document["state"] == "signed_off"
    assert Preview.objects.get().checked == ["connect"]

    submission.refresh_from_db()
    rollout = scheduled_rollout(cast, "east", "west", agent=agent, submission=submission)
    run_until(lambda: states(rollout)["east"] == "verified")
    stopped = certport("stop", "--reason", "Wrong numbers in the east.", "--json")
    assert (stopped.code, stopped.document["state"]) == (0, "halted")
    assert stopped.document["halt_reason"] == "Wrong numbers in the east."
    watched = certport("status", "--watch")
    assert watched.code == 1, "a halted rollout is no success for a build"
    assert "2 of 3 regions verified" in watched.out
    unsure = certport("rollback", "--reason", "Back.")
    assert unsure.code == 2
    assert state_of(rollout) == "halted"
    certport.enter(cast.owner)
    back = certport("rollback", "--reason", "Back.", "--yes", "--json")
    assert back.code == 0, back.out + back.said
    assert back.document["state"] in {"rolling_back", "rolled_back"}
    told = certport("logs", reference).out
    assert "Wrong numbers in the east." in told
    assert certport("open", reference).out.strip() == f"{certport.url}/submissions/{submission.pk}/"
    assert Rollout.objects.count() == 1


def test_a_package_with_errors_ends_with_one_everywhere(at_work, cast):
    certport = at_work
    folder(certport.folder / "tides", WITH_ERROR.members())
    offline = certport("validate")
    assert offline.code == 1
    assert "INF-004" in offline.out
    assert certport("submit", "--draft").code == 0
    fill_in(cast)
    outbox.drain()
    found = certport("findings", "--severity", "error", "--json")
    assert found.code == 1
    assert [row["rule"] for row in found.document["findings"]] == ["INF-004"]
    refused = certport("submit")
    assert refused.code == 1
    assert "cannot be handed in yet" in refused.said


def test_what_is_no_package_is_refused_before_anything_is_sent(at_work, connector):
    (at_work.folder / "broken.zip").write_bytes(b"PK\x03\x04 nothing")
    ended = at_work("submit", "broken.zip", "--json")
    assert ended.code == 1
    assert ended.document["error"]["code"] == "package-refused"
    assert at_work("submit", "nowhere.zip").code == 2
    assert not connector.versions.exists()


def test_strangers_find_nothing(at_work, cast):
    at_work("submit", "--draft")
    reference = Submission.objects.get().reference
    at_work.enter(cast.stranger)
    for command in ("status", "findings", "threads", "logs", "open", "signoff"):
        ended = at_work(command, reference, "--json")
        assert (ended.code, reference in ended.document["error"]["message"]) == (4, True), command
    assert at_work("list", "--json").document == []
    assert at_work("health", "harbour-tides").code == 4


def test_a_sign_in_without_the_right_is_told_so(at_work, cast):
    at_work.enter(cast.developer, "read")
    ended = at_work("submit")
    assert ended.code == 4
    assert "scope" in ended.said


def test_health_of_a_connector_nobody_called_is_no_failure(at_work):
    ended = at_work("health")
    assert ended.code == 0
    assert "Nothing was reported" in ended.out
    assert at_work("health", "--json").document["has_data"] is False


def test_lists_are_tables_for_people_and_one_document_for_programs(at_work):
    at_work("submit", "--draft")
    assert "harbour-tides" in at_work("connectors").out
    rows = at_work("list", "--json").document
    assert [row["state"] for row in rows] == ["draft"]
    assert rows[0]["reference"] in at_work("list", "--state", "draft").out


def test_what_somebody_put_into_the_form_meanwhile_is_not_handed_in(certport, cast, connector):
    submission = ready_draft(cast.developer, connector)
    with closing(Transport(certport.url, certport.enter(cast.developer))) as transport:
        api = Api(transport)
        read = api.submissions_retrieve(str(submission.pk))
        _changed_by_somebody_else(api, read, submission, cast)
        assert hand_in(api, api.submissions_retrieve(str(submission.pk)))["state"] == "submitted"


def _changed_by_somebody_else(api, read, submission, cast):
    drafts.save_draft(
        submission, fields={"tester_notes": "Wait."}, edit_count=submission.edit_count, actor=cast.owner
    )
    with pytest.raises(Changed) as raised:
        hand_in(api, read)
    assert "tester_notes: Use the sandbox. Harbour 17 always has data. is Wait. now" in raised.value.details
    submission.refresh_from_db()
    assert submission.state == "draft"
