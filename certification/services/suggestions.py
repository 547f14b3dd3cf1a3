"""Suggestions: a reviewer writes a node anew, the publisher takes it over into the next package or declines
it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import REVIEW_THREAD, SUGGESTION, SuggestionState
from certification.models import Comment, Revision, Submission, Suggestion, Thread
from certification.policies import can_answer_suggestion, can_suggest_change
from certification.reviewing import suggestions as pure
from certification.rules.repairs import with_file
from certification.services import drafts, threads
from certification.services.threads import Place
from connectors.definitions import Package, read_archive
from connectors.models import Upload, Version
from connectors.services.versions import package_bytes, receive_upload
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput, NotPermitted
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.transitions import transition
from portal.shared.words import lazy as _lazy

FILE_NAME = "suggested.zip"
LONGEST_REASON = 2_000
WITHOUT_WORDS = "I suggest this change."
_OTHERS = _lazy("Reviewers of other teams suggest changes.")


@dataclass(frozen=True, slots=True)
class Accepted:
    """The package that came of it, and the suggestions that are in it."""

    version: Version
    suggestions: list[Suggestion]


def open_with_suggestion(
    submission: Submission, *, place: Place, text: str, body: str = "", actor: User
) -> Suggestion:
    """Start a thread at a node with the node's text as it should be; an empty `text` takes the node out.

    Raises InvalidInput for what is no JSON, changes nothing, or stands at no node.
    """
    require(can_suggest_change, actor, submission, otherwise=_OTHERS)
    revision, package = _latest(submission)
    with transaction.atomic():
        thread = threads.open_thread(submission, body=body or WITHOUT_WORDS, place=place, actor=actor)
        comment = thread.comments.get()
        return _create(thread, comment, revision, package, text, actor)


def suggest(thread: Thread, *, text: str, body: str = "", actor: User) -> Suggestion:
    """Suggest a change in a thread that stands at a node; one that waits there already is withdrawn."""
    require(can_suggest_change, actor, thread.submission, otherwise=_OTHERS)
    if thread.is_private:
        raise Conflict(_("A private note holds no suggestion: the publisher could not see it."))
    revision, package = _latest(thread.submission)
    if thread.anchored_in_id != revision.pk:
        raise Conflict(_("The place of this thread is not in the package any more."))
    with transaction.atomic():
        comment = threads.reply(thread, body=body or WITHOUT_WORDS, actor=actor)
        for waiting in Suggestion.objects.filter(thread=thread, state=SuggestionState.PROPOSED):
            _close(waiting, "withdraw", actor, reason="A newer suggestion took its place.")
        return _create(thread, comment, revision, package, text, actor)


def _latest(submission: Submission) -> tuple[Revision, Package]:
    revision = submission.revision
    if revision is None:
        raise Conflict(_("Nothing was handed in yet: suggestions are about a package that was."))
    return revision, read_archive(package_bytes(revision.version))


def _create(
    thread: Thread, comment: Comment, revision: Revision, package: Package, text: str, actor: User
) -> Suggestion:
    try:
        found = pure.propose(package, thread.file, thread.pointer, text)
    except pure.CannotSuggest as error:
        raise InvalidInput(str(error), fields={"suggestion": [str(error)]}) from error
    if mask_secrets(found.after).count > mask_secrets(found.before).count:
        words = _("This looks like a secret: suggest a placeholder instead.")
        raise InvalidInput(words, fields={"suggestion": [words]})
    suggestion = Suggestion.objects.create(
        thread=thread,
        comment=comment,
        revision=revision,
        file=found.file,
        pointer=found.pointer,
        node_digest=found.digest,
        before=found.before,
        after=found.after,
        patch=found.patch,
        author=actor,
    )
    audit.record(
        "suggestion.propose",
        suggestion,
        actor=actor,
        about=[thread, thread.submission],
        data={"file": found.file, "pointer": found.pointer, "revision": revision.number},
    )
    return suggestion


def accept(submission: Submission, chosen: Sequence[Suggestion], *, actor: User) -> Accepted:
    """Put suggestions into the form's package: one new version with all of them, their threads resolved.

    All or nothing. Raises IllegalTransition while the form is closed or when one was answered already, and
    Conflict when a node changed since, or the form got another package meanwhile.
    """
    require(can_answer_suggestion, actor, submission)
    version = _package_of(submission)
    if not chosen:
        raise InvalidInput(_("Choose at least one suggestion."))
    package = read_archive(package_bytes(version))
    for each in chosen:
        package = _with(package, each)
    upload = receive_upload(submission.connector, files=[(FILE_NAME, package.canonical_bytes())], actor=actor)
    return _store(submission, version, upload, chosen, actor)


def _package_of(submission: Submission) -> Version:
    return drafts.package_in_form(
        submission,
        empty=_("The form holds no package: upload one first."),
        closed=_("%(reference)s is “%(label)s” now: suggestions are taken over when it comes back to you."),
    )


def _with(package: Package, suggestion: Suggestion) -> Package:
    proposal = pure.Proposal(
        suggestion.file,
        suggestion.pointer,
        suggestion.before,
        suggestion.after,
        suggestion.node_digest,
        suggestion.patch,
    )
    made_for = read_archive(package_bytes(suggestion.revision.version))
    try:
        return with_file(package, suggestion.file, pure.applied(proposal, made_for, package))
    except pure.CannotSuggest as error:
        raise Conflict(
            _("%(error)s Nothing was taken over. Make the change yourself, or decline the suggestion.")
            % {"error": error},
            code="suggestion-stale",
        ) from error


def _store(
    submission: Submission, old: Version, upload: Upload, chosen: Sequence[Suggestion], actor: User
) -> Accepted:
    changed = Conflict(_("The form holds another package by now: look at it before you accept."))
    with transaction.atomic():
        row, version = drafts.replace_package(
            submission, old=old, new=upload.version, changed=changed, made="changed", actor=actor
        )
        done = [_accepted(each, version, row, actor) for each in chosen]
    return Accepted(version, done)


def _accepted(suggestion: Suggestion, version: Version, submission: Submission, actor: User) -> Suggestion:
    thread = Thread.objects.select_for_update(of=("self",)).get(pk=suggestion.thread_id)
    row = transition(
        SUGGESTION,
        suggestion,
        "accept",
        actor=actor,
        about=[thread, submission],
        changes={"decided_by": actor, "version": version},
        data={"version": version.label, "digest": version.digest, "pointer": suggestion.pointer},
    )
    if REVIEW_THREAD.can("resolve", thread.state):
        # Taking the reviewer's own words over settles the thread, whoever may resolve others.
        data = {"file": thread.file, "pointer": thread.pointer, "suggestion": str(suggestion.pk)}
        transition(REVIEW_THREAD, thread, "resolve", actor=actor, about=[submission], data=data)
    return row


def decline(suggestion: Suggestion, *, reason: str, actor: User) -> Suggestion:
    """The team does it another way, or not at all: the reason answers in the thread, which stays open."""
    submission = suggestion.thread.submission
    require(can_answer_suggestion, actor, submission)
    reason = reason.strip()
    if not reason or len(reason) > LONGEST_REASON:
        words = _("Say in at most %(most)s characters why: the reviewer reads it.") % {
            "most": number_format(LONGEST_REASON, force_grouping=True)
        }
        raise InvalidInput(words, fields={"reason": [words]})
    with transaction.atomic():
        row = _close(suggestion, "decline", actor, reason=mask_secrets(reason).text)
        threads.reply(suggestion.thread, body=reason, actor=actor)
    return row


def withdraw(suggestion: Suggestion, *, actor: User) -> Suggestion:
    """Whoever made it takes it back."""
    if suggestion.author_id != actor.pk:
        raise NotPermitted(_("Who made a suggestion takes it back."))
    require(can_suggest_change, actor, suggestion.thread.submission, otherwise=_OTHERS)
    return _close(suggestion, "withdraw", actor, reason="")


def _close(suggestion: Suggestion, event: str, actor: User, *, reason: str) -> Suggestion:
    thread = suggestion.thread
    return transition(
        SUGGESTION,
        suggestion,
        event,
        actor=actor,
        reason=reason,
        about=[thread, thread.submission],
        changes={"decided_by": actor, "reason": reason},
        data={"pointer": suggestion.pointer},
    )
