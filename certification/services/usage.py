"""Use weighs breaking changes: errors that reach nobody count as warnings, with the reason kept."""

from __future__ import annotations

from django.db import transaction

from certification.models import Submission, UsageJudgement, Validation
from certification.queries.usage import judgements_on


def weigh(submission: Submission, validation: Validation) -> int:
    """Judge the errors of an update by today's use; returns how many count as warnings now.

    Called with every check of a package and again when it is handed in, so that nobody goes on with figures
    of another month. Bears being run twice.
    """
    found = judgements_on(submission, validation)
    with transaction.atomic():
        # Two checks of one submission: the later one's figures stay.
        Submission.objects.select_for_update().only("pk").get(pk=submission.pk)
        UsageJudgement.objects.filter(submission=submission).delete()
        UsageJudgement.objects.bulk_create(found)
    return len(found)
