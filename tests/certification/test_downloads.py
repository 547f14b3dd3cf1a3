"""Lists as files: the rows of the page, nothing of others, and no formula."""

from __future__ import annotations

import csv
import io

from django.urls import reverse

from certification.services import validation
from tests.factories import ConnectorFactory
from tests.factories.rollouts import scheduled_rollout
from tests.factories.submissions import WITH_ERROR, draft, submission_in


def rows_of(response) -> list[list[str]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert "attachment" in response["Content-Disposition"]
    return list(csv.reader(io.StringIO(response.content.decode())))


def test_the_list_of_submissions_keeps_to_its_filters_and_its_reader(cast, sign_in):
    kept = draft(cast.owner, ConnectorFactory(publisher=cast.publisher, name="Kelp Forest"))
    draft(cast.owner, ConnectorFactory(publisher=cast.publisher, name="Zebra Ledger"))
    draft(cast.stranger, ConnectorFactory(publisher=cast.other_publisher, name="Kelp of Others"))
    header, *rows = rows_of(sign_in(cast.owner).get(reverse("submission_list_csv"), {"q": "kelp"}))
    assert header[0] == "reference"
    assert [row[:2] for row in rows] == [[kept.reference, "Kelp Forest"]]
    assert rows_of(sign_in(cast.owner).get(reverse("submission_list_csv"), {"q": "\0nothing"}))[1:] == []


def test_a_name_that_a_spreadsheet_would_run_is_escaped(cast, sign_in):
    draft(cast.owner, ConnectorFactory(publisher=cast.publisher, name="=HYPERLINK(1)"))
    (row,) = rows_of(sign_in(cast.owner).get(reverse("submission_list_csv")))[1:]
    assert row[1].startswith("'=")


def test_the_findings_of_the_verdict(cast, sign_in):
    submission = submission_in("validation_failed", cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    header, *rows = rows_of(sign_in(cast.owner).get(reverse("finding_list_csv", args=[submission.pk])))
    assert header[0] == "rule"
    assert rows
    assert {len(row) for row in rows} == {len(header)}
    assert sign_in(cast.stranger).get(reverse("finding_list_csv", args=[submission.pk])).status_code == 404
    empty = draft(cast.owner, ConnectorFactory(publisher=cast.publisher))
    assert rows_of(sign_in(cast.owner).get(reverse("finding_list_csv", args=[empty.pk])))[1:] == []


def test_the_regions_of_a_rollout(cast, sign_in):
    rollout = scheduled_rollout(cast, "north south", "east")
    header, *rows = rows_of(sign_in(cast.owner).get(reverse("rollout_regions_csv", args=[rollout.pk])))
    assert header[:3] == ["wave", "region", "code"]
    assert {"north", "south", "east"} <= {row[2] for row in rows}
    assert sign_in(cast.stranger).get(reverse("rollout_regions_csv", args=[rollout.pk])).status_code == 404
