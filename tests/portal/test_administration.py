"""The index of administration: what there is, who changed it last, what it was before, and for whose eyes."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from certification.planning.trains import Timetable
from certification.services import trains
from portal.accounts.services import set_staff_role
from portal.administration import SUBJECTS
from portal.shared import audit, history

pytestmark = pytest.mark.django_db


def friday(name="Friday train", **more):
    return trains.TrainDraft(Timetable(name, **more))


def test_the_index_counts_and_names_the_last_change(cast, sign_in):
    trains.create_train(friday(), actor=cast.operator)
    page = sign_in(cast.operator).get(reverse("administration"))
    line = next(each for each in page.context["lines"] if each.subject.url_name == "train_list")
    assert (line.count, line.last.actor, line.last.text) == (1, "Operator", "made the train")


def test_staff_roles_are_for_administrators_only(cast, sign_in):
    set_staff_role(cast.viewer, role="reviewer", reason="She knows the tides.", actor=cast.administrator)
    address = reverse("administration_history", args=["user"])
    assert sign_in(cast.operator).get(address).status_code == 404
    page = sign_in(cast.administrator).get(address)
    assert b"She knows the tides." in page.content
    assert sign_in(cast.owner).get(reverse("administration")).status_code == 403


def test_a_history_says_what_became_what(cast, sign_in):
    train = trains.create_train(friday(), actor=cast.operator)
    trains.change_train(train, friday(capacity=7), reason="More place.", actor=cast.operator)
    entry = history.entries(audit.history(train))[0]
    assert any(change.startswith("places: ") and change.endswith(" → 7") for change in entry.changes)
    page = sign_in(cast.operator).get(reverse("administration_history", args=["train"]))
    assert entry.changes[0] in page.content.decode()


def test_every_subject_has_a_page_and_a_history(cast, sign_in):
    browser = sign_in(cast.administrator)
    for subject in SUBJECTS:
        assert browser.get(reverse(subject.url_name)).status_code == 200, subject.url_name
        assert browser.get(reverse("administration_history", args=[subject.nouns[0]])).status_code == 200


def test_the_index_costs_the_same_with_more_changes(cast, sign_in, django_assert_num_queries):
    browser = sign_in(cast.administrator)
    browser.get(reverse("administration"))
    with CaptureQueriesContext(connection) as first:
        browser.get(reverse("administration"))
    for number in range(5):
        trains.create_train(friday(f"Train {number}"), actor=cast.operator)
    with django_assert_num_queries(len(first)):
        browser.get(reverse("administration"))
