"""Threads of a review stand at the pull request, too, and what is said there stands here: once, and no further."""

from __future__ import annotations

import json

import pytest
from django.core import mail
from django.urls import reverse

from certification.forges import ForgeError, GitHubForge
from certification.models import Comment, CommentMirror, Notification, ReviewMirror, Thread, ThreadMirror
from certification.queries.reviews import approval_blockers
from certification.queries.threads import conversation
from certification.services import review_mirror_hearing, review_mirrors, threads
from certification.services.threads import Place
from connectors.definitions import read_archive
from connectors.models import RepositoryDelivery
from connectors.services import repositories
from portal.shared import outbox, storage
from portal.shared.errors import NotPermitted
from portal.shared.models import AuditRecord
from tests.certification import test_pull_requests as pulls
from tests.factories import ConnectorFactory
from tests.factories.reviews import in_review, reviewed
from tests.forges.github_server import signed

FOLDER, DEFINITION = pulls.FOLDER, pulls.DEFINITION
FILE = "apiDefinition.swagger.json"
origin, hub, binding, on_github = pulls.origin, pulls.hub, pulls.binding, pulls.on_github


@pytest.fixture
def submission(cast, on_github, origin, hub):
    """In review, made of what pull request 7 would make of the folder; its team has chosen to mirror."""
    repositories.choose_automation(on_github, mirrors_threads=True, actor=cast.owner)
    made = in_review(cast.owner, on_github.connector)
    package = read_archive(storage.load(made.revision.version.digest))
    files = {f"{FOLDER}/{name}": source.content for name, source in package.files.items()}
    for path in [path for path in origin.files if path.startswith(f"{FOLDER}/") and path not in files]:
        files[path] = None
    hub.open_pull(7, pulls.propose(origin, files))
    hub.changed = {DEFINITION: set(range(1, 40))}
    pulls.see(on_github)
    return reviewed(made)


def line_of(submission, number: int = 5, **options) -> Thread:
    place = Place(FILE, "", number)
    return threads.open_thread(submission, place=place, **options)


def bring_together() -> None:
    outbox.drain()
    for review in ReviewMirror.objects.all():
        review_mirrors.sync(str(review.pk))


def said(hub) -> list[str]:
    return [each["body"] for each in hub.code_comments.values()]


@pytest.mark.django_db
def test_a_thread_stands_beside_its_line_and_answers_and_its_end_follow(cast, submission, hub):
    thread = line_of(submission, body="Which tide is meant?", actor=cast.reviewer)
    outbox.drain()
    (first,) = hub.code_comments.values()
    assert (first["path"], first["line"], first["side"]) == (DEFINITION, thread.line, "RIGHT")
    assert first["commit_id"] == hub.pulls[7]["head"]["sha"]
    assert "Which tide is meant?" in first["body"]
    assert "**Reviewer** (Reviewer)" in first["body"]
    assert reverse("thread_detail", args=[thread.pk]) in first["body"]

    threads.reply(thread, body="The high one.", actor=cast.developer)
    threads.resolve(thread, actor=cast.reviewer)
    outbox.drain()
    _first, answer, news = hub.code_comments.values()
    assert {answer["in_reply_to_id"], news["in_reply_to_id"]} == {first["id"]}
    assert "The high one." in answer["body"]
    assert "Resolved on the portal" in news["body"]
    threads.reopen(thread, actor=cast.reviewer)
    outbox.drain()
    assert "Open again on the portal" in said(hub)[-1]

    before = (len(hub.code_comments), Comment.objects.count(), Thread.objects.count())
    bring_together()
    bring_together()
    assert (len(hub.code_comments), Comment.objects.count(), Thread.objects.count()) == before
    assert (len(hub.comments), ReviewMirror.objects.get().problem) == (1, ""), "the one of the check"


