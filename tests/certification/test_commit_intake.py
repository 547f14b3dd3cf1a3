# ruff: noqa: F401, F811 - fixtures are imported by name
"""Commits handed in by themselves: where it was chosen, once each, in the name of whoever bound the connector."""

from __future__ import annotations

import json

import pytest
from django.urls import reverse

from certification.models import CommitIntake, Notification, Submission
from certification.rules.examples import Case
from certification.services import commit_intake, submissions
from connectors.models import Membership, RepositoryBinding
from connectors.services import repositories
from portal.shared import outbox
from portal.shared.errors import NotPermitted
from portal.shared.models import AuditRecord
from tests.certification.test_repositories import FOLDER, binding, look, origin
from tests.factories.reviews import in_review
from tests.factories.submissions import ready_draft

pytestmark = pytest.mark.django_db


def package(version: str = "1.1.0") -> dict[str, bytes]:
    members = Case(set={"/info/version": version}).members()
    return {f"{FOLDER}/{name}": content for name, content in members.items()}


@pytest.fixture
def automatic(cast, binding):
    repositories.choose_automation(binding, submits_commits=True, actor=cast.owner)
    return binding


def arrive(binding, origin, files, message: str = "Tell the water level\n\nAs asked for.") -> str:
    sha = origin.commit(files, message)
    look(binding)
    outbox.drain()
    return sha


def mails(event: str = "commitintake.refuse") -> set[str]:
    return set(Notification.objects.filter(event=event).values_list("recipient__email", flat=True))


def test_a_new_commit_is_handed_in_with_its_message_for_whoever_bound_it(cast, automatic, origin):
    draft = ready_draft(cast.developer, automatic.connector)
    sha = arrive(automatic, origin, package())
    draft.refresh_from_db()
    intake = CommitIntake.objects.get()
    assert (intake.state, intake.commit, intake.submission_id) == ("submitted", sha, draft.pk)
    assert draft.state not in {"draft", "withdrawn"}
    revision = draft.revisions.get()
    assert revision.handed_in_by == cast.developer
    assert revision.change_notes == "Tell the water level\n\nAs asked for."
    assert revision.version.uploads.get().from_commit.commit == sha
    assert AuditRecord.objects.get(action="commitintake.submit").actor == cast.developer
    assert mails() == set()


def test_a_job_that_runs_again_and_a_look_without_news_change_nothing(cast, automatic, origin):
    ready_draft(cast.developer, automatic.connector)
    sha = arrive(automatic, origin, package())
    for _round in range(2):
        look(automatic)
        outbox.drain()
        commit_intake.submit_commit(str(automatic.pk), sha)
    assert CommitIntake.objects.count() == 1
    assert Submission.objects.get().revisions.count() == 1
    assert AuditRecord.objects.filter(action="commitintake.submit").count() == 1


def test_commits_from_before_and_branches_set_back_are_left_alone(cast, binding, origin):
    arrive(binding, origin, package("1.0.1"))
    assert not CommitIntake.objects.exists(), "nobody chose it"
    repositories.choose_automation(binding, submits_commits=True, actor=cast.owner)
    look(binding)
    arrive(binding, origin, {"connectors/buoys/apiDefinition.swagger.json": b"{}"})
    origin.repo.refs[b"refs/heads/dev"] = origin.repo[origin.repo.refs[b"refs/heads/dev"]].parents[0]
    look(binding)
    outbox.drain()
    assert not CommitIntake.objects.exists()


def test_a_form_that_is_not_complete_keeps_the_package_and_says_what_is_missing(
    cast, automatic, origin, sign_in
):
    sha = arrive(automatic, origin, package())
    intake = CommitIntake.objects.get()
    assert (intake.state, intake.reason) == ("refused", "not_ready")
    assert any("test credential" in text for text in intake.details)
    draft = Submission.objects.get()
    assert (draft.state, draft.created_by, draft.change_notes) == (
        "draft",
        cast.developer,
        "Tell the water level\n\nAs asked for.",
    )
    assert mails() == {cast.owner.email, cast.developer.email}
    page = (
        sign_in(cast.viewer)
        .get(reverse("connector_repository", args=[automatic.connector_id]))
        .content.decode()
    )
    assert "Not handed in by itself" in page
    assert "which is not complete" in page
    commit_intake.submit_commit(str(automatic.pk), sha)
    outbox.drain()
    assert Notification.objects.filter(event="commitintake.refuse").count() == 2, "told once"


