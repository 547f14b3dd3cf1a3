"""A rotation as jobs: it shows how far it is, and goes on after whatever stopped it."""

from __future__ import annotations

import pytest
from cryptography.fernet import Fernet
from django.urls import reverse

from connectors.models import Region
from portal import key_rotation
from portal.shared import outbox, rotation
from portal.shared.errors import Conflict
from portal.shared.models import AuditRecord, OutboxJob
from portal.shared.secrets import Secret
from tests.factories import RegionFactory

pytestmark = pytest.mark.django_db
OLD, NEW = (Fernet.generate_key().decode() for _number in range(2))


@pytest.fixture
def regions(settings):
    settings.FIELD_ENCRYPTION_KEYS = [OLD]
    made = [RegionFactory(credentials={"token": f"token-{number}"}) for number in range(7)]
    settings.FIELD_ENCRYPTION_KEYS = [NEW, OLD]
    return made


@pytest.fixture
def small_jobs(monkeypatch):
    """A batch of one row, two batches a job."""
    monkeypatch.setattr(rotation, "BATCHES_A_JOB", 2)
    monkeypatch.setattr(rotation.go_on, "__kwdefaults__", {"place": "", "after": "", "batch": 1})


def left() -> int:
    return sum(each.left.total() for each in rotation.progress())


def readable(regions) -> bool:
    found = Region.objects.in_bulk([region.pk for region in regions])
    return all(
        found[region.pk].credentials == {"token": Secret(f"token-{number}")}
        for number, region in enumerate(regions)
    )


def test_job_follows_job_until_nothing_is_left_and_the_old_key_can_go(cast, regions, small_jobs, settings):
    key_rotation.start(actor=cast.administrator)
    assert left() == 7
    outbox.drain()
    assert left() == 0
    assert OutboxJob.objects.filter(topic="secrets.rotate", state="done").count() == 4
    settings.FIELD_ENCRYPTION_KEYS = [NEW]
    assert readable(regions)
    assert AuditRecord.objects.get(action="user.rotate_secrets").actor == cast.administrator


def test_a_worker_killed_between_two_batches_costs_nothing(cast, regions, small_jobs, monkeypatch):
    rotate, calls = rotation._rotate_batch, []

    def dies(*given):
        if given[0].table == "connectors_region":
            calls.append(given)
        if len(calls) == 4:
            raise SystemExit
        return rotate(*given)

    key_rotation.start(actor=cast.administrator)
    monkeypatch.setattr(rotation, "_rotate_batch", dies)
    with pytest.raises(SystemExit):
        outbox.drain()
    assert left() == 4
    # The killed worker's lease runs out.
    OutboxJob.objects.filter(topic="secrets.rotate").exclude(state="done").update(
        state="due", lease_until=None
    )
    outbox.drain()
    assert left() == 0
    assert readable(regions)


def test_only_one_rotation_at_a_time(cast, regions):
    key_rotation.start(actor=cast.administrator)
    with pytest.raises(Conflict):
        key_rotation.start(actor=cast.administrator)


def test_the_page_shows_how_far_it_is(cast, regions, sign_in):
    browser, address = sign_in(cast.administrator), reverse("key_rotation")
    assert "7 secrets are under older keys" in browser.get(address).content.decode()
    assert browser.post(address).status_code == 302
    assert "being moved" in browser.get(address).content.decode()
    outbox.drain()
    page = browser.get(address).content.decode()
    assert "may be taken away" in page
    assert "token-1" not in page
    assert sign_in(cast.operator).get(address).status_code == 404
