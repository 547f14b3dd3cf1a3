"""Three views with one place, changes by class, and ticks of what was seen."""

from __future__ import annotations

import copy
import json

import pytest
from django.urls import reverse

from certification.models import ReviewMark, Submission
from certification.queries.review_changes import changes_page, my_last_revision
from certification.queries.workbench import revised_package
from certification.rules.examples import base
from certification.services import review_marks, threads
from certification.services.threads import Place
from portal.shared.errors import InvalidInput, NotPermitted
from tests.conftest import Cast
from tests.factories.reviews import DEFINITION, archive, in_review, large_definition, resubmit

pytestmark = pytest.mark.django_db
PATH = "/harbours/{harbourId}/tides"
GET = "/paths/~1harbours~1{harbourId}~1tides/get"
SUMMARY = f"{GET}/summary"


def url(name: str, submission: Submission, query: str = "") -> str:
    return reverse(name, args=[submission.pk]) + query


def changed_definition() -> dict:
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"]["version"] = "1.1.0"
    operation = definition["paths"][PATH]["get"]
    operation["summary"] = "List the tides"
    operation["parameters"] = [
        *operation.get("parameters", []),
        {"name": "berth", "in": "query", "type": "string", "required": True, "x-ms-summary": "Berth"},
    ]
    return definition


@pytest.mark.parametrize("asked", [f"?file={DEFINITION}&at={SUMMARY}", "line", f"?at={SUMMARY}"])
def test_every_view_links_to_the_same_place_in_the_others(cast: Cast, sign_in, asked: str) -> None:
    submission = in_review(cast.owner)
    browser = sign_in(cast.reviewer)
    if asked == "line":
        document = revised_package(submission).definition
        asked = f"?file={DEFINITION}&line={document.locate(SUMMARY, key=True).line}"
    for view in ("review_detail", "review_tree", "review_source"):
        page = browser.get(url(view, submission, asked))
        tabs = [tab["url"] for tab in page.context["tabs"] if tab["keeps_place"]]
        assert len(tabs) == 3
        assert all("at=%2Fpaths%2F~1harbours" in tab and tab.endswith("#here") for tab in tabs), asked
        assert page.content.decode().count('id="here"') == 1, (view, asked)


@pytest.mark.parametrize("asked", ["?at=/no/such", "?at=broken", "?line=99999", "?line=x", "?at=/paths/0"])
def test_a_place_that_is_not_there_is_no_place(cast: Cast, sign_in, asked: str) -> None:
    submission = in_review(cast.owner)
    for view in ("review_detail", "review_tree", "review_source"):
        page = sign_in(cast.reviewer).get(url(view, submission, asked))
        assert page.status_code == 200, view


def test_the_tree_unfolds_to_the_place_and_fetches_the_rest(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="Shorter.", place=Place(DEFINITION, SUMMARY), actor=cast.reviewer)
    browser = sign_in(cast.owner)
    top = browser.get(url("review_tree", submission)).content.decode()
    assert 'data-place="/paths"' in top
    assert f'data-place="{SUMMARY}"' not in top
    assert (
        f'data-place="{SUMMARY}"'
        in browser.get(url("review_tree", submission, f"?at={SUMMARY}")).content.decode()
    )
    level = browser.get(url("review_tree_nodes", submission, f"?file={DEFINITION}&at=/paths"))
    node = level.context["level"].nodes[0]
    assert (node.threads, node.size) == (1, 1)
    for wrong in ("?file=none.json", f"?file={DEFINITION}&at=/info/title", f"?file={DEFINITION}&at=/none"):
        assert browser.get(url("review_tree_nodes", submission, wrong)).status_code == 404


def test_a_wide_level_comes_in_pieces(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(large_definition(450)), cast.owner)
    browser = sign_in(cast.reviewer)
    ask = f"?file={DEFINITION}&at=/paths"
    sizes = [
        len(browser.get(url("review_tree_nodes", submission, f"{ask}&start={start}")).context["level"].nodes)
        for start in (0, 200, 400, 600)
    ]
    assert sizes == [200, 200, 50, 0]
    last = "/paths/~1harbours~1{harbourId}~1vessels~1449/get"
    page = browser.get(url("review_tree", submission), {"at": last}).content.decode()
    assert page.count('id="here"') == 1


