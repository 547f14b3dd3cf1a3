"""Conversations about a package: open, answer, resolve, and carry over to the next revision."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.lifecycle import REVIEW_THREAD, SUBMISSION
from certification.models import Comment, Revision, Submission, Thread
from certification.policies import can_comment_privately, can_comment_submission, can_resolve_thread
from certification.reviewing.anchors import Anchor, Outcome, PlaceNotFound, anchor_at, carried
from connectors.definitions import Package, read_archive
from portal.accounts.models import User
from portal.shared import audit, outbox, storage
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.secret_scan import mask_secrets
from portal.shared.transitions import transition

LONGEST_COMMENT = 20_000


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thread is to stand: nothing for the whole submission, a file, or a JSON Pointer or line of
    it."""

    file: str = ""
    pointer: str = ""
    line: int | None = None


def open_thread(
    submission: Submission, *, body: str, place: Place = Place(), is_private: bool = False, actor: User
) -> Thread:
    """Start a conversation on the revision handed in last. A private one is a note that only staff read.

    Raises InvalidInput for an empty text or a place that the package does not have.
    """
    require(can_comment_privately if is_private else can_comment_submission, actor, submission)
    text, masked = _text(body)
    revision = submission.revision
    if revision is None:
        raise Conflict(_("Nothing was handed in yet: threads are about a package that was."))
    anchor = _anchor(revision, place)
    with transaction.atomic():
        row = _open_submission(submission)
        thread = Thread.objects.create(
            submission=row,
            revision=revision,
            anchored_in=revision,
            file=anchor.file,
            pointer=anchor.pointer,
            line=anchor.line,
            node_digest=anchor.digest,
            excerpt=anchor.excerpt,
            is_private=is_private,
            author=actor,
        )
        audit.record("thread.open", thread, actor=actor, about=[row], data=_trace(thread))
        _add(thread, text, masked, actor)
    return thread


def _anchor(revision: Revision, place: Place) -> Anchor:
    try:
        package = read_archive(storage.load(revision.version.digest)) if place.file else None
        return anchor_at(package, place.file, place.pointer, place.line) if package else Anchor()
    except PlaceNotFound as error:
        raise InvalidInput(str(error), fields={"place": [str(error)]}) from error


def reply(thread: Thread, *, body: str, actor: User) -> Comment:
    """Answer in a thread, open or resolved."""
    require(can_comment_privately if thread.is_private else can_comment_submission, actor, thread.submission)
    text, masked = _text(body)
    with transaction.atomic():
        _open_submission(thread.submission)
        return _add(thread, text, masked, actor)


def _add(thread: Thread, text: str, masked: int, actor: User) -> Comment:
    comment = Comment.objects.create(thread=thread, author=actor, body=text, masked=masked)
    audit.record(
        "comment.add",
        comment,
        actor=actor,
        about=[thread, thread.submission],
        data=_trace(thread, masked=masked),
    )
    outbox.emit("comment.add", id=str(comment.pk))
    return comment


def _text(body: str) -> tuple[str, int]:
    """The text without secrets, and how many were taken out."""
    body = body.replace("\0", "\ufffd").strip()
    if not body:
        raise InvalidInput(_("Write something first."), fields={"body": [_("Write something first.")]})
    if len(body) > LONGEST_COMMENT:
        words = _("At most %(most)s characters; this has %(count)s.") % {
            "most": number_format(LONGEST_COMMENT, force_grouping=True),
            "count": number_format(len(body), force_grouping=True),
        }
        raise InvalidInput(words, fields={"body": [words]})
    scan = mask_secrets(body)
    return scan.text, scan.count


def _open_submission(submission: Submission) -> Submission:
    row = (
        Submission.objects.select_for_update(of=("self",))
        .select_related("connector__publisher", "revision")
        .get(pk=submission.pk)
    )
    if row.state in SUBMISSION.terminal:
        raise Conflict(
            _("%(reference)s has ended: its threads can be read, not continued.")
            % {"reference": row.reference}
        )
    return row


def _trace(thread: Thread, **more: int) -> dict[str, object]:
    """What the audit trail says of it: where, never what was written; private notes are marked as such."""
    data: dict[str, object] = {"file": thread.file, "pointer": thread.pointer, "line": thread.line}
    if thread.is_private:
        data["private"] = True
    return data | {name: value for name, value in more.items() if value}


def resolve(thread: Thread, *, body: str = "", actor: User) -> Thread:
    """Settle it, with a last word where `body` has one: it does not stand in the way of an approval any
    more."""
    return _move(thread, "resolve", body, actor)


def reopen(thread: Thread, *, body: str = "", actor: User) -> Thread:
    """It was not settled after all."""
    return _move(thread, "reopen", body, actor)


def _move(thread: Thread, event: str, body: str, actor: User) -> Thread:
    require(
        can_resolve_thread,
        actor,
        thread,
        otherwise=_("The reviewer, or whoever opened the thread, resolves it. Answer in it instead."),
    )
    with transaction.atomic():
        # The submission's row first, as deciding does: an approval never passes a reopening on its way.
        row = _open_submission(thread.submission)
        moved = transition(REVIEW_THREAD, thread, event, actor=actor, about=[row], data=_trace(thread))
        if body.strip():
            reply(thread, body=body, actor=actor)
    return moved


def carry_over_threads(revision: Revision) -> int:
    """Find the place of every thread of the submission in this revision's package; returns how many there
    are.

    Equal nodes are carried, changed ones carried and marked outdated, missing ones stay where they were
    last seen, outdated, with their old text. Running it twice changes nothing; an older revision than the
    latest is left alone.
    """
    with transaction.atomic():
        row = Submission.objects.select_for_update(of=("self",)).get(pk=revision.submission_id)
        if row.revision_id != revision.pk:
            return 0
        threads = list(
            row.threads.exclude(anchored_in=revision).select_related("anchored_in__version").order_by("pk")
        )
        packages: dict[str, Package] = {}
        for thread in threads:
            _carry(thread, revision, packages)
    return len(threads)


def _carry(thread: Thread, revision: Revision, packages: dict[str, Package]) -> None:
    if not thread.file:
        thread.anchored_in = revision
        thread.save(update_fields=["anchored_in"])
        return
    old = _package(thread.anchored_in.version.digest, packages)
    new = _package(revision.version.digest, packages)
    anchor = Anchor(thread.file, thread.pointer, thread.line, thread.node_digest, thread.excerpt)
    outcome, found = carried(anchor, old, new)
    thread.is_outdated = outcome != Outcome.SAME
    if outcome != Outcome.GONE:
        thread.anchored_in = revision
        thread.pointer, thread.line, thread.excerpt = found.pointer, found.line, found.excerpt
    thread.save(update_fields=["is_outdated", "anchored_in", "pointer", "line", "excerpt"])


def _package(digest: str, packages: dict[str, Package]) -> Package:
    if digest not in packages:
        packages[digest] = read_archive(storage.load(digest))
    return packages[digest]


def carry_over_to_latest(submission_id: str) -> int:
    """`carry_over_threads` for the revision that was handed in last."""
    found = Revision.objects.filter(submission_id=submission_id).order_by("-number").first()
    return carry_over_threads(found) if found else 0
