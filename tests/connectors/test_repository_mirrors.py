"""Mirrors that many fetches left in many packs are tidied, one at a time."""

from __future__ import annotations

import pytest
from dulwich.objects import Blob

from connectors.models import Repository
from connectors.repositories import packing
from connectors.repositories.mirror import opened
from connectors.services import repository_mirrors
from tests.factories import PublisherFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def repository(tmp_path, settings):
    settings.REPOSITORY_ROOT = tmp_path / "repositories"
    settings.REPOSITORY_ROOT.mkdir()
    settings.REPOSITORY_LOCAL_FILES = True
    made = Repository.objects.create(publisher=PublisherFactory(), address=f"file://{tmp_path}/origin.git")
    with opened(settings.REPOSITORY_ROOT / str(made.pk)) as mirror:
        for number in range(packing.MOST_SMALL + 1):
            mirror.object_store.add_objects([(Blob.from_string(b"%d" % number), None)])
    return made


def packs(settings, repository) -> int:
    return len(list((settings.REPOSITORY_ROOT / str(repository.pk)).glob("objects/pack/*.pack")))


def test_the_child_joins_them(repository, settings):
    assert packs(settings, repository) == packing.MOST_SMALL + 1
    assert repository_mirrors.tidy_a_mirror() == packing.MOST_SMALL + 1
    assert packs(settings, repository) == 1
    assert repository_mirrors.tidy_a_mirror() == 0


def test_one_that_cannot_be_read_is_left_as_it_is(repository, settings):
    folder = settings.REPOSITORY_ROOT / str(repository.pk)
    broken = next(folder.glob("objects/pack/*.pack"))
    broken.chmod(0o644)
    broken.write_bytes(b"no pack")
    assert repository_mirrors.tidy_a_mirror() == 0
    assert packs(settings, repository) == packing.MOST_SMALL + 1


def test_without_mirrors_there_is_nothing_to_do(settings, tmp_path):
    settings.REPOSITORY_ROOT = tmp_path / "nowhere"
    assert repository_mirrors.tidy_a_mirror() == 0
