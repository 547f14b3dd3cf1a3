"""Suggestions: written at a node, taken over into a new package, declined with a reason, refused when stale."""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection
from django.urls import reverse

from certification.lifecycle import SUBMISSION
from certification.models import Submission, Suggestion, Thread
from certification.rules.examples import base
from certification.services import drafts, suggestions, threads
from certification.services.threads import Place
from connectors.definitions import read_archive
from connectors.services.versions import package_bytes, receive_upload
from portal.shared import audit
from portal.shared.actors import SYSTEM
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput, NotPermitted
from portal.shared.transitions import transition
from tests.conftest import Cast
from tests.factories.reviews import DEFINITION, archive, in_review, resubmit

pytestmark = pytest.mark.django_db
PATH = "/harbours/{harbourId}/tides"
SUMMARY = "/paths/~1harbours~1{harbourId}~1tides/get/summary"


def suggested(submission: Submission, actor, text: str = '"List the tides"', pointer: str = SUMMARY):
    return suggestions.open_with_suggestion(
        submission, place=Place(DEFINITION, pointer), text=text, body="Say which.", actor=actor
    )


def sent_back(submission: Submission) -> Submission:
    transition(SUBMISSION, submission, "request_changes", actor=SYSTEM, reason="Please change it.")
    return fresh(submission)


def fresh(submission: Submission) -> Submission:
    return Submission.objects.with_page_data().get(pk=submission.pk)


def definition_of(submission: Submission):
    return read_archive(package_bytes(fresh(submission).version)).definition.value


def test_a_suggestion_keeps_both_texts_and_the_patch(cast: Cast) -> None:
    found = suggested(in_review(cast.owner), cast.reviewer)
    assert (found.before, found.after) == ('"List tides"', '"List the tides"')
    assert found.patch == [{"op": "replace", "path": SUMMARY, "value": "List the tides"}]
    assert found.thread.comments.get().body == "Say which."
    assert audit.history(found).get().action == "suggestion.propose"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('"List tides"', "stands there already"),
        ("{", "not valid JSON"),
        ('{"a": 1, "a": 2}', "not valid JSON"),
        ('"' + "x" * 20_001 + '"', "At most 20,000"),
    ],
)
def test_what_changes_nothing_or_is_no_json_is_refused(cast: Cast, text: str, says: str) -> None:
    with pytest.raises(InvalidInput, match=says):
        suggested(in_review(cast.owner), cast.reviewer, text)
    assert not Thread.objects.exists()


def test_a_secret_is_not_suggested(cast: Cast) -> None:
    with pytest.raises(InvalidInput, match="secret"):
        suggested(
            in_review(cast.owner), cast.reviewer, '"ghp_' + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8" + '"'
        )


def test_only_a_node_of_json_takes_one(cast: Cast) -> None:
    submission = in_review(cast.owner)
    for place in (Place(), Place(DEFINITION), Place("readme.md", "", 1)):
        with pytest.raises(InvalidInput, match="at a node"):
            suggestions.open_with_suggestion(submission, place=place, text='"x"', actor=cast.reviewer)


def test_members_of_the_team_do_not_suggest_and_staff_do_not_accept(cast: Cast) -> None:
    submission = in_review(cast.owner)
    with pytest.raises(NotPermitted):
        suggested(submission, cast.developer)
    with pytest.raises(NotPermitted):
        suggested(submission, cast.operator)
    found = suggested(submission, cast.reviewer)
    submission = sent_back(submission)
    for person in (cast.tester, cast.viewer, cast.reviewer, cast.operator):
        with pytest.raises(NotPermitted):
            suggestions.accept(submission, [found], actor=person)
        with pytest.raises(NotPermitted):
            suggestions.decline(found, reason="No.", actor=person)