@pytest.mark.django_db
def test_answers_there_come_here_once_follow_edits_and_go_with_their_deletion(cast, submission, hub, client):
    thread = line_of(submission, body="Which tide is meant?", actor=cast.reviewer)
    outbox.drain()
    secret = repositories.rotate_hook_secret(submission.connector.binding, actor=cast.owner).reveal()
    address = reverse("repository_hook", args=[submission.connector.binding.repository_id])

    def tell(event: str, body: bytes, delivery: str) -> str:
        headers = signed(body, secret, event, delivery)
        answer = client.post(address, data=body, content_type="application/json", headers=headers)
        assert answer.status_code == 202
        outbox.drain()
        return RepositoryDelivery.objects.get(delivery_id=delivery).outcome

    event = "pull_request_review_comment"
    first = next(iter(hub.code_comments))
    theirs = hub.say(7, "The **high** one.", answers=first)
    tell(event, hub.told_of_comment("created", 7, theirs), "one")
    tell(event, hub.told_of_comment("created", 7, theirs) + b" ", "two")
    (ours, answer) = thread.comments.all()
    assert (answer.author, answer.outsider, answer.body) == (None, "astrid-quay", "The **high** one.")
    assert ours.author == cast.reviewer

    tell(event, hub.told_of_comment("edited", 7, hub.edit(theirs["id"], "The low one.")), "three")
    answer.refresh_from_db()
    assert (answer.body, answer.mirror.is_edited) == ("The low one.", True)
    tell(event, hub.told_of_comment("edited", 7, hub.edit(first, "Not what we said")), "four")
    ours.refresh_from_db()
    assert ours.body == "Which tide is meant?"

    # A message is not believed: what is said to be gone is looked for.
    tell(event, hub.told_of_comment("deleted", 7, theirs), "five")
    answer.refresh_from_db()
    assert answer.body == "The low one."
    del hub.code_comments[theirs["id"]]
    tell(event, hub.told_of_comment("deleted", 7, theirs) + b" ", "six")
    answer.refresh_from_db()
    assert (answer.body, answer.mirror.is_gone) == ("", True)

    event = "pull_request_review_thread"
    assert "settled" in tell(event, hub.told_of_thread("resolved", 7, first), "seven")
    assert "Nothing" in tell(event, hub.told_of_thread("resolved", 7, 999) + b" ", "eight")
    thread.refresh_from_db()
    assert thread.state == "open", "people without an account decide nothing"
    assert thread.comments.last().body == "*Resolved at the pull request.*"
    assert len(hub.code_comments) == 1
    for number, odd in enumerate(
        ({}, {"pull_request": 7}, {"pull_request": {"number": 7}, "thread": []}, [])
    ):
        tell(event, json.dumps(odd).encode(), f"odd-{number}")


@pytest.mark.django_db
def test_what_is_begun_there_is_a_thread_here_that_holds_nothing_up_and_is_answered_there(
    cast, submission, hub
):
    root = hub.say(7, "Why not `GET`? @everyone", path=DEFINITION, line=5)
    hub.say(7, "About another folder", path="connectors/buoys/apiDefinition.swagger.json", line=1)
    hub.say(7, "About the old text", path=DEFINITION, line=3, side="LEFT")
    bring_together()
    thread, old = Thread.objects.order_by("created_at", "pk")
    assert (thread.outsider, thread.author, thread.file) == ("astrid-quay", None, FILE)
    assert thread.line == 5 or thread.pointer
    assert (old.file, old.line) == (FILE, None)
    assert approval_blockers(submission) == []
    assert conversation(cast.reviewer, submission).unresolved == 0

    threads.reply(thread, body="Because it writes.", actor=cast.reviewer)
    bring_together()
    ours = next(each for each in hub.code_comments.values() if "Because it writes." in each["body"])
    assert ours["in_reply_to_id"] == root["id"]
    assert thread.comments.count() == 2

    hub.settle(root["id"])
    bring_together()
    thread.refresh_from_db()
    assert thread.state == "resolved"
    assert not any("Resolved on the portal" in body for body in said(hub)), "it is no news there"
    threads.reopen(thread, actor=cast.reviewer)
    bring_together()
    assert "Open again" in said(hub)[-1]


