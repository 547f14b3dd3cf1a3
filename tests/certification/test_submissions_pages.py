"""Every page of a submission renders for everybody who may see it, in every state."""

from __future__ import annotations

import pytest
from django.urls import reverse
from django.utils.html import escape

from certification.lifecycle import NEXT_STEPS, SubmissionState
from certification.models import Submission
from certification.services import drafts, submissions
from certification.services.validation import check_draft
from portal.shared.markdown import render_markdown
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory, VersionFactory
from tests.factories.submissions import (
    FORM,
    WITH_ERROR,
    draft,
    ready_draft,
    submission_in,
    upload,
)

pytestmark = pytest.mark.django_db
READERS = ["owner", "viewer", "reviewer", "operator"]
PAGES = ["submission_detail", "submission_package", "submission_history", "finding_list", "credential_list"]


@pytest.mark.parametrize("state", SubmissionState.values)
def test_the_submission_page_says_state_turn_and_next_step_to_every_reader(cast, sign_in, state):
    submission = submission_in(state, cast.owner)
    for reader in READERS:
        answer = sign_in(getattr(cast, reader)).get(reverse("submission_detail", args=[submission.pk]))
        if reader in {"reviewer", "operator"} and submission.submitted_at is None:
            assert answer.status_code == 404
            continue
        text = answer.content.decode()
        assert answer.status_code == 200
        assert submission.reference in text
        assert escape(str(NEXT_STEPS[state])) in text
        assert "pipeline__step" in text


@pytest.mark.parametrize("page", PAGES)
@pytest.mark.parametrize("state", ["draft", "validation_failed", "in_review", "live", "withdrawn"])
def test_the_tabs_render_for_team_and_staff(cast, sign_in, page, state):
    submission = submission_in(state, cast.owner)
    readers = READERS if submission.submitted_at else ["owner", "viewer"]
    for reader in readers:
        answer = sign_in(getattr(cast, reader)).get(reverse(page, args=[submission.pk]))
        assert answer.status_code == 200, (page, reader)


@pytest.mark.parametrize("page", [*PAGES, "submission_edit", "submission_ready", "submission_withdraw"])
def test_a_stranger_finds_nothing(cast, sign_in, page):
    submission = submission_in("in_review", cast.owner)
    assert sign_in(cast.stranger).get(reverse(page, args=[submission.pk])).status_code == 404


def test_the_form_is_closed_to_readers_and_leads_latecomers_to_the_submission(cast, sign_in):
    submission = ready_draft(cast.owner)
    address = reverse("submission_edit", args=[submission.pk])
    assert sign_in(cast.viewer).get(address).status_code == 403
    submissions.submit(submission, actor=cast.owner)
    assert sign_in(cast.owner).get(address).url == reverse("submission_detail", args=[submission.pk])


def test_an_empty_list_teaches_what_a_submission_is(cast, sign_in):
    ConnectorFactory(publisher=cast.publisher)
    text = sign_in(cast.owner).get(reverse("submission_list")).content.decode()
    assert "No submissions yet" in text
    assert reverse("submission_create") in text


def test_what_waits_for_the_reader_comes_first(cast, sign_in):
    in_review = submission_in("in_review", cast.owner)
    returned = submission_in("changes_requested", cast.owner)
    live = submission_in("live", cast.owner)
    for reader, expected in (
        (cast.owner, [returned, in_review, live]),
        (cast.reviewer, [in_review, returned, live]),
    ):
        rows = sign_in(reader).get(reverse("submission_list")).context["rows"]
        assert [row.submission for row in rows] == expected
        assert [row.is_mine for row in rows] == [True, False, False]


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("state=review", 1),
        ("state=live", 1),
        ("state=ended", 0),
        ("turn=mine", 1),
        ("turn=reviewer", 1),
        ("turn=operator", 0),
        ("publisher=northwind-harbour", 3),
        ("publisher=fjord-analytics", 0),
        ("q=nothing+like+it", 0),
    ],
)
def test_the_list_is_narrowed_by_its_filters(cast, sign_in, query, count):
    for state in ("in_review", "draft", "live"):
        submission_in(state, cast.owner)
    rows = sign_in(cast.owner).get(f"{reverse('submission_list')}?{query}").context["rows"]
    assert len(rows) == count


