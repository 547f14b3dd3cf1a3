"""“I have seen this”: a reader's own ticks at the workbench. They hold nobody up and are not audited."""

from __future__ import annotations

import re

from django.db import connection
from django.utils.translation import gettext as _

from certification.models import ReviewMark, Submission
from certification.policies import can_view_submission
from portal.accounts.models import User
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require

LONGEST_KEY = 400
_KEY = re.compile(r"(op|file|check):[^\x00-\x1f]*\Z")
_DIGEST = re.compile(r"([0-9a-f]{64}|removed)\Z")


def mark_viewed(submission: Submission, *, key: str, digest: str, actor: User) -> None:
    """Tick `key` as seen with the content `digest`; ticking again moves the tick to other content."""
    require(can_view_submission, actor, submission)
    _check(key)
    if not _DIGEST.match(digest):
        raise InvalidInput(_("Say which content was seen."))
    if submission.revision is None:
        raise Conflict(_("Nothing was handed in yet."))
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO {ReviewMark._meta.db_table}
                (submission_id, user_id, key, digest, revision_number, marked_at)
            VALUES (%s, %s, %s, %s, %s, now())
            ON CONFLICT (submission_id, user_id, key) DO UPDATE
            SET digest = excluded.digest, revision_number = excluded.revision_number, marked_at = now()
            """,  # noqa: S608 - the table's own name
            [submission.pk, actor.pk, key, digest, submission.revision.number],
        )


def unmark_viewed(submission: Submission, *, key: str, actor: User) -> None:
    require(can_view_submission, actor, submission)
    _check(key)
    ReviewMark.objects.filter(submission=submission, user=actor, key=key).delete()


def _check(key: str) -> None:
    if len(key) > LONGEST_KEY or not _KEY.match(key):
        raise InvalidInput(_("There is nothing of this name to tick."))