@pytest.mark.django_db
def test_what_is_settled_there_is_heard_without_a_webhook_and_once(cast, submission, hub):
    ours = line_of(submission, body="Which tide is meant?", actor=cast.reviewer)
    outbox.drain()
    first = next(iter(hub.code_comments))
    theirs = hub.say(7, "Why not `GET`?", path=DEFINITION, line=5)["id"]
    bring_together()
    hub.settle(first, login="bo-quay")
    hub.settle(theirs)
    bring_together()
    bring_together()
    news = [(each.outsider, each.body) for each in ours.comments.filter(author=None)]
    assert news == [("bo-quay", "*Resolved at the pull request.*")]
    assert [ours.state, Thread.objects.get(outsider="astrid-quay").state] == ["open", "resolved"]

    # The message of a server that has both comes later, and is no news.
    repository = submission.connector.binding.repository
    assert review_mirrors.settle(repository, 7, first, is_resolved=True, login="bo-quay", delivery="late")
    hub.settle(first, is_resolved=False)
    bring_together()
    assert [each.body for each in ours.comments.filter(author=None)] == [
        "*Resolved at the pull request.*",
        "*Opened again at the pull request.*",
    ]


@pytest.mark.django_db
def test_a_server_that_does_not_tell_what_is_settled_holds_nothing_up(cast, submission, hub):
    hub.graphql_errors = [{"type": "FORBIDDEN", "message": "Resource not accessible"}]
    thread = line_of(submission, body="Which tide is meant?", actor=cast.reviewer)
    outbox.drain()
    hub.settle(next(iter(hub.code_comments)))
    bring_together()
    assert ReviewMirror.objects.get().problem == ""
    assert thread.comments.count() == 1


@pytest.mark.django_db
def test_private_notes_other_threads_and_those_from_before_the_choice_never_leave(cast, submission, hub):
    note = line_of(submission, body="Smells of the crane incident", is_private=True, actor=cast.reviewer)
    threads.reply(note, body="Indeed", actor=cast.operator)
    early = line_of(submission, body="From before", actor=cast.reviewer)
    repositories.choose_automation(submission.connector.binding, mirrors_threads=False, actor=cast.owner)
    line_of(submission, body="While it was off", actor=cast.reviewer)
    outbox.drain()
    count = len(hub.code_comments)
    repositories.choose_automation(submission.connector.binding, mirrors_threads=True, actor=cast.owner)
    threads.reply(early, body="From after, in an old thread", actor=cast.reviewer)
    other = in_review(cast.stranger, ConnectorFactory(publisher=cast.other_publisher))
    threads.open_thread(other, body="Of another team", actor=cast.reviewer)
    bring_together()
    everything = json.dumps([hub.code_comments, hub.comments])
    for words in ("crane incident", "Indeed", "While it was off", "From after", "Of another team"):
        assert words not in everything
    assert len(hub.code_comments) == count
    assert not ThreadMirror.objects.filter(thread__is_private=True).exists()


@pytest.mark.django_db
def test_a_place_that_the_pull_request_does_not_change_is_named_in_one_general_comment(cast, submission, hub):
    far = line_of(submission, 60, body="Here, too", actor=cast.reviewer)
    whole = threads.open_thread(submission, body="All in all?", actor=cast.reviewer)
    outbox.drain()
    assert hub.code_comments == {}
    mirror = ThreadMirror.objects.get(thread=far)
    assert (mirror.way, hub.comments[mirror.forge_id]["issue"]) == ("general", 7)
    text = hub.comments[mirror.forge_id]["body"]
    assert f"{DEFINITION}:{far.line}" in text.replace("\\", "")
    assert "Here, too" in text
    threads.reply(far, body="Mended.", actor=cast.developer)
    threads.resolve(far, actor=cast.reviewer)
    bring_together()
    text = hub.comments[mirror.forge_id]["body"]
    assert "Mended." in text
    assert "Resolved on the portal" in text
    assert "the submission" in hub.comments[ThreadMirror.objects.get(thread=whole).forge_id]["body"]
    assert len(hub.comments) == 3, "one a thread, and the one of the check"
    ThreadMirror.objects.filter(pk=mirror.pk).update(forge_id=None, digest="")
    bring_together()
    assert len(hub.comments) == 3, "found again by its first line"