def test_the_card_of_an_operation_shows_its_fields_and_outputs(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(changed_definition()), cast.owner)
    page = sign_in(cast.reviewer).get(url("review_operation", submission), {"at": GET}).content.decode()
    assert "maker__card" in page
    assert "Berth" in page
    assert "Dynamic content" in page
    assert "Comment on Berth" in page
    team = sign_in(cast.viewer).get(url("review_operation", submission), {"at": GET}).content.decode()
    assert "Comment on Berth" not in team


def test_changes_come_by_operation_with_their_class(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(changed_definition()), cast.owner)
    found = changes_page(submission, cast.reviewer)
    assert found is not None
    group = next(group for group, _ in found.groups if group.path == PATH)
    assert group.impact == "breaking"
    assert {line.impact for line in group.lines} == {"breaking", "cosmetic"}
    assert dict(found.counts)["breaking"] == 1
    page = sign_in(cast.reviewer).get(url("review_changes", submission)).content.decode()
    assert "Breaking" in page
    assert "Cosmetic" in page


def test_only_formatting_is_no_change(cast: Cast, sign_in) -> None:
    submission = resubmit(in_review(cast.owner), archive(base.DEFINITION), cast.owner)
    submission = resubmit(submission, archive(json.dumps(base.DEFINITION)), cast.owner)
    page = sign_in(cast.reviewer).get(url("review_changes", submission)).content.decode()
    assert "Every operation is as it was" in page


def test_a_tick_counts_until_the_content_changes(cast: Cast) -> None:
    submission = resubmit(in_review(cast.owner), archive(changed_definition()), cast.owner)
    found = changes_page(submission, cast.reviewer)
    assert found is not None
    assert found.viewed == 0
    for group, seen in found.groups:
        review_marks.mark_viewed(submission, key=group.key, digest=seen.digest, actor=cast.reviewer)
    again = changes_page(submission, cast.reviewer)
    assert again is not None
    assert again.viewed == len(found.groups)
    assert changes_page(submission, cast.second_reviewer).viewed == 0
    definition = changed_definition()
    definition["paths"][PATH]["get"]["description"] = "Lists the tides of one harbour, hour by hour."
    submission = resubmit(submission, archive(definition), cast.owner)
    after = changes_page(submission, cast.reviewer, "1")
    seen = {group.path: seen.is_viewed for group, seen in after.groups}
    assert seen[PATH] is False


def test_since_my_last_review_is_what_i_last_wrote_about(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    threads.open_thread(submission, body="x", actor=cast.reviewer)
    submission = resubmit(submission, archive(changed_definition()), cast.owner)
    second = changed_definition()
    second["info"]["description"] = "Tides and berths of the harbours of the coast."
    submission = resubmit(submission, archive(second), cast.owner)
    assert my_last_revision(submission, cast.reviewer) == 1
    assert my_last_revision(submission, cast.second_reviewer) == 0
    mine = sign_in(cast.reviewer).get(url("review_changes", submission)).content.decode()
    assert "since my last review" in mine
    assert PATH in mine
    other = sign_in(cast.second_reviewer).get(url("review_changes", submission)).content.decode()
    assert PATH not in other


def test_ticks_are_set_and_taken_back_on_the_page(cast: Cast, sign_in) -> None:
    submission = in_review(cast.owner)
    browser, sent = sign_in(cast.reviewer), {"key": "file:readme.md", "digest": "a" * 64}
    assert browser.post(url("review_mark", submission), sent).status_code == 302
    mark = ReviewMark.objects.get()
    assert (mark.user, mark.revision_number) == (cast.reviewer, 1)
    answer = browser.post(
        url("review_mark", submission), {**sent, "off": "1"}, headers={"HX-Request": "true"}
    )
    assert 'aria-pressed="false"' in answer.content.decode()
    assert not ReviewMark.objects.exists()
    assert sign_in(cast.stranger).post(url("review_mark", submission), sent).status_code == 404


@pytest.mark.parametrize(
    ("key", "digest"), [("x", "a" * 64), ("op:" + "x" * 400, "a" * 64), ("op:x", "z"), ("", "")]
)
def test_only_what_can_be_seen_is_ticked(cast: Cast, key: str, digest: str) -> None:
    submission = in_review(cast.owner)
    with pytest.raises(InvalidInput):
        review_marks.mark_viewed(submission, key=key, digest=digest, actor=cast.reviewer)
    with pytest.raises(NotPermitted):
        review_marks.mark_viewed(submission, key="op:x", digest="a" * 64, actor=cast.stranger)
