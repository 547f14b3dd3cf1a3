"""A connector that is registered, bound and submitted from its repository by the command line alone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.conf import settings as portal
from django.utils import timezone

from certification.models import Notice, Submission
from connectors.models import CommitUpload, Connector, Repository, RepositoryBinding
from portal.shared import outbox
from tests.certport.conftest import ALL
from tests.factories import ConnectorFactory
from tests.factories.connectors import good_files
from tests.repositories.origins import HOST, TOKEN, USER, Origin, over_http

pytestmark = pytest.mark.django_db(transaction=True)
ADDRESS = f"https://{HOST}/harbour/all.git"
FOLDER = "connectors/tides"


@pytest.fixture
def origin(tmp_path, settings):
    made = Origin.at(tmp_path / "origin.git")
    made.commit({f"{FOLDER}/{name}": content for name, content in good_files()}, "Tides, first")
    settings.REPOSITORY_ROOT = tmp_path / "mirrors"
    with over_http({"/harbour/all.git": made}) as port:
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{port}"]
        yield made


@pytest.fixture
def at_work(certport, cast):
    certport.enter(cast.developer, *ALL, "team:write")
    made = certport("register", "Harbour Tides", "--team", cast.publisher.slug, "--json")
    assert made.code == 0, made.out + made.said
    assert made.document["slug"] == "harbour-tides"
    assert certport("init", "-c", "harbour-tides").code == 0
    return certport


def bind(certport, **more: str):
    return certport(
        "repository", "bind", ADDRESS, "--branch", "dev", "--folder", FOLDER, "--user", USER, "--json", **more
    )


def test_from_the_binding_to_the_draft_of_a_commit(at_work, cast, origin):
    refused = bind(at_work, GIT_TOKEN="wrong")
    assert (refused.code, refused.document["error"]["code"]) == (2, "invalid-input")
    bound = bind(at_work, GIT_TOKEN=TOKEN)
    assert bound.code == 0, bound.out + bound.said
    assert TOKEN not in bound.out + bound.said
    assert Repository.objects.get().secrets["token"].reveal() == TOKEN
    assert at_work("repository", "commits", "--json").document == []
    outbox.drain()
    assert [row["summary"] for row in at_work("repository", "commits", "--json").document] == ["Tides, first"]
    assert "Tides, first" in at_work("repository", "commits").out

    newest = origin.commit({f"{FOLDER}/README.md": b"# Tides"}, "Says what it is for")
    assert at_work("repository", "fetch").code == 0
    outbox.drain()
    taken = at_work("repository", "take", "--draft", "--set", "categories=Data", "--json")
    assert taken.code == 0, taken.out + taken.said
    submission = Submission.objects.get()
    assert (taken.document["reference"], submission.categories) == (submission.reference, ["Data"])
    assert CommitUpload.objects.get(upload__version=submission.version).commit == newest
    blocked = at_work("repository", "take", "--json")
    assert (blocked.code, blocked.document["error"]["code"]) == (1, "blocked")
    assert at_work("repository", "take", "0" * 40).code == 2

    chosen = at_work("repository", "automate", "--mirrors-threads", "--tags-certified", "--json").document
    assert (chosen["mirrors_threads"], chosen["tags_certified"], chosen["submits_commits"]) == (
        True, True, False,
    )  # fmt: skip
    assert at_work("repository", "automate", "--no-tags-certified").code == 0
    binding = RepositoryBinding.objects.get()
    assert (binding.mirrors_threads, binding.tags_certified) == (True, False)
    stands = at_work("repository", "automate").out.splitlines()
    assert [line.rstrip().split("  ")[-1].strip() for line in stands[1:]] == [
        "off (--submits-commits)", "off (--tags-certified)", "on",
    ]  # fmt: skip

    hook = at_work("repository", "hook", "--json").document
    assert hook["address"] == f"{portal.SITE_URL}/hooks/repositories/{Repository.objects.get().pk}/"
    assert Repository.objects.get().secrets["hook"].reveal() == hook["secret"]
    assert f"{ADDRESS}, branch dev, folder {FOLDER}" in at_work("repository", "show").out
    assert at_work("repository", "unbind").code == 0
    assert not RepositoryBinding.objects.exists()
    unbound = at_work("repository", "show")
    assert (unbound.code, "certport repository bind" in unbound.said) == (4, True)


def test_a_sign_in_without_the_right_over_the_team_binds_nothing(at_work, cast, origin):
    at_work.enter(cast.developer)
    refused = bind(at_work, GIT_TOKEN=TOKEN)
    assert refused.code == 4
    assert "certport login --also team:write" in refused.document["error"]["details"][0]
    at_work.enter(cast.stranger, *ALL, "team:write")
    assert bind(at_work, GIT_TOKEN=TOKEN).code == 4
    assert at_work("register", "Ebb", "--team", cast.publisher.slug).code == 2
    assert not Repository.objects.exists()


def test_the_end_of_a_connector_is_announced_when_it_is_meant(certport, cast):
    ConnectorFactory(publisher=cast.publisher, name="Harbour Tides", slug="harbour-tides", state="active")
    certport.enter(cast.owner)
    day = timezone.localdate() + dt.timedelta(days=portal.NOTICE_DAYS + 2)
    asked = [
        "retire",
        "-c",
        "harbour-tides",
        "--on",
        day.isoformat(),
        "-r",
        "Move to Harbour Tides 2 by then.",
    ]
    assert certport(*asked).code == 2
    assert not Notice.objects.exists()
    told = certport(*asked, "--yes", "--json")
    assert told.code == 0, told.out + told.said
    assert told.document["effective_on"] == day.isoformat()
    assert Connector.objects.get().state == "deprecated"
    assert certport(*asked, "--yes").code in (1, 5), "it is announced already"