def test_somebody_who_left_the_team_hands_in_nothing_and_only_the_owners_are_told(cast, automatic, origin):
    Membership.objects.filter(user=cast.developer).delete()
    arrive(automatic, origin, package())
    assert (CommitIntake.objects.get().reason, Submission.objects.exists()) == ("not_a_member", False)
    assert mails() == {cast.owner.email}
    RepositoryBinding.objects.update(created_by=None)
    arrive(automatic, origin, package("1.3.0"))
    assert [each.reason for each in CommitIntake.objects.all()] == ["not_a_member", "not_a_member"]


def test_a_submission_with_the_reviewers_and_the_same_package_are_refused(cast, automatic, origin):
    held = in_review(cast.developer, automatic.connector)
    before = held.version_id
    arrive(automatic, origin, package())
    first = CommitIntake.objects.get()
    assert (first.reason, first.submission) == ("in_review", held)
    held.refresh_from_db()
    assert held.version_id == before

    Submission.objects.filter(pk=held.pk).update(state="changes_requested")
    arrive(automatic, origin, {f"{FOLDER}/{name}": content for name, content in Case().members().items()})
    second = CommitIntake.objects.first()
    assert second.reason == "same_package"
    assert held.revisions.count() == 1
    assert Submission.objects.get().state == "changes_requested"


def test_what_is_no_package_is_refused_with_the_reason(cast, automatic, origin):
    arrive(automatic, origin, {f"{FOLDER}/apiDefinition.swagger.json": (0o120000, b"/etc/passwd")})
    intake = CommitIntake.objects.get()
    assert (intake.reason, "symbolic link" in intake.details[0]) == ("unreadable", True)
    assert not Submission.objects.exists()


def test_a_withdrawn_submission_may_be_handed_in_again_by_the_next_commit(cast, automatic, origin):
    draft = ready_draft(cast.developer, automatic.connector)
    arrive(automatic, origin, package())
    draft.refresh_from_db()
    submissions.withdraw(draft, reason="Not this one, after all.", actor=cast.owner)
    ready_draft(cast.developer, automatic.connector)
    arrive(automatic, origin, package("1.4.0"))
    assert [each.state for each in CommitIntake.objects.all()] == ["submitted", "submitted"]


def test_only_makers_choose_it_by_page_or_program(cast, binding, sign_in, client):
    for person in (cast.viewer, cast.stranger, cast.reviewer):
        with pytest.raises(NotPermitted):
            repositories.choose_automation(binding, submits_commits=True, actor=person)
    page = reverse("repository_automation", args=[binding.connector_id])
    sign_in(cast.developer).post(page, {"submits_commits": "on"})
    binding.refresh_from_db()
    assert (binding.submits_commits, binding.tags_certified) == (True, False)
    client.force_login(cast.owner)
    address = reverse("api:connector_repository", args=[binding.connector_id])
    answer = client.patch(
        address, json.dumps({"tags_certified": True}), content_type="application/json"
    ).json()
    assert (answer["submits_commits"], answer["tags_certified"]) == (True, True)
    sign_in(cast.developer).post(page, {})
    binding.refresh_from_db()
    assert (binding.submits_commits, binding.tags_certified) == (False, False)
    actions = AuditRecord.objects.filter(action__contains="ing", action__startswith="repository.st")
    assert sorted(actions.values_list("action", flat=True)) == [
        "repository.start_submitting",
        "repository.start_tagging",
        "repository.stop_submitting",
        "repository.stop_tagging",
    ]