def test_a_submission_is_found_by_its_reference_with_or_without_prefix(cast, sign_in):
    submission = draft(cast.owner)
    browser = sign_in(cast.owner)
    for text in (submission.reference, submission.reference.lower(), submission.reference[2:]):
        rows = browser.get(reverse("submission_list"), {"q": text}).context["rows"]
        assert [row.submission for row in rows] == [submission]
    answer = browser.get(f"/submissions/{submission.reference}/")
    assert answer.url == reverse("submission_detail", args=[submission.pk])


def _rows(count: int, cast) -> None:
    for _ in range(count):
        submission = draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
        version = VersionFactory(connector=submission.connector, created_by=cast.owner)
        Submission.objects.filter(pk=submission.pk).update(version=version, submitted_at="2026-01-05T10:00Z")


@pytest.mark.parametrize("reader", ["owner", "reviewer"])
def test_the_list_needs_as_many_queries_for_25_rows_as_for_5(
    cast, sign_in, django_assert_max_num_queries, django_assert_num_queries, reader
):
    address = reverse("submission_list")
    browser = sign_in(getattr(cast, reader))
    _rows(5, cast)
    browser.get(address)  # the first visit of a session writes that it was there
    with django_assert_max_num_queries(25) as few:
        assert len(browser.get(address).context["rows"]) == 5
    _rows(20, cast)
    with django_assert_num_queries(len(few)):
        assert len(browser.get(address).context["rows"]) == 25


def test_a_draft_is_started_from_the_page(cast, sign_in):
    connector = ConnectorFactory(publisher=cast.publisher)
    browser = sign_in(cast.developer)
    assert browser.get(reverse("submission_create")).status_code == 200
    answer = browser.post(reverse("submission_create"), {"connector": str(connector.pk)})
    submission = connector.submissions.get()
    assert answer.url == reverse("submission_edit", args=[submission.pk])
    again = browser.post(reverse("submission_create"), {"connector": str(connector.pk)})
    assert again.status_code == 409
    assert submission.reference in again.content.decode()


@pytest.mark.parametrize("connector", ["", "no-id", "00000000-0000-0000-0000-000000000000"])
def test_a_draft_for_what_is_not_mine_is_not_found(cast, sign_in, connector):
    assert sign_in(cast.owner).post(reverse("submission_create"), {"connector": connector}).status_code == 404


def _typed(submission, **changes):
    data = {
        "edit_count": submission.edit_count,
        "kind": submission.kind,
        "categories": ["Data"],
        "tester_notes": "Notes",
        "change_notes": "",
        "intro": "# Hello",
        "contact_role": ["primary", "support"],
        "contact_name": ["Ada", ""],
        "contact_email": ["ada@example.test", ""],
    }
    return {**data, **changes}


def test_the_form_saves_without_scripts(cast, sign_in):
    submission = draft(cast.owner)
    address = reverse("submission_edit", args=[submission.pk])
    browser = sign_in(cast.owner)
    assert browser.get(address).status_code == 200
    assert browser.post(address, _typed(submission)).url == address
    submission.refresh_from_db()
    assert submission.intro == "# Hello"
    assert submission.contacts == [{"role": "primary", "name": "Ada", "email": "ada@example.test"}]
    ready = browser.post(address, _typed(submission, ready="1"))
    assert ready.url == reverse("submission_ready", args=[submission.pk])


def test_a_form_that_cannot_be_saved_keeps_what_was_typed(cast, sign_in):
    submission = draft(cast.owner)
    address = reverse("submission_edit", args=[submission.pk])
    typed = _typed(submission, categories=["Data", "AI", "Finance"], tester_notes="Precious words")
    answer = sign_in(cast.owner).post(address, typed)
    assert answer.status_code == 400
    text = answer.content.decode()
    assert "Choose at most 2." in text
    assert "Precious words" in text
    assert 'value="ada@example.test"' in text


