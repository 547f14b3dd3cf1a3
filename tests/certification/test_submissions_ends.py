"""What ends a submission from outside."""

from __future__ import annotations

from certification.models import Submission
from connectors.services.connectors import cancel_connector
from tests.factories.submissions import draft


def test_giving_up_a_connector_withdraws_what_it_had_under_way(cast, drain_outbox):
    submission = draft(cast.owner)
    cancel_connector(submission.connector, reason="Not needed", actor=cast.owner)
    drain_outbox()
    submission = Submission.objects.get(pk=submission.pk)
    assert submission.state == "withdrawn"


def test_running_the_job_twice_changes_nothing_more(cast, drain_outbox):
    from certification.services.submissions import withdraw_with_connector

    submission = draft(cast.owner)
    withdraw_with_connector(str(submission.connector_id))
    assert Submission.objects.get(pk=submission.pk).state == "draft", "the connector was not given up"
    cancel_connector(submission.connector, reason="Not needed", actor=cast.owner)
    drain_outbox()
    withdraw_with_connector(str(submission.connector_id))
    assert Submission.objects.get(pk=submission.pk).state == "withdrawn"
