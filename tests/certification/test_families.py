"""Siblings with the same change: found by comparison, decided along, each by itself."""

from __future__ import annotations

import copy

import pytest
from django.urls import reverse

from certification.models import Decision, Submission
from certification.queries.families import siblings_of
from certification.rules.examples import base
from certification.services import families, threads
from connectors.services.versions import receive_upload
from portal.shared.errors import InvalidInput
from tests.conftest import Cast
from tests.factories import ConnectorFactory
from tests.factories.reviews import archive, in_review, resubmit, reviewed

pytestmark = pytest.mark.django_db


def update(cast: Cast, name: str, host: str, **more: str) -> Submission:
    """In review for a connector whose live version is on another host."""
    connector = ConnectorFactory(publisher=cast.publisher, name=name)
    live = receive_upload(connector, files=[("p.zip", archive(base.DEFINITION))], actor=cast.owner).version
    definition = copy.deepcopy(base.DEFINITION)
    definition["info"] |= {"version": "1.1.0", **more}
    definition["host"] = host
    submission = resubmit(in_review(cast.owner, connector), archive(definition), cast.owner)
    connector.live_version = live
    connector.save(update_fields=["live_version"])
    Submission.objects.filter(pk=submission.pk).update(kind="update")
    return reviewed(submission)


def decision(submission: Submission, *also: Submission) -> dict[str, object]:
    chosen = [f"{each.pk}:{each.revision.version.digest}" for each in also]
    digest = submission.revision.version.digest
    return {"verdict": "request_changes", "reasons": "Not this host.", "digest": digest, "also": chosen}


def test_the_same_change_makes_siblings_and_more_of_it_an_exception(cast: Cast) -> None:
    first = update(cast, "Tides", "new.example")
    second = update(cast, "Berths", "new.example")
    third = update(cast, "Pilots", "new.example", description="Pilots of the harbours of the whole coast.")
    update(cast, "Cranes", "other.example")
    found = [(each.id, each.exceptions > 0) for each in siblings_of(first)]
    assert found == [(second.pk, False), (third.pk, True)]
    assert siblings_of(in_review(cast.owner)) == []


def test_one_verdict_for_the_family_and_one_record_each(cast: Cast, sign_in) -> None:
    first, second = update(cast, "Tides", "new.example"), update(cast, "Berths", "new.example")
    browser = sign_in(cast.reviewer)
    assert "1 sibling" in browser.get(reverse("review_detail", args=[first.pk])).content.decode()
    answer = browser.post(reverse("review_decide", args=[first.pk]), decision(first, second), follow=True)
    assert "The same for 1 of 1 siblings." in answer.content.decode()
    assert set(Decision.objects.values_list("submission", flat=True)) == {first.pk, second.pk}


def test_what_is_no_sibling_is_refused_before_anything_is_decided(cast: Cast, sign_in) -> None:
    first, other = update(cast, "Tides", "new.example"), update(cast, "Cranes", "other.example")
    with pytest.raises(InvalidInput):
        families.check_siblings(first, {other.pk: other.revision.version.digest})
    answer = sign_in(cast.reviewer).post(reverse("review_decide", args=[first.pk]), decision(first, other))
    assert answer.status_code == 400
    assert not Decision.objects.exists()


def test_what_stands_in_the_way_of_one_is_told_and_holds_up_no_other(cast: Cast, sign_in) -> None:
    first, second, third = (update(cast, name, "new.example") for name in ("Tides", "Berths", "Pilots"))
    threads.open_thread(second, body="Which host?", actor=cast.second_reviewer)
    sent = decision(first, second, third) | {"verdict": "approve", "reasons": ""}
    answer = sign_in(cast.reviewer).post(reverse("review_decide", args=[first.pk]), sent, follow=True)
    words = answer.content.decode()
    assert f"{second.reference} was not decided." in words
    assert "The same for 1 of 2 siblings." in words
    assert set(Decision.objects.values_list("submission", flat=True)) == {first.pk, third.pk}
