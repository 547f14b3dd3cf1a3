"""One failure may be the network; two of the same operation in a row are the connector's."""

from __future__ import annotations

import pytest

from certification.models import SmokeRun
from certification.queries.smoke import smoke_verdicts
from tests.factories.rollouts import scheduled_rollout

pytestmark = pytest.mark.django_db


@pytest.fixture
def deployment(cast):
    return scheduled_rollout(cast, "east").deployments.get()


def runs(deployment, *outcomes: str, operation: str = "GetTides") -> None:
    for attempt, outcome in enumerate(outcomes, start=1):
        SmokeRun.objects.create(
            deployment=deployment, operation_id=operation, attempt=attempt, outcome=outcome, message=outcome
        )


@pytest.mark.parametrize(
    ("outcomes", "verdict"),
    [
        ((), "inconclusive"),
        (("passed",), "passed"),
        (("failed",), "inconclusive"),
        (("failed", "passed"), "passed"),
        (("failed", "failed"), "failed"),
        (("failed", "failed", "passed"), "passed"),
        (("failed", "passed", "failed"), "inconclusive"),
        (("not_run",), "inconclusive"),
    ],
)
def test_the_last_two_runs_of_an_operation_decide(deployment, outcomes, verdict):
    runs(deployment, *outcomes)
    assert smoke_verdicts([deployment.pk])[deployment.pk].outcome == verdict


def test_failures_of_two_operations_are_not_two_in_a_row(deployment):
    runs(deployment, "failed", operation="GetTides")
    runs(deployment, "failed", operation="ListHarbours")
    verdict = smoke_verdicts([deployment.pk])[deployment.pk]
    assert verdict.outcome == "inconclusive"
    assert verdict.undecided == ["GetTides", "ListHarbours"]


def test_one_failing_operation_fails_the_deployment_and_says_why(deployment):
    runs(deployment, "passed", operation="ListHarbours")
    runs(deployment, "failed", "failed", operation="GetTides")
    verdict = smoke_verdicts([deployment.pk])[deployment.pk]
    assert (verdict.outcome, verdict.failing, verdict.message) == ("failed", ["GetTides"], "failed")
