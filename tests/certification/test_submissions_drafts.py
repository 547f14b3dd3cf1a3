"""Saving the form: nothing typed is lost, and nothing is saved that can never be handed in."""

from __future__ import annotations

import pytest

from certification.models import Submission
from certification.rules.examples import Case
from certification.services import drafts
from portal.shared.errors import Conflict, IllegalTransition, InvalidInput
from tests.factories import VersionFactory
from tests.factories.submissions import FORM, draft, ready_draft, submission_in, uploaded_version

pytestmark = pytest.mark.django_db


def save(submission, actor, edit_count=None, **fields):
    count = submission.edit_count if edit_count is None else edit_count
    return drafts.save_draft(submission, fields=fields, edit_count=count, actor=actor)


def test_only_what_differs_is_written_and_counted(cast):
    submission = draft(cast.owner)
    save(submission, cast.owner, intro="# One")
    assert submission.edit_count == 1
    save(submission, cast.owner, intro="# One")
    assert (submission.edit_count, submission.intro) == (1, "# One")


def test_the_second_writer_gets_both_versions_and_neither_is_lost(cast):
    submission = draft(cast.owner)
    started_from = submission.edit_count
    save(submission, cast.owner, intro="hers", tester_notes="same")
    with pytest.raises(drafts.DraftChanged) as caught:
        save(submission, cast.developer, started_from, intro="his", tester_notes="same")
    assert caught.value.stored.intro == "hers"
    assert caught.value.typed["intro"] == "his"
    assert caught.value.fields == ["intro"]
    assert Submission.objects.get(pk=submission.pk).intro == "hers"


def test_the_same_words_from_two_writers_are_no_conflict(cast):
    submission = draft(cast.owner)
    save(submission, cast.owner, intro="agreed")
    assert save(submission, cast.developer, 0, intro="agreed").intro == "agreed"


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"categories": ["Data", "AI", "Finance"]}, "categories"),
        ({"categories": ["Gossip"]}, "categories"),
        ({"kind": "gift"}, "kind"),
        ({"intro": "x" * 100_001}, "intro"),
        ({"contacts": [{"role": "king", "name": "N", "email": "n@e.test"}]}, "contacts"),
        ({"contacts": [{"role": "support", "name": str(n), "email": ""} for n in range(9)]}, "contacts"),
    ],
)
def test_what_can_never_be_handed_in_is_refused_at_its_field(cast, fields, name):
    submission = draft(cast.owner)
    with pytest.raises(InvalidInput) as caught:
        save(submission, cast.owner, **fields)
    assert name in caught.value.fields


def test_an_unknown_field_is_refused(cast):
    with pytest.raises(InvalidInput, match="state"):
        save(draft(cast.owner), cast.owner, state="live")


def test_half_typed_contacts_are_kept_and_empty_rows_dropped(cast):
    submission = draft(cast.owner)
    rows = [
        {"role": "primary", "name": "Ada", "email": "ada@"},
        {"role": "support", "name": " ", "email": ""},
    ]
    save(submission, cast.owner, contacts=rows)
    assert submission.contacts == rows[:1]


def test_line_ends_and_nul_characters_of_browsers_are_made_even(cast):
    submission = draft(cast.owner)
    save(submission, cast.owner, intro="a\r\nb\0c")
    assert submission.intro == "a\nbc"


@pytest.mark.parametrize("state", ["submitted", "in_review", "approved", "live", "withdrawn"])
def test_the_form_is_closed_while_others_work_on_it(cast, state):
    submission = submission_in(state, cast.owner)
    with pytest.raises(IllegalTransition):
        save(submission, cast.owner, intro="changed behind the reviewer's back")
    with pytest.raises(IllegalTransition):
        drafts.choose_package(submission, version=submission.version, actor=cast.owner)


@pytest.mark.parametrize("state", ["draft", "validation_failed", "changes_requested", "preview_refused"])
def test_the_form_is_open_whenever_it_is_the_publishers_turn_to_correct(cast, state):
    submission = submission_in(state, cast.owner)
    assert save(submission, cast.owner, tester_notes="More of it.").tester_notes == "More of it."


def test_the_kind_is_fixed_once_it_was_handed_in(cast):
    submission = submission_in("changes_requested", cast.owner)
    with pytest.raises(InvalidInput, match="kind"):
        save(submission, cast.owner, kind="hotfix")


def test_a_package_of_another_connector_is_refused(cast):
    with pytest.raises(InvalidInput):
        drafts.choose_package(draft(cast.owner), version=VersionFactory(), actor=cast.owner)


def test_the_package_fills_in_what_the_form_lacks_and_overwrites_nothing(cast):
    submission = draft(cast.owner)
    case = Case(files={"intro.md": "# From the package\n"})
    version = uploaded_version(submission.connector, cast.owner, case)
    drafts.choose_package(submission, version=version, actor=cast.owner)
    assert submission.intro == "# From the package\n"
    assert submission.categories == list(version.facts["categories"])[:2]
    filled = ready_draft(cast.owner, case=case)
    assert filled.intro == FORM["intro"]


def test_there_is_nothing_to_check_without_a_package(cast):
    with pytest.raises(Conflict, match="no package"):
        drafts.check_package(draft(cast.owner), actor=cast.owner)
