"""Connectors bound to repositories: commits are seen, packages taken from them, messages believed once."""

from __future__ import annotations

import hashlib
import hmac
import json

import pytest
from django.urls import reverse
from django.utils import timezone

from certification.models import Submission
from certification.services import commits
from connectors.models import CommitUpload, Repository, RepositoryBinding
from connectors.services import repositories, repository_fetching
from portal.shared import outbox
from portal.shared.errors import IllegalTransition, InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from tests.factories import ConnectorFactory
from tests.factories.connectors import good_files
from tests.factories.reviews import in_review
from tests.repositories.origins import HOST, TOKEN, USER, Origin, over_http

ADDRESS = f"https://{HOST}/harbour/all.git"
FOLDER = "connectors/tides"


def package(folder: str = FOLDER, **options) -> dict[str, bytes]:
    return {f"{folder}/{name}": content for name, content in good_files(**options)}


@pytest.fixture
def origin(tmp_path, settings):
    made = Origin.at(tmp_path / "origin.git")
    made.commit({**package(), "README.md": b"# All"}, "Tides, first")
    settings.REPOSITORY_ROOT = tmp_path / "mirrors"
    with over_http({"/harbour/all.git": made}) as port:
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{port}"]
        yield made
    made.repo.close()


def draft_of(**changes) -> repositories.BindingDraft:
    given = {"address": ADDRESS, "branch": "dev", "folder": FOLDER, "user": USER, "token": TOKEN}
    return repositories.BindingDraft(**given | changes)


@pytest.fixture
def binding(cast, origin):
    connector = ConnectorFactory(publisher=cast.publisher)
    repositories.bind_connector(connector, draft_of(), actor=cast.developer)
    outbox.drain()
    return RepositoryBinding.objects.get(connector=connector)


def look(binding: RepositoryBinding) -> list[str]:
    repository_fetching.fetch_repository(str(binding.repository_id))
    binding.refresh_from_db()
    return [commit["summary"] for commit in binding.commits]


@pytest.mark.django_db
def test_binding_reads_the_commits_and_keeps_the_token_to_itself(cast, binding):
    assert [commit["summary"] for commit in binding.commits] == ["Tides, first"]
    repository = binding.repository
    assert (repository.last_error, repository.fetched_at is None) == ("", False)
    with_token = Repository.objects.extra(select={"raw": "secrets"}).get()
    assert TOKEN not in with_token.raw
    assert with_token.secrets["token"].reveal() == TOKEN


@pytest.mark.django_db
def test_new_commits_of_the_folder_come_to_the_front_and_others_never_appear(binding, origin):
    origin.commit({"connectors/buoys/apiDefinition.swagger.json": b"{}"}, "Somebody else's")
    origin.commit({f"{FOLDER}/intro.md": b"# Tides"}, "An introduction")
    assert look(binding) == ["An introduction", "Tides, first"]
    assert look(binding) == ["An introduction", "Tides, first"]
    origin.repo.refs[b"refs/heads/dev"] = origin.repo[origin.repo.refs[b"refs/heads/dev"]].parents[0]
    assert look(binding) == ["Tides, first"]


@pytest.mark.django_db
def test_the_package_of_a_commit_goes_into_the_form_and_is_the_same_when_taken_again(cast, binding, origin):
    submission = commits.take_commit(binding, actor=cast.developer)
    assert submission.state == "draft"
    taken = CommitUpload.objects.get()
    assert (taken.commit, taken.folder) == (binding.newest["sha"], FOLDER)
    assert submission.version == taken.upload.version
    names = {entry["name"] for entry in submission.version.tree}
    assert "apiDefinition.swagger.json" in names
    assert not any("connectors/" in name for name in names)

    again = commits.take_commit(binding, binding.newest["sha"], actor=cast.owner)
    assert (again.pk, again.version_id) == (submission.pk, submission.version_id)

    sha = origin.commit({f"{FOLDER}/intro.md": b"# Tides\n\nHigh water."}, "An introduction")
    look(binding)
    newer = commits.take_commit(binding, sha, actor=cast.owner)
    assert newer.version_id != submission.version_id
    assert newer.version.connector.versions.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ((0o120000, b"/etc/passwd"), "symbolic link"),
        (b"version https://git-lfs.github.com/spec/v1\n", "Git LFS"),
        ((0o160000, b"1" * 40), "submodule"),
    ],
)
def test_what_is_no_package_is_refused_and_leaves_nothing(cast, binding, origin, entry, said):
    sha = origin.commit({f"{FOLDER}/apiDefinition.swagger.json": entry}, "Odd")
    look(binding)
    with pytest.raises(InvalidInput) as refused:
        commits.take_commit(binding, sha, actor=cast.owner)
    assert said in refused.value.message + " ".join(refused.value.fields["commit"])
    assert not Submission.objects.exists()
    assert not CommitUpload.objects.exists()