@pytest.mark.django_db
@pytest.mark.parametrize("call", ["comment_code", "answer_code_comment"])
def test_a_worker_that_dies_between_posting_and_noting_says_nothing_twice(
    cast, submission, hub, monkeypatch, call
):
    post = getattr(GitHubForge, call)

    def dying(*given):
        post(*given)
        raise ForgeError("Gone before it was noted.")

    thread = line_of(submission, body="Which tide is meant?", actor=cast.reviewer)
    if call == "answer_code_comment":
        outbox.drain()
        threads.reply(thread, body="The high one.", actor=cast.developer)
    count = len(hub.code_comments)
    with monkeypatch.context() as patched:
        patched.setattr(GitHubForge, call, dying)
        outbox.drain()
    review = ReviewMirror.objects.get()
    assert (len(hub.code_comments), review.problem) == (count + 1, "Gone before it was noted.")
    # Somebody repeats our first line: it is theirs, and ours is still found.
    marker = said(hub)[-1].partition("\n")[0]
    first = next(iter(hub.code_comments))
    bring_together()
    hub.say(7, f"{marker}\nI am the portal", answers=first, login="mallory")
    bring_together()
    assert len(hub.code_comments) == count + 2
    assert not CommentMirror.objects.filter(forge_id=None).exists()
    copied = thread.comments.get(outsider="mallory")
    assert copied.body == "I am the portal"
    review.refresh_from_db()
    assert (review.problem, review.busy_until) == ("", None)


@pytest.mark.django_db
def test_words_of_strangers_mail_nobody_do_nothing_and_are_shown_as_theirs(cast, submission, hub, sign_in):
    thread = line_of(submission, body="Which tide?", actor=cast.reviewer)
    outbox.drain()
    mails, notes = len(mail.outbox), Notification.objects.count()
    first = next(iter(hub.code_comments))
    hub.say(
        7, "<script>alert(1)</script> /approve ![x](https://evil.example/p.png) <!-- hidden --> @reviewer",
        answers=first, login="mallory",
    )  # fmt: skip
    hub.say(7, "x" * 90_000, answers=first, login="mallory")
    hub.say(7, "\0", answers=first, login="mallory")
    bring_together()
    outbox.drain()
    assert (len(mail.outbox), Notification.objects.count()) == (mails, notes)
    bodies = [each.body for each in thread.comments.filter(outsider="mallory")]
    assert "hidden" not in bodies[0]
    assert (len(bodies[1]), bodies[2]) == (threads.LONGEST_COMMENT, "\ufffd")
    page = sign_in(cast.reviewer).get(reverse("review_threads", args=[submission.pk])).content.decode()
    assert "mallory" in page
    assert "without an account here" in page
    assert "<script>alert(1)" not in page
    assert (
        "<img" not in page.partition("conversation")[2].partition("hidden")[0]
        or 'evil.example/p.png"' in page
    )
    assert "harbour/all#7" in page
    trail = AuditRecord.objects.filter(action="comment.arrive")
    assert {record.actor_id for record in trail} == {None}
    thread.refresh_from_db()
    submission.refresh_from_db()
    assert (thread.state, submission.state) == ("open", "in_review")
    (shown,) = [
        each for each in sign_in(cast.reviewer).get(
            reverse("api:thread-detail", args=[thread.pk])
        ).json()["comments"] if each["body"] == "\ufffd"
    ]  # fmt: skip
    assert (shown["author"], shown["outsider"]) == ("mallory", "mallory")


@pytest.mark.django_db
def test_our_words_call_nobody_there_and_no_command(cast, submission, hub):
    line_of(submission, body="@astrid-quay look\n/merge\n<!-- x -->", actor=cast.reviewer)
    outbox.drain()
    (body,) = said(hub)
    assert "@astrid-quay" not in body
    assert not any(line.startswith(("/", "@")) for line in body.splitlines())


