"""Reading real repositories over smart HTTP, ssh and file: in a child, through the guard, within limits."""

from __future__ import annotations

import pytest

from connectors.repositories import Address, Branch, Limits, Place, RepositoryError, fetch, files, heads
from connectors.repositories.addresses import checked_branch, checked_folder
from tests.repositories.origins import HOST, TOKEN, USER, Origin, over_http, over_ssh, private_key

MIB = 1024 * 1024
SECRETS = {"user": USER, "token": TOKEN}


@pytest.fixture
def origin(tmp_path):
    made = Origin.at(tmp_path / "origin.git")
    made.commit({"connectors/tides/apiDefinition.swagger.json": b"{}", "README.md": b"# All"}, "Tides")
    made.commit({"connectors/buoys/apiDefinition.swagger.json": b"[]"}, "Buoys")
    return made


def place_of(tmp_path, port, **changes) -> Place:
    given = {
        "address": f"https://{HOST}/harbour/all.git",
        "mirror": str(tmp_path / "mirror"),
        "secrets": SECRETS,
        "is_public": False,
        "local_hosts": {HOST: ("127.0.0.1", port)},
    }
    return Place(**given | changes)


def summaries(answer, branch, folder):
    return [commit["summary"] for commit in answer["branches"][branch]["folders"][folder]]


def test_over_http_each_folder_has_its_own_commits_and_files(origin, tmp_path):
    with over_http({"/harbour/all.git": origin}) as port:
        place = place_of(tmp_path, port)
        first = fetch(place, [Branch("dev", ["connectors/tides", "connectors/buoys", ""])])
        assert summaries(first, "dev", "connectors/tides") == ["Tides"]
        assert summaries(first, "dev", "connectors/buoys") == ["Buoys"]
        assert summaries(first, "dev", "") == ["Buoys", "Tides"]

        head = first["branches"]["dev"]["head"]
        newest = origin.commit({"connectors/tides/apiDefinition.swagger.json": b'{"a": 1}'}, "Higher tides")
        again = fetch(place, [Branch("dev", ["connectors/tides", "connectors/buoys"], until=head)])
        assert again["branches"]["dev"]["head"] == newest
        assert summaries(again, "dev", "connectors/tides") == ["Higher tides"]
        assert summaries(again, "dev", "connectors/buoys") == []

        found, commit = files(place, sha=newest, folder="connectors/tides", refs=[], most_bytes=MIB)
        assert found == {"apiDefinition.swagger.json": b'{"a": 1}'}
        assert (commit["author"], commit["sha"]) == ("Astrid Quay", newest)
        before, _commit = files(place, sha=head, folder="connectors/tides", refs=[], most_bytes=MIB)
        assert before == {"apiDefinition.swagger.json": b"{}"}


def test_a_mirror_that_was_lost_is_fetched_again_for_its_files(origin, tmp_path):
    sha = origin.commit({"connectors/tides/intro.md": b"High water"}, "Intro")
    with over_http({"/harbour/all.git": origin}) as port:
        place = place_of(tmp_path, port, mirror=str(tmp_path / "elsewhere"))
        found, _commit = files(
            place, sha=sha, folder="connectors/tides", refs=["refs/heads/dev"], most_bytes=MIB
        )
    assert found["intro.md"] == b"High water"


def test_a_wrong_token_an_unknown_repository_and_another_server_are_told_apart(origin, tmp_path):
    with over_http({"/harbour/all.git": origin}) as port:
        assert set(heads(place_of(tmp_path, port))["heads"]) == {"dev"}
        with pytest.raises(RepositoryError, match="credentials") as refused:
            heads(place_of(tmp_path, port, secrets={"user": USER, "token": "wrong"}))
        assert refused.value.kind == "access"
        with pytest.raises(RepositoryError, match="no-repository"):
            heads(place_of(tmp_path, port, address=f"https://{HOST}/harbour/none.git"))
    with pytest.raises(RepositoryError) as gone:
        heads(place_of(tmp_path, port))
    assert TOKEN not in str(gone.value)


@pytest.mark.parametrize(
    "address",
    ["https://127.0.0.1/x/y.git", "https://localhost/x/y", "ssh://git@10.0.0.8/x", "git@printer.local:x/y"],
)
def test_addresses_inside_the_network_are_not_called(tmp_path, address):
    with pytest.raises(RepositoryError) as refused:
        heads(place_of(tmp_path, 1, address=address, is_public=True, local_hosts={}))
    assert refused.value.kind == "address"


def test_files_of_this_machine_are_read_only_where_it_is_allowed(origin, tmp_path):
    address = f"file://{origin.folder}"
    with pytest.raises(RepositoryError, match="local-files"):
        heads(place_of(tmp_path, 1, address=address))
    found = fetch(
        place_of(tmp_path, 1, address=address, local_files=True), [Branch("dev", ["connectors/buoys"])]
    )
    assert summaries(found, "dev", "connectors/buoys") == ["Buoys"]