@pytest.mark.django_db
def test_only_the_makers_bind_and_take(cast, binding):
    for person in (cast.viewer, cast.stranger, cast.reviewer, cast.operator):
        with pytest.raises(NotPermitted):
            commits.take_commit(binding, actor=person)
        with pytest.raises(NotPermitted):
            repositories.bind_connector(binding.connector, draft_of(), actor=person)
        with pytest.raises(NotPermitted):
            repositories.unbind_connector(binding, actor=person)
        with pytest.raises(NotPermitted):
            repositories.rotate_hook_secret(binding, actor=person)


@pytest.mark.django_db
def test_a_form_that_is_with_the_reviewers_is_not_changed(cast, binding):
    in_review(cast.owner, binding.connector)
    with pytest.raises(IllegalTransition):
        commits.take_commit(binding, actor=cast.owner)


@pytest.mark.django_db
def test_nothing_is_stored_of_a_repository_that_does_not_answer(cast, origin):
    connector = ConnectorFactory(publisher=cast.publisher)
    wrong = {
        "token": draft_of(token="wrong"),
        "branch": draft_of(branch="main"),
        "address": draft_of(address="https://10.0.0.1/x/y.git"),
        "folder": draft_of(folder="../x"),
    }
    for field, draft in wrong.items():
        with pytest.raises(InvalidInput) as refused:
            repositories.bind_connector(connector, draft, actor=cast.owner)
        assert field in refused.value.fields
        assert TOKEN not in str(refused.value.fields)
    assert not Repository.objects.exists()


@pytest.mark.django_db
def test_two_connectors_share_one_mirror_and_two_teams_never_do(cast, binding, origin):
    origin.commit(package("connectors/buoys"), "Buoys")
    second = ConnectorFactory(publisher=cast.publisher)
    repositories.bind_connector(
        second, draft_of(folder="connectors/buoys", token="", user=""), actor=cast.owner
    )
    look(binding)
    assert Repository.objects.count() == 1
    second.binding.refresh_from_db()
    assert [commit["summary"] for commit in second.binding.commits] == ["Buoys"]
    with pytest.raises(InvalidInput, match="cannot be bound"):
        repositories.bind_connector(second, draft_of(), actor=cast.owner)

    theirs = ConnectorFactory(publisher=cast.other_publisher)
    with pytest.raises(InvalidInput) as refused:
        repositories.bind_connector(theirs, draft_of(token="", user=""), actor=cast.stranger)
    assert "token" in refused.value.fields

    repositories.unbind_connector(binding, actor=cast.owner)
    assert Repository.objects.count() == 1
    repositories.unbind_connector(second.binding, actor=cast.owner)
    assert not Repository.objects.exists()


@pytest.mark.django_db
def test_the_poller_asks_once_a_turn_and_a_failure_is_told_on_the_page(
    cast, binding, origin, sign_in, settings
):
    Repository.objects.update(tried_at=timezone.now())
    assert repository_fetching.poll_repositories() == 0
    Repository.objects.update(tried_at=None)
    assert repository_fetching.poll_repositories() == 1
    assert repository_fetching.poll_repositories() == 0
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:1"]
    outbox.drain()
    binding.repository.refresh_from_db()
    assert binding.repository.last_error == "connection-broke"
    page = sign_in(cast.viewer).get(reverse("connector_repository", args=[binding.connector_id]))
    assert "The connection broke." in page.content.decode()
    assert "Tides, first" in page.content.decode()


