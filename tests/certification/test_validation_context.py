"""What the rules are told besides the package: the titles and icons of other connectors."""

from __future__ import annotations

import pytest
from django.db import transaction

from certification.models import Finding
from certification.services import validation
from connectors.services.connectors import mark_version
from portal.shared import storage
from portal.shared.actors import SYSTEM
from tests.factories import ConnectorFactory
from tests.factories.submissions import numbered, ready_draft, uploaded_version

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _no_icons_of_other_tests():
    validation._icon_digest.cache_clear()


def other_connector(cast, number=7):
    connector = ConnectorFactory(publisher=cast.owner.publishers.first(), name="Coast Weather")
    version = uploaded_version(connector, cast.owner, numbered(number))
    with transaction.atomic():
        mark_version(connector, pointer="live", version=version, actor=SYSTEM)
    return version


def icon_findings(cast) -> list[str]:
    submission = ready_draft(cast.owner)
    validation.check_draft(str(submission.pk))
    return list(Finding.objects.filter(message__contains="Coast Weather").values_list("file", flat=True))


def test_the_icon_of_another_live_connector_is_found(cast):
    other_connector(cast)
    assert icon_findings(cast) == ["icon.png"]


def test_the_connectors_own_icon_is_none_of_another(cast):
    assert icon_findings(cast) == []


def test_damaged_bytes_of_another_connector_do_not_stop_the_check(cast):
    # Bytes of its own: packages are stored by their digest, for every test of this run.
    storage.path_of(other_connector(cast, number=8).digest).write_bytes(b"damaged")
    assert icon_findings(cast) == []