def test_over_ssh_the_key_of_the_server_is_kept_and_compared(origin, tmp_path):
    key, text = private_key()
    with over_ssh({"/harbour/all.git": origin}, key) as server:
        place = place_of(
            tmp_path, server.port, address=f"ssh://git@{HOST}/harbour/all.git", secrets={"private_key": text}
        )
        found = fetch(place, [Branch("dev", ["connectors/tides"])])
        assert summaries(found, "dev", "connectors/tides") == ["Tides"]
        assert found["host_key"].startswith("SHA256:")
        assert server.commands[0].startswith(b"git-upload-pack ")

        known = place_of(
            tmp_path,
            server.port,
            address=f"ssh://git@{HOST}/harbour/all.git",
            secrets={"private_key": text, "host_key": "SHA256:another"},
        )
        with pytest.raises(RepositoryError, match="host-key") as changed:
            heads(known)
        assert changed.value.kind == "host-key"
        stranger = place_of(
            tmp_path,
            server.port,
            address=f"ssh://git@{HOST}/harbour/all.git",
            secrets={"private_key": private_key()[1]},
        )
        with pytest.raises(RepositoryError, match="key-refused"):
            heads(stranger)


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ((0o120000, b"../../etc/passwd"), "link"),
        ((0o160000, b"1" * 40), "submodule"),
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n", "lfs-pointer"),
        (b"x" * 5000, "too-many-bytes"),
    ],
)
def test_what_is_no_plain_small_file_is_refused_by_name(origin, tmp_path, entry, said):
    sha = origin.commit({"connectors/tides/icon.png": entry}, "Odd")
    place = place_of(tmp_path, 1, address=f"file://{origin.folder}", local_files=True)
    with pytest.raises(RepositoryError, match=said) as refused:
        files(place, sha=sha, folder="connectors/tides", refs=["refs/heads/dev"], most_bytes=4000)
    assert refused.value.values["name"] == "icon.png"


def test_a_pack_beyond_the_limit_and_a_child_without_time_end_as_limits(tmp_path):
    import os

    origin = Origin.at(tmp_path / "large.git")
    origin.commit({"blob.bin": os.urandom(3 * MIB)}, "Large")
    place = place_of(tmp_path, 1, address=f"file://{origin.folder}", local_files=True)
    with pytest.raises(RepositoryError) as large:
        fetch(place, [Branch("dev", [""])], limits=Limits(file_bytes=MIB))
    assert large.value.kind == "limit"
    with pytest.raises(RepositoryError, match="too-slow"):
        fetch(place, [Branch("dev", [""])], limits=Limits(wall_seconds=0.05))


def test_what_an_ended_child_left_half_written_goes_with_the_next_one(origin, tmp_path):
    place = place_of(tmp_path, 1, address=f"file://{origin.folder}", local_files=True)
    fetch(place, [Branch("dev", [""])])
    left = [tmp_path / "mirror/objects/tmp_pack_x", tmp_path / "mirror/objects/pack/tmp1.pack"]
    for each in left:
        each.write_bytes(b"half")
    assert summaries(fetch(place, [Branch("dev", [""])]), "dev", "") == ["Buoys", "Tides"]
    assert [each.exists() for each in left] == [False, False]


def test_a_branch_that_was_rewritten_or_taken_away_is_told_as_it_is(origin, tmp_path):
    place = place_of(tmp_path, 1, address=f"file://{origin.folder}", local_files=True)
    old = fetch(place, [Branch("dev", [""])])["branches"]["dev"]["head"]
    origin.repo.refs[b"refs/heads/dev"] = origin.repo[old.encode()].parents[0]
    rewritten = fetch(place, [Branch("dev", [""], until=old)])
    assert summaries(rewritten, "dev", "") == ["Tides"]
    del origin.repo.refs[b"refs/heads/dev"]
    assert fetch(place, [Branch("dev", [""])])["branches"] == {}


def test_addresses_have_one_spelling_and_no_secrets():
    assert (
        Address.parse("git@Git.Harbour.Example:team/all.git").text
        == "ssh://git@git.harbour.example/~/team/all.git"
    )
    assert (
        Address.parse("https://git.harbour.example/team/all/").text == "https://git.harbour.example/team/all"
    )
    again = Address.parse("ssh://git@git.harbour.example/~/team/all.git")
    assert again.text == "ssh://git@git.harbour.example/~/team/all.git"
    for wrong in (
        "http://a.example/x",
        "https://u:p@a.example/x",
        "https://a.example/",
        "ext::sh -c id",
        "-oProxy",
    ):
        with pytest.raises(RepositoryError):
            Address.parse(wrong)
    assert checked_folder("/connectors/tides/") == "connectors/tides"
    for wrong in ("../x", "a/./b", "a/.git/b"):
        with pytest.raises(RepositoryError):
            checked_folder(wrong)
    assert checked_branch("refs/heads/release/1.x") == "release/1.x"
    for wrong in ("", "a..b", "-x", "x.lock", "a b", "x@{1}"):
        with pytest.raises(RepositoryError):
            checked_branch(wrong)