def test_a_conflict_shows_both_versions_and_saving_again_decides(cast, sign_in):
    submission = draft(cast.owner)
    stale = submission.edit_count
    drafts.save_draft(
        submission, fields={"tester_notes": "Their words"}, edit_count=stale, actor=cast.developer
    )
    address = reverse("submission_edit", args=[submission.pk])
    browser = sign_in(cast.owner)
    answer = browser.post(address, _typed(submission, edit_count=stale, tester_notes="My words"))
    assert answer.status_code == 409
    text = answer.content.decode()
    assert "Their words" in text
    assert "My words" in text
    fresh = answer.context["form"].initial["edit_count"]
    assert (
        browser.post(address, _typed(submission, edit_count=fresh, tester_notes="My words")).status_code
        == 302
    )
    submission.refresh_from_db()
    assert submission.tester_notes == "My words"


def test_the_autosave_answers_with_the_new_count_and_tells_of_a_conflict(cast, sign_in):
    submission = draft(cast.owner)
    address = reverse("submission_autosave", args=[submission.pk])
    browser = sign_in(cast.owner)
    saved = browser.post(address, _typed(submission), headers={"HX-Request": "true"})
    assert saved.status_code == 200
    field = saved.content.decode().split('id="id_edit_count"')[1].split(">")[0]
    assert 'value="1"' in field
    assert "hx-swap-oob" in field
    stale = browser.post(
        address, _typed(submission, edit_count=0, intro="other"), headers={"HX-Request": "true"}
    )
    assert stale.status_code == 422
    assert "Compare both" in stale.content.decode()
    submission.refresh_from_db()
    assert submission.intro == "# Hello"


def test_the_introduction_is_previewed_as_safe_html(cast, sign_in):
    text = "# Hi\n\n<script>alert(1)</script> **there**"
    answer = sign_in(cast.owner).post(reverse("intro_preview"), {"intro": text})
    assert render_markdown(text) in answer.content.decode()
    assert "<script>" not in answer.content.decode()


def test_a_package_is_uploaded_on_the_form_and_shown_as_the_portal_sees_it(cast, sign_in):
    from io import BytesIO

    from certification.rules.examples import Case

    submission = draft(cast.owner)
    file = BytesIO(Case().archive())
    file.name = "tides.zip"
    browser = sign_in(cast.owner)
    answer = browser.post(reverse("submission_upload", args=[submission.pk]), {"files": [file]})
    assert answer.status_code == 302
    submission.refresh_from_db()
    assert submission.version is not None
    page = browser.get(reverse("submission_edit", args=[submission.pk])).content.decode()
    assert "apiDefinition.swagger.json" in page
    assert "Being checked" in page


def test_a_refused_upload_shows_its_problems_and_changes_nothing(cast, sign_in):
    from io import BytesIO

    submission = draft(cast.owner)
    file = BytesIO(b"PK\x03\x04 not an archive")
    file.name = "broken.zip"
    browser = sign_in(cast.owner)
    answer = browser.post(reverse("submission_upload", args=[submission.pk]), {"files": [file]})
    assert answer.status_code == 302
    submission.refresh_from_db()
    assert submission.version is None
    page = browser.get(reverse("submission_edit", args=[submission.pk])).content.decode()
    assert "broken.zip” was refused" in page


def test_an_earlier_package_can_be_chosen_again(cast, sign_in):
    submission = draft(cast.owner)
    version = upload(submission.connector, cast.owner).version
    browser = sign_in(cast.owner)
    address = reverse("submission_choose", args=[submission.pk])
    assert browser.post(address, {"version": str(version.pk)}).status_code == 302
    assert browser.post(address, {"version": "nonsense"}).status_code == 404
    foreign = VersionFactory()
    assert browser.post(address, {"version": str(foreign.pk)}).status_code == 404


def test_the_ready_page_lists_what_blocks_with_a_link_to_each_place(cast, sign_in):
    submission = draft(cast.owner)
    answer = sign_in(cast.owner).get(reverse("submission_ready", args=[submission.pk]))
    text = answer.content.decode()
    for row in answer.context["blockers"]:
        assert row["url"] in text
    assert "disabled" in text


def test_handing_in_too_early_answers_with_the_list(cast, sign_in):
    submission = draft(cast.owner)
    answer = sign_in(cast.owner).post(reverse("submission_submit", args=[submission.pk]))
    assert answer.status_code == 409
    assert "to do before it can be handed in" in answer.content.decode()