@pytest.mark.django_db
def test_too_many_words_from_outside_are_read_there_alone(submission, hub, monkeypatch):
    monkeypatch.setattr(review_mirror_hearing, "MOST_FROM_OUTSIDE", 2)
    for number in range(4):
        hub.say(7, f"Number {number}", path=DEFINITION, line=number + 1)
    bring_together()
    assert Comment.objects.exclude(outsider="").count() == 2


@pytest.mark.django_db
def test_only_changes_since_the_last_look_are_read_page_by_page(cast, submission, hub):
    hub.largest_page = 2
    for number in range(5):
        hub.say(7, f"Number {number}", path=DEFINITION, line=number + 1)
    bring_together()
    assert Comment.objects.exclude(outsider="").count() == 5
    review = ReviewMirror.objects.get()
    assert review.seen_until.isoformat().startswith("2026-11-28T02:00:05")
    before = len(hub.calls)
    pulls.see(submission.connector.binding)
    asked = [path for _method, path in hub.calls[before:] if path.endswith("/pulls/7/comments")]
    assert len(asked) == 1, "what changed at the last second, and nothing before"


@pytest.mark.django_db
def test_nothing_is_told_without_the_choice_after_the_end_and_for_another_package(cast, submission, hub):
    repositories.choose_automation(submission.connector.binding, mirrors_threads=False, actor=cast.owner)
    hub.say(7, "Hello?", path=DEFINITION, line=1)
    line_of(submission, body="For us", actor=cast.reviewer)
    bring_together()
    assert (len(hub.code_comments), Comment.objects.exclude(outsider="").count()) == (1, 0)
    repositories.choose_automation(submission.connector.binding, mirrors_threads=True, actor=cast.owner)
    hub.pulls[7]["state"] = "closed"
    pulls.see(submission.connector.binding)
    line_of(submission, body="After it was closed", actor=cast.reviewer)
    bring_together()
    assert len(hub.code_comments) == 1
    for person in (cast.viewer, cast.stranger, cast.reviewer, cast.operator):
        with pytest.raises(NotPermitted):
            repositories.choose_automation(submission.connector.binding, mirrors_threads=True, actor=person)


@pytest.mark.django_db
def test_a_newer_commit_leaves_threads_about_the_package_without_a_line(cast, submission, origin, hub):
    hub.pulls[7]["head"]["sha"] = pulls.propose(origin, {DEFINITION: b"{}"})
    pulls.see(submission.connector.binding)
    line_of(submission, body="Which tide?", actor=cast.reviewer)
    outbox.drain()
    assert (hub.code_comments, ThreadMirror.objects.get().way) == ({}, "general")
    hub.say(7, "And this?", path=DEFINITION, line=1)
    bring_together()
    assert Thread.objects.exclude(outsider="").get().line is None


@pytest.mark.django_db
def test_a_comment_of_ours_that_was_taken_away_there_is_not_said_again(cast, submission, hub):
    thread = line_of(submission, body="Which tide?", actor=cast.reviewer)
    outbox.drain()
    hub.code_comments.clear()
    threads.reply(thread, body="Well?", actor=cast.reviewer)
    bring_together()
    assert hub.code_comments == {}
    assert ThreadMirror.objects.get().is_gone
    assert ReviewMirror.objects.get().problem == ""


@pytest.mark.django_db
def test_limits_and_refusals_of_the_server_are_heeded_and_shown(cast, submission, hub):
    line_of(submission, body="Which tide?", actor=cast.reviewer)
    hub.fail.append(("GET", "/pulls/7/comments", 429, {"Retry-After": "17"}, "Too many"))
    outbox.drain()
    submission.connector.binding.repository.forge.refresh_from_db()
    assert submission.connector.binding.repository.forge.paused_until is not None
    assert hub.code_comments == {}
    forge = submission.connector.binding.repository.forge
    type(forge).objects.update(paused_until=None)
    hub.fail.append(("GET", "/pulls/7/comments", 403, {}, "Resource not accessible"))
    review = ReviewMirror.objects.get()
    review_mirrors.sync(str(review.pk))
    review.refresh_from_db()
    assert "Resource not accessible" in review.problem
    review_mirrors.sync(str(review.pk))
    assert len(hub.code_comments) == 1