def tell(client, binding, secret: str, *, body: bytes = b'{"ref": "refs/heads/dev"}', **headers):
    signed = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    sent = {"X-Hub-Signature-256": f"sha256={signed}", "X-GitHub-Delivery": "one", "X-GitHub-Event": "push"}
    address = reverse("repository_hook", args=[binding.repository_id])
    return client.post(address, data=body, content_type="application/json", headers=sent | headers)


@pytest.mark.django_db
def test_a_push_is_believed_when_it_is_signed_and_only_once(cast, binding, origin, client):
    assert tell(client, binding, "guessed").status_code == 401
    secret = repositories.rotate_hook_secret(binding, actor=cast.owner).reveal()
    assert tell(client, binding, "guessed").status_code == 401
    assert tell(client, binding, secret, **{"X-GitHub-Delivery": ""}).status_code == 400
    origin.commit({f"{FOLDER}/intro.md": b"# Tides"}, "An introduction")
    assert tell(client, binding, secret).status_code == 202
    outbox.drain()
    binding.refresh_from_db()
    assert binding.newest["summary"] == "An introduction"

    before = OutboxJob.objects.count()
    assert tell(client, binding, secret).status_code == 409
    # The id is not signed: the same bytes under another id are the same message.
    assert tell(client, binding, secret, **{"X-GitHub-Delivery": "two"}).status_code == 409
    assert OutboxJob.objects.count() == before
    newer = repositories.rotate_hook_secret(binding, actor=cast.owner).reveal()
    other = {"body": b'{"zen": 1}', "X-GitHub-Delivery": "three", "X-GitHub-Event": "ping"}
    assert tell(client, binding, secret, **other).status_code == 401
    assert tell(client, binding, newer, **other).json()["outcome"].startswith("Answered")


@pytest.mark.django_db
def test_the_pages_lead_from_a_commit_to_the_form(cast, binding, sign_in):
    client = sign_in(cast.developer)
    page = client.get(reverse("connector_repository", args=[binding.connector_id])).content.decode()
    assert "Submit from this commit" in page
    assert TOKEN not in page
    form = client.get(reverse("repository_bind", args=[binding.connector_id])).content.decode()
    assert TOKEN not in form
    answer = client.post(
        reverse("commit_take", args=[binding.connector_id]), {"commit": binding.newest["sha"]}
    )
    submission = Submission.objects.get()
    assert answer["Location"] == reverse("submission_edit", args=[submission.pk])
    page = client.get(reverse("connector_repository", args=[binding.connector_id])).content.decode()
    assert "Submit from this commit" not in page
    viewer = sign_in(cast.viewer).get(reverse("connector_repository", args=[binding.connector_id]))
    assert "Submit from this commit" not in viewer.content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("count", [5, 20])
def test_the_page_asks_the_same_for_few_and_many_commits(
    cast, binding, sign_in, count, django_assert_max_num_queries
):
    binding.commits = [{**binding.newest, "sha": f"{number:040x}"} for number in range(count)]
    binding.save()
    client = sign_in(cast.developer)
    address = reverse("connector_repository", args=[binding.connector_id])
    client.get(address)
    # A page of one connector with four lists: commits, what came of them, tags, messages.
    with django_assert_max_num_queries(10):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_programs_bind_and_take_through_the_api(cast, origin, client):
    connector = ConnectorFactory(publisher=cast.publisher)
    client.force_login(cast.owner)
    address = reverse("api:connector_repository", args=[connector.pk])
    assert client.get(address).status_code == 404
    body = {"address": ADDRESS, "branch": "dev", "folder": FOLDER, "user": USER, "token": TOKEN}
    bound = client.put(address, json.dumps(body), content_type="application/json")
    assert (bound.status_code, TOKEN in bound.content.decode()) == (200, False)
    outbox.drain()
    (commit,) = client.get(address).json()["commits"]
    taken = client.post(
        reverse("api:commit_take", args=[connector.pk]),
        {"commit": commit["sha"]},
        content_type="application/json",
    )
    assert (taken.status_code, taken.json()["state"]) == (201, "draft")
    assert client.delete(address).status_code == 204
    assert not Repository.objects.exists()