def test_a_submission_is_handed_in_withdrawn_and_started_again_from_its_pages(cast, sign_in):
    submission = ready_draft(cast.owner)
    browser = sign_in(cast.owner)
    detail = reverse("submission_detail", args=[submission.pk])
    assert browser.post(reverse("submission_submit", args=[submission.pk])).url == detail
    withdraw = reverse("submission_withdraw", args=[submission.pk])
    assert browser.get(withdraw).status_code == 200
    assert browser.post(withdraw, {"reason": ""}).status_code == 400
    assert browser.post(withdraw, {"reason": "Not now."}).url == detail
    assert "Not now." in browser.get(detail).content.decode()
    again = browser.post(reverse("submission_start_again", args=[submission.pk]))
    new = Submission.objects.get(connector=submission.connector, state="draft")
    assert again.url == reverse("submission_edit", args=[new.pk])
    assert new.intro == FORM["intro"]


def test_the_connector_fragment_lists_its_submissions_and_offers_a_new_one(cast, sign_in):
    connector = ConnectorFactory(publisher=cast.publisher)
    address = reverse("connector_submissions", args=[connector.pk])
    browser = sign_in(cast.owner)
    assert "Not submitted yet" in browser.get(address).content.decode()
    submission = draft(cast.owner, connector)
    text = browser.get(address).content.decode()
    assert submission.reference in text
    assert "New submission" not in text


def test_a_reason_is_shown_where_the_next_step_is(cast, sign_in):
    from certification.lifecycle import SUBMISSION
    from portal.shared.transitions import transition

    submission = submission_in("in_review", cast.owner)
    transition(
        SUBMISSION, submission, "request_changes", actor=cast.reviewer, reason="The icon is not square."
    )
    text = sign_in(cast.owner).get(reverse("submission_detail", args=[submission.pk])).content.decode()
    assert "The icon is not square." in text


def test_the_findings_of_a_draft_show_before_it_is_handed_in(cast, sign_in):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    check_draft(str(submission.pk))
    answer = sign_in(cast.owner).get(reverse("finding_list", args=[submission.pk]))
    text = answer.content.decode()
    assert "INF-004" in text
    assert "code__scroll" in text
    assert "Ask for a waiver" in text


def test_two_teams_see_their_own_submissions_only(cast, sign_in):
    mine = draft(cast.owner)
    other_team = PublisherFactory()
    MembershipFactory(publisher=other_team, user=cast.viewer, role="owner")
    theirs = draft(cast.viewer, ConnectorFactory(publisher=other_team))
    rows = sign_in(cast.viewer).get(reverse("submission_list")).context["rows"]
    assert {row.submission for row in rows} == {mine, theirs}
    rows = sign_in(cast.owner).get(reverse("submission_list")).context["rows"]
    assert [row.submission for row in rows] == [mine]


def test_the_page_keeps_itself_up_to_date_and_is_left_alone_while_nothing_happens(cast, sign_in):
    submission = ready_draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    browser = sign_in(cast.owner)
    page = browser.get(reverse("submission_detail", args=[submission.pk]))
    address, seen = reverse("submission_live", args=[submission.pk]), {"X-Seen": page.context["stamp"]}
    assert address in page.content.decode()
    assert browser.get(address, headers=seen).status_code == 204
    submissions.submit(submission, actor=cast.owner)
    answer = browser.get(address, headers=seen)
    assert answer.status_code == 200
    assert answer["HX-Trigger"] == "submission-changed"
    text = answer.content.decode()
    assert text.count('hx-swap-oob="true"') == 2
    assert "Submitted" in text
    assert "<html" not in text
    assert sign_in(cast.stranger).get(address).status_code == 404


def test_every_step_that_was_reached_leads_to_what_it_is_about(cast, sign_in):
    submission = submission_in("preview_testing", cast.owner)
    page = sign_in(cast.owner).get(reverse("submission_detail", args=[submission.pk]))
    urls = {step.label: step.url for step in page.context["steps"]}
    assert urls["Validated"] == reverse("finding_list", args=[submission.pk])
    assert urls["Preview"] == "#preview"
    assert urls["Live"] == ""


def test_an_ended_submission_does_not_ask_again(cast, sign_in):
    submission = submission_in("withdrawn", cast.owner)
    page = sign_in(cast.owner).get(reverse("submission_detail", args=[submission.pk])).content.decode()
    assert reverse("submission_live", args=[submission.pk]) not in page