def test_it_waits_until_the_review_comes_back(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = suggested(submission, cast.reviewer)
    with pytest.raises(IllegalTransition, match="comes back to you"):
        suggestions.accept(fresh(submission), [found], actor=cast.developer)


def test_accepting_makes_a_version_and_resolves_the_thread_with_a_record(cast: Cast) -> None:
    submission = in_review(cast.owner)
    before = submission.revision.version
    found = suggested(submission, cast.reviewer)
    accepted = suggestions.accept(sent_back(submission), [found], actor=cast.developer)
    assert accepted.version != before
    assert definition_of(submission)["paths"][PATH]["get"]["summary"] == "List the tides"
    found.refresh_from_db()
    assert (found.state, found.decided_by, found.version) == ("accepted", cast.developer, accepted.version)
    assert Thread.objects.get().state == "resolved"
    actions = {record.action for record in audit.history(submission)}
    assert {"suggestion.accept", "thread.resolve", "submission.choose_package"} <= actions


def test_everything_else_of_the_file_stays_as_it_was(cast: Cast) -> None:
    submission = in_review(cast.owner)
    old = read_archive(package_bytes(submission.revision.version)).files[DEFINITION].text
    suggestions.accept(sent_back(submission), [suggested_in(submission, cast)], actor=cast.owner)
    new = read_archive(package_bytes(fresh(submission).version)).files[DEFINITION].text
    assert new == old.replace('"List tides"', '"List the tides"')


def suggested_in(submission: Submission, cast: Cast) -> Suggestion:
    return suggested(submission, cast.reviewer)


def test_an_empty_text_takes_the_node_out(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = suggested(submission, cast.reviewer, "")
    assert found.patch == [{"op": "remove", "path": SUMMARY}]
    suggestions.accept(sent_back(submission), [found], actor=cast.owner)
    assert "summary" not in definition_of(submission)["paths"][PATH]["get"]


def test_several_come_into_one_package(cast: Cast) -> None:
    submission = in_review(cast.owner)
    chosen = [
        suggested(submission, cast.reviewer),
        suggested(submission, cast.reviewer, '"Tides of harbours, by day."', "/info/description"),
    ]
    suggestions.accept(sent_back(submission), chosen, actor=cast.owner)
    value = definition_of(submission)
    assert value["info"]["description"] == "Tides of harbours, by day."
    assert value["paths"][PATH]["get"]["summary"] == "List the tides"
    assert fresh(submission).connector.versions.count() == 2


def upload(submission: Submission, summary: str, actor, *, first: bool = False) -> None:
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"]["version"] = "1.1.0"
    definition["paths"][PATH]["get"]["summary"] = summary
    if first:
        definition["paths"] = {
            "/first": {"get": copy.deepcopy(definition["paths"][PATH]["get"])}
        } | definition["paths"]
        definition["paths"]["/first"]["get"]["operationId"] = "First"
    found = receive_upload(submission.connector, files=[("p.zip", archive(definition))], actor=actor)
    drafts.choose_package(fresh(submission), version=found.version, actor=actor)


def test_a_stale_suggestion_is_refused_and_nothing_changes(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = suggested(submission, cast.reviewer)
    sent_back(submission)
    upload(submission, "All tides", cast.owner)
    before = fresh(submission).version
    with pytest.raises(Conflict, match="was changed since") as refused:
        suggestions.accept(fresh(submission), [found], actor=cast.owner)
    assert refused.value.code == "suggestion-stale"
    found.refresh_from_db()
    assert (found.state, fresh(submission).version) == ("proposed", before)


def test_two_for_the_same_node_do_not_go_together(cast: Cast) -> None:
    submission = in_review(cast.owner)
    chosen = [suggested(submission, cast.reviewer), suggested(submission, cast.reviewer, '"Tides"')]
    with pytest.raises(Conflict):
        suggestions.accept(sent_back(submission), chosen, actor=cast.owner)
    assert set(Suggestion.objects.values_list("state", flat=True)) == {"proposed"}


def test_it_fits_a_package_in_which_the_node_stands_elsewhere(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = suggested(submission, cast.reviewer)
    sent_back(submission)
    upload(submission, "List tides", cast.owner, first=True)
    suggestions.accept(fresh(submission), [found], actor=cast.owner)
    assert definition_of(submission)["paths"][PATH]["get"]["summary"] == "List the tides"


def test_declining_needs_a_reason_which_the_reviewer_reads_in_the_thread(cast: Cast) -> None:
    found = suggested(in_review(cast.owner), cast.reviewer)
    with pytest.raises(InvalidInput):
        suggestions.decline(found, reason=" ", actor=cast.owner)
    suggestions.decline(found, reason="The tides are of one harbour.", actor=cast.owner)
    thread = Thread.objects.get()
    assert thread.state == "open"
    assert thread.comments.last().body == "The tides are of one harbour."
    with pytest.raises(IllegalTransition):
        suggestions.accept(sent_back(thread.submission), [found], actor=cast.owner)


def test_a_newer_suggestion_takes_the_place_of_the_one_that_waits(cast: Cast) -> None:
    found = suggested(in_review(cast.owner), cast.reviewer)
    thread = Thread.objects.select_related(
        "submission__connector__publisher", "submission__revision__version"
    ).get()
    newer = suggestions.suggest(thread, text='"Tides"', actor=cast.second_reviewer)
    found.refresh_from_db()
    assert (found.state, newer.state) == ("withdrawn", "proposed")
    with pytest.raises(NotPermitted):
        suggestions.withdraw(newer, actor=cast.reviewer)
    suggestions.withdraw(newer, actor=cast.second_reviewer)


def test_a_private_note_takes_none(cast: Cast) -> None:
    submission = in_review(cast.owner)
    note = threads.open_thread(
        submission, body="x", place=Place(DEFINITION, SUMMARY), is_private=True, actor=cast.reviewer
    )
    with pytest.raises(Conflict):
        suggestions.suggest(note, text='"Tides"', actor=cast.reviewer)


def test_the_team_takes_it_over_on_the_page(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    page = sign_in(cast.reviewer).get(
        reverse("thread_new", args=[submission.pk]), {"file": DEFINITION, "pointer": SUMMARY}
    )
    assert "&quot;List tides&quot;</textarea>" in page.content.decode()
    data = {"file": DEFINITION, "pointer": SUMMARY, "suggestion": '"List the tides"', "body": ""}
    sign_in(cast.reviewer).post(reverse("thread_new", args=[submission.pk]), data)
    found = Suggestion.objects.get()
    talk = sign_in(cast.owner).get(reverse("review_threads", args=[submission.pk])).content.decode()
    assert "as soon as the review comes back" in talk
    sent_back(submission)
    assert sign_in(cast.tester).post(reverse("suggestion_accept", args=[found.pk])).status_code == 403
    assert sign_in(cast.stranger).post(reverse("suggestion_accept", args=[found.pk])).status_code == 404
    answer = sign_in(cast.owner).post(reverse("suggestion_accept", args=[found.pk]))
    assert answer.status_code == 302
    found.refresh_from_db()
    assert found.state == "accepted"
    assert "In package" in sign_in(cast.reviewer).get(answer["Location"]).content.decode()


def test_unchanged_text_in_the_form_is_only_a_comment(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    data = {"file": DEFINITION, "pointer": SUMMARY, "suggestion": '"List tides"', "body": "Which tides?"}
    sign_in(cast.reviewer).post(reverse("thread_new", args=[submission.pk]), data)
    assert Thread.objects.get().comments.get().body == "Which tides?"
    assert not Suggestion.objects.exists()


def test_the_form_shows_the_node_without_the_margin_of_its_surroundings(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    page = sign_in(cast.reviewer).get(
        reverse("thread_new", args=[submission.pk]), {"file": DEFINITION, "pointer": "/info"}
    )
    text = json.dumps(base.DEFINITION["info"], indent=2)
    assert text.replace('"', "&quot;") in page.content.decode().replace("&#x27;", "'")


def test_it_is_outdated_in_the_next_revision_once_taken_over(cast: Cast) -> None:
    submission = in_review(cast.owner)
    suggested(submission, cast.reviewer)
    definition = copy.deepcopy(base.DEFINITION)
    definition["paths"][PATH]["get"]["summary"] = "List the tides"
    resubmit(submission, archive(definition), cast.owner)
    assert Thread.objects.get().is_outdated


@pytest.mark.django_db(transaction=True)
def test_of_two_who_accept_at_once_one_is_told(cast: Cast) -> None:
    submission = in_review(cast.owner)
    found = suggested(submission, cast.reviewer)
    sent_back(submission)

    def accept(person) -> str:
        try:
            suggestions.accept(fresh(submission), [found], actor=person)
        except Conflict as error:
            return error.code
        finally:
            connection.close()
        return "accepted"

    with ThreadPoolExecutor(2) as pool:
        said = sorted(pool.map(accept, (cast.owner, cast.developer)))
    assert said[0] == "accepted"
    assert said[1] in {"conflict", "illegal-transition", "suggestion-stale"}
    found.refresh_from_db()
    assert found.state == "accepted"


def test_programs_suggest_accept_and_decline_as_people_do(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    address = reverse("api:submission_suggestions", args=[submission.pk])
    sent = {"file": DEFINITION, "pointer": SUMMARY, "text": '"List the tides"'}
    made = sign_in(cast.reviewer).post(address, sent, content_type="application/json")
    assert made.status_code == 201, made.content
    assert sign_in(cast.owner).post(address, sent, content_type="application/json").status_code == 403
    bad = sign_in(cast.reviewer).post(address, sent | {"text": "{"}, content_type="application/json")
    assert bad.status_code == 400
    pk = made.json()["id"]
    accept = reverse("api:suggestion-accept", args=[pk])
    assert sign_in(cast.stranger).post(accept).status_code == 404
    assert sign_in(cast.owner).post(accept).status_code == 409
    sent_back(submission)
    taken = sign_in(cast.owner).post(accept).json()
    assert (taken["state"], len(taken["digest"])) == ("accepted", 64)
    listed = sign_in(cast.viewer).get(address).json()
    assert "accepted" in json.dumps(listed)
