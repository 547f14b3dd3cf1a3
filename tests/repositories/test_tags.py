"""Annotated tags pushed to real repositories: once, never moved, and told when the credentials may only read."""

from __future__ import annotations

import pytest
from dulwich.objects import Commit, Tag

from connectors.repositories import RepositoryError, tag, tag_name
from tests.repositories.origins import HOST, TOKEN, USER, Origin, over_http, over_ssh, private_key
from tests.repositories.test_reading import place_of

NAME = "certified/tides/1.2.0"
REF = f"refs/tags/{NAME}".encode()


@pytest.fixture
def origin(tmp_path):
    made = Origin.at(tmp_path / "origin.git")
    made.first = made.commit({"connectors/tides/apiDefinition.swagger.json": b"{}"}, "Tides")
    made.second = made.commit({"README.md": b"# All"}, "Read me")
    yield made
    made.repo.close()


def push(
    place,
    commit: str,
    *,
    message: str = "Tides 1.2.0 is certified\n\nCertificate: sha256:00\n",
    at: int = 1_790_000_000,
) -> bool:
    return tag(
        place, name=NAME, commit=commit, message=message, tagger="Portal <portal@harbour.example>", at=at
    )


def test_over_http_a_tag_is_pushed_once_and_leads_to_the_commit(origin, tmp_path):
    with over_http({"/harbour/all.git": origin}) as port:
        place = place_of(tmp_path, port)
        assert push(place, origin.first) is True
        made = origin.repo[origin.repo.refs[REF]]
        assert isinstance(made, Tag)
        assert made.object == (Commit, origin.first.encode())
        assert (made.name, made.tagger, made.tag_time) == (
            NAME.encode(),
            b"Portal <portal@harbour.example>",
            1_790_000_000,
        )
        assert b"Certificate: sha256:00" in made.message
        # The very same again, and one that somebody else made at the same commit.
        assert push(place, origin.first) is False
        assert push(place, origin.first, message="In other words\n") is False
        assert origin.repo.refs[REF] == made.id


def test_a_tag_that_leads_elsewhere_is_left_as_it_is(origin, tmp_path):
    with over_http({"/harbour/all.git": origin}) as port:
        place = place_of(tmp_path, port)
        push(place, origin.first)
        before = origin.repo.refs[REF]
        with pytest.raises(RepositoryError) as taken:
            push(place, origin.second)
        assert (taken.value.code, taken.value.values) == ("tag-taken", {"tag": NAME})
        assert origin.repo.refs[REF] == before
        origin.repo.refs[REF] = origin.second.encode()
        assert push(place, origin.second) is False, "a plain tag at the commit will do"


def test_over_ssh_a_tag_is_pushed_as_well(origin, tmp_path):
    key, text = private_key()
    with over_ssh({"/harbour/all.git": origin}, key) as server:
        place = place_of(
            tmp_path, server.port, address=f"ssh://git@{HOST}/harbour/all.git", secrets={"private_key": text}
        )
        assert push(place, origin.first) is True
        assert push(place, origin.first) is False
        assert server.commands[0].startswith(b"git-receive-pack ")
    assert origin.repo[origin.repo.refs[REF]].object[1] == origin.first.encode()


def test_credentials_that_may_not_write_are_told_as_that(origin, tmp_path):
    with over_http({"/harbour/all.git": origin}) as port, pytest.raises(RepositoryError) as refused:
        push(place_of(tmp_path, port, secrets={"user": USER, "token": "only-for-reading"}), origin.first)
    assert refused.value.code == "read-only"
    assert TOKEN not in str(refused.value)
    assert REF not in origin.repo.refs


def test_names_of_tags_are_fit_for_git():
    assert tag_name("certified", "harbour-tides", "1.2.0") == "certified/harbour-tides/1.2.0"
    assert tag_name("certified", "tides", "1.2.0 beta~1^{}:?*[") == "certified/tides/1.2.0-beta-1"
    assert tag_name("certified", "tides", "..") == "certified/tides/x"
    assert tag_name("certified", "tides", "a..b.lock") == "certified/tides/a-b"
