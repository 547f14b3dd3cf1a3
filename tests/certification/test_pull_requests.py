"""Pull requests of bound repositories: seen, checked for the folders they touch, and answered where they stand."""

from __future__ import annotations

import copy
import json

import pytest
from django.urls import reverse
from django.utils.translation import override

from certification.forges import ForgeError, GitHubForge
from certification.models import ForgeConnection, PullRequest, PullRequestAnswer, PullRequestCheck
from certification.queries.pull_requests import finding_sections
from certification.queries.required_checks import required_checks
from certification.rule_words import message_in, rule_in
from certification.rules.examples import base
from certification.rules.registry import metadata
from certification.services import agreements, forges, pull_request_answers, pull_requests
from connectors.models import Repository, RepositoryBinding, RepositoryDelivery
from connectors.repositories import RepositoryError
from connectors.services import repositories
from portal.shared import outbox
from portal.shared.errors import InvalidInput, NotPermitted
from portal.shared.models import OutboxJob
from portal.shared.secrets import Secret
from tests.factories import ConnectorFactory
from tests.forges.github_server import API, APP_TOKEN, PERSONAL_TOKEN, serving, signed
from tests.forges.github_server import HOST as GITHUB
from tests.repositories.origins import HOST, TOKEN, USER, Origin, over_http

ADDRESS = f"https://{HOST}/harbour/all.git"
FOLDER = "connectors/tides"
DEFINITION = f"{FOLDER}/apiDefinition.swagger.json"


def package(folder: str = FOLDER) -> dict[str, bytes]:
    """A connector that breaks no rule."""
    files = {
        "apiDefinition.swagger.json": json.dumps(base.DEFINITION, indent=2).encode(),
        "apiProperties.json": json.dumps(base.PROPERTIES).encode(),
        "readme.md": base.README.encode(),
        "icon.png": base.ICON,
    }
    return {f"{folder}/{name}": content for name, content in files.items()}


@pytest.fixture
def origin(tmp_path, settings):
    made = Origin.at(tmp_path / "origin.git")
    made.commit({**package(), **package("connectors/buoys"), "README.md": b"# All"}, "All")
    settings.REPOSITORY_ROOT = tmp_path / "mirrors"
    with over_http({"/harbour/all.git": made}) as port, serving() as hub:
        made.hub = hub
        settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{port}", f"{GITHUB}=127.0.0.1:{hub.port}"]
        yield made


@pytest.fixture
def hub(origin):
    return origin.hub


def bind(connector, actor, folder: str = FOLDER) -> RepositoryBinding:
    """As `repositories.bind_connector` leaves it, without asking the server first."""
    repository, _is_new = Repository.objects.get_or_create(
        publisher=connector.publisher,
        address=ADDRESS,
        defaults={"secrets": {"user": Secret(USER), "token": Secret(TOKEN)}},
    )
    return RepositoryBinding.objects.create(
        connector=connector,
        repository=repository,
        branch="dev",
        folder=folder,
        is_read=True,
        created_by=actor,
    )


@pytest.fixture
def binding(cast, origin):
    return bind(ConnectorFactory(publisher=cast.publisher, name="Harbour Tides"), cast.developer)


@pytest.fixture
def on_github(binding):
    ForgeConnection.objects.create(
        repository=binding.repository, kind="github", api_url=API, name="harbour/all",
        secrets={"token": Secret(APP_TOKEN)},
    )  # fmt: skip
    return binding


def propose(origin: Origin, changes: dict, number: int = 7, *, start: str = "dev") -> str:
    """A commit on top of a branch as GitHub shows the head of a fork; later ones follow the first."""
    kept, ref = dict(origin.files), f"refs/pull/{number}/head"
    if ref.encode() not in origin.repo.refs:
        origin.branch(ref, origin.repo.refs[f"refs/heads/{start}".encode()].decode())
    else:
        origin.files |= origin.proposed[number]
    sha = origin.commit(changes, f"Change {number}", ref=ref)
    origin.proposed = {**getattr(origin, "proposed", {}), number: dict(origin.files)}
    origin.files = kept
    return sha


def without_operation(origin: Origin) -> bytes:
    """The definition of the base, with its first path taken out."""
    definition = json.loads(origin.files[DEFINITION][1])
    definition["paths"].pop(next(iter(definition["paths"])))
    return json.dumps(definition, indent=2).encode()


def see(binding: RepositoryBinding, number: int = 0) -> None:
    pull_requests.look(str(binding.repository_id), number)
    outbox.drain()


@pytest.mark.django_db
def test_a_pull_request_is_checked_for_its_folder_and_answered_with_a_check_and_one_comment(
    on_github, origin, hub
):
    head = propose(origin, {DEFINITION: without_operation(origin)})
    hub.open_pull(7, head, title="Fewer operations")
    see(on_github)
    pull = PullRequest.objects.get()
    check = pull.checks.get()
    assert (pull.title, pull.author, pull.is_checked) == ("Fewer operations", "astrid-quay", True)
    assert (check.binding, check.head_sha, check.change_kind) == (on_github, head, "update")
    assert check.verdict == "fail"
    assert check.impacts["breaking"] >= 1
    assert any(change["impact"] == "breaking" for change in check.changes)
    assert check.errors == sum(found["severity"] == "error" for found in check.findings)

    (run,) = hub.runs.values()
    assert (run["name"], run["head_sha"], run["conclusion"]) == ("portal/validation", head, "failure")
    assert run["details_url"].endswith(reverse("pull_request_detail", args=[on_github.connector_id, pull.pk]))
    assert {note["path"] for note in run["annotations"]} <= {DEFINITION, f"{FOLDER}/apiProperties.json"}
    assert DEFINITION in {note["path"] for note in run["annotations"]}
    (comment,) = hub.comments.values()
    assert "Harbour Tides" in comment["body"]
    assert "breaking" in comment["body"]

    mended = propose(
        origin, {DEFINITION: origin.files[DEFINITION][1], f"{FOLDER}/intro.md": base.INTRO.encode()}
    )
    hub.pulls[7]["head"]["sha"] = mended
    see(on_github)
    check.refresh_from_db()
    assert (check.head_sha, check.verdict, check.impacts.get("breaking")) == (mended, "pass", None)
    (same,) = hub.comments.values()
    assert same["id"] == comment["id"]
    assert "all rules pass" in same["body"]
    assert [run["conclusion"] for run in hub.runs.values()] == ["failure", "success"]

    before = len(hub.calls)
    pull_request_answers.post_answers(str(pull.pk))
    assert len(hub.calls) == before, "what stands there already is not said again"


@pytest.mark.django_db
def test_connectors_that_are_not_touched_and_those_of_other_teams_never_appear(cast, on_github, origin, hub):
    other = ConnectorFactory(publisher=cast.other_publisher, name="Secret Buoys")
    theirs = bind(other, cast.stranger, "connectors/buoys")
    mine = ConnectorFactory(publisher=cast.publisher, name="Harbour Winds")
    origin.commit(package("connectors/winds"), "Winds")
    bind(mine, cast.owner, "connectors/winds")
    head = propose(
        origin,
        {f"{FOLDER}/intro.md": base.INTRO.encode(), "connectors/buoys/apiDefinition.swagger.json": b"{]"},
    )
    hub.open_pull(7, head)
    see(on_github)
    see(theirs)
    assert {check.binding for check in PullRequestCheck.objects.filter(pull_request__number=7)} >= {on_github}
    ours = PullRequest.objects.get(repository=on_github.repository)
    assert [check.binding for check in ours.checks.all()] == [on_github]
    posted = json.dumps([hub.runs, hub.comments])
    assert "Harbour Tides" in posted
    for name in ("Secret Buoys", "Harbour Winds", "buoys"):
        assert name not in posted
    assert not PullRequestCheck.objects.visible_to(cast.stranger).filter(binding=on_github).exists()


@pytest.mark.django_db
def test_one_that_touches_no_connector_gets_a_neutral_check_and_no_comment(
    on_github, origin, hub, sign_in, cast
):
    hub.open_pull(8, propose(origin, {"README.md": b"# Everything"}, 8))
    see(on_github)
    (run,) = hub.runs.values()
    assert (run["conclusion"], run["annotations"], hub.comments) == ("neutral", [], {})
    page = sign_in(cast.owner).get(reverse("connector_repository", args=[on_github.connector_id]))
    assert "Change 8" not in page.content.decode()


@pytest.mark.django_db
def test_what_the_base_got_meanwhile_is_no_change_of_the_pull_request(on_github, origin, hub):
    head = propose(origin, {"README.md": b"# Everything"})
    origin.commit({f"{FOLDER}/intro.md": b"# From the base"}, "On dev")
    hub.open_pull(7, head)
    see(on_github)
    assert not PullRequestCheck.objects.exists()


@pytest.mark.django_db
def test_a_signed_message_leads_to_the_answer_and_is_taken_once(cast, on_github, origin, hub, client):
    secret = repositories.rotate_hook_secret(on_github, actor=cast.owner).reveal()
    hub.open_pull(7, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}))
    body = json.dumps({"action": "opened", "number": 7, "pull_request": {"title": "Not believed"}}).encode()
    address = reverse("repository_hook", args=[on_github.repository_id])

    def tell(delivery: str, key: str = secret):
        headers = signed(body, key, "pull_request", delivery)
        return client.post(address, data=body, content_type="application/json", headers=headers)

    assert tell("one", "guessed").status_code == 401
    assert tell("one").status_code == 202
    outbox.drain()
    assert [run["conclusion"] for run in hub.runs.values()] == ["success"]
    assert PullRequest.objects.get().title == "Change 7"
    assert ("GET", "/repos/harbour/all/pulls") not in hub.calls, "one is asked for, not all"
    jobs = OutboxJob.objects.count()
    assert tell("one").status_code == 409
    assert tell("two").status_code == 409
    assert OutboxJob.objects.count() == jobs


@pytest.mark.django_db
def test_a_check_that_has_begun_is_seen_before_anything_is_fetched(on_github, origin, hub, monkeypatch):
    hub.open_pull(7, propose(origin, {DEFINITION: without_operation(origin)}))
    seen = []
    compare = pull_requests.compare

    def watching(*given, **named):
        seen.extend(copy.deepcopy(run) for run in hub.runs.values())
        return compare(*given, **named)

    monkeypatch.setattr(pull_requests, "compare", watching)
    see(on_github)
    (begun,) = seen
    assert (begun["status"], begun["conclusion"], begun["annotations"]) == ("in_progress", None, [])
    (run,) = hub.runs.values()
    assert (run["id"], run["status"], run["conclusion"]) == (begun["id"], "completed", "failure")
    assert run["annotations"]


@pytest.mark.django_db
@pytest.mark.parametrize("event", ["check_run", "check_suite"])
def test_re_run_checks_again_and_ends_what_github_took_back(cast, on_github, origin, hub, client, event):
    secret = repositories.rotate_hook_secret(on_github, actor=cast.owner).reveal()
    head = propose(origin, {DEFINITION: without_operation(origin)})
    hub.open_pull(7, head)
    see(on_github)
    before = PullRequestCheck.objects.get().checked_at
    (first,) = hub.runs
    address = reverse("repository_hook", args=[on_github.repository_id])

    def tell(body: bytes, delivery: str) -> str:
        headers = signed(body, secret, event, delivery)
        answer = client.post(address, data=body, content_type="application/json", headers=headers)
        assert answer.status_code == 202
        return RepositoryDelivery.objects.get(delivery_id=delivery).outcome

    body = hub.run_again(first) if event == "check_run" else hub.run_suite_again(head)
    assert tell(body, "one") == "Looked at the pull request."
    jobs = OutboxJob.objects.count()
    assert tell(body + b" ", "two") == "Nothing to do.", "it is being checked already"
    assert OutboxJob.objects.count() == jobs
    outbox.drain()
    assert PullRequestCheck.objects.get().checked_at > before
    last = hub.runs[max(hub.runs)]
    assert (last["head_sha"], last["status"], last["conclusion"]) == (head, "completed", "failure")
    assert len(hub.runs) == 2, "notes beside lines cannot be taken away: they stand on a new run"
    assert len(last["annotations"]) == len(hub.runs[first]["annotations"])
    assert len(hub.comments) == 1

    for number, about in enumerate(
        (
            {"action": "completed", event: {"head_sha": head}},
            {"action": "rerequested", event: {"head_sha": "f" * 40}},
            {"action": "rerequested", event: {"head_sha": [head]}},
            {"action": "rerequested", event: "x"},
            ["rerequested"],
        )
    ):
        assert tell(json.dumps(about).encode(), f"more-{number}") == "Nothing to do."
    assert PullRequest.objects.get().is_checked


@pytest.mark.django_db
def test_re_run_of_one_team_leaves_the_same_commit_of_another_alone(cast, on_github, origin, hub):
    theirs = bind(ConnectorFactory(publisher=cast.other_publisher), cast.stranger, "connectors/buoys")
    head = propose(origin, {DEFINITION: without_operation(origin)})
    hub.open_pull(7, head)
    see(on_github)
    other = PullRequest.objects.create(
        repository=theirs.repository, ref="refs/pull/7/head", number=7, base="dev", head_sha=head,
        checked_sha=head,
    )  # fmt: skip
    assert pull_requests.run_again(on_github.repository, head) == 1
    other.refresh_from_db()
    assert other.is_checked


@pytest.mark.django_db
def test_re_run_after_a_repository_could_not_be_read_tries_again(on_github, origin, hub, monkeypatch):
    head = propose(origin, {DEFINITION: without_operation(origin)})
    hub.open_pull(7, head)

    def broken(*_given, **_named):
        raise RepositoryError("too-slow")

    with monkeypatch.context() as patched:
        patched.setattr(pull_requests, "compare", broken)
        see(on_github)
    assert PullRequest.objects.get().problem
    assert [run["status"] for run in hub.runs.values()] == ["in_progress"]
    assert pull_requests.run_again(on_github.repository, head) == 1
    outbox.drain()
    assert (PullRequest.objects.get().problem, PullRequest.objects.get().is_checked) == ("", True)
    assert [run["conclusion"] for run in hub.runs.values()] == ["failure"]


@pytest.mark.django_db
def test_re_run_while_its_answer_is_being_noted_is_answered_too(on_github, origin, hub, monkeypatch):
    head = propose(origin, {DEFINITION: without_operation(origin)})
    hub.open_pull(7, head)
    post_check, asked = GitHubForge.post_check, []

    def pressed_meanwhile(forge, report):
        posted = post_check(forge, report)
        if report.conclusion and not asked:
            hub.run_again(posted.id)
            asked.append(pull_requests.run_again(on_github.repository, head))
            # The check overtakes what would have said that it has begun.
            OutboxJob.objects.filter(topic="pullrequest.post", state="due").delete()
        return posted

    monkeypatch.setattr(GitHubForge, "post_check", pressed_meanwhile)
    see(on_github)
    pull = PullRequest.objects.get()
    pull_request_answers.post_answers(str(pull.pk))
    assert (asked, pull.is_checked) == ([1], True)
    last = hub.runs[max(hub.runs)]
    assert (last["status"], last["conclusion"], len(hub.runs)) == ("completed", "failure", 2)
    before = len(hub.calls)
    pull_request_answers.post_answers(str(pull.pk))
    assert len(hub.calls) == before


@pytest.mark.django_db
def test_a_personal_token_answers_by_a_status(cast, binding, origin, hub):
    forges.connect_forge(binding, forges.ForgeDraft(API, PERSONAL_TOKEN), actor=cast.owner)
    hub.open_pull(7, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}))
    see(binding)
    assert hub.runs == {}
    assert [each["state"] for each in hub.statuses] == ["pending", "success"]
    assert {each["context"] for each in hub.statuses} == {"portal/validation"}
    assert len(hub.comments) == 1
    assert PullRequestAnswer.objects.get().way == "status"


@pytest.mark.django_db
def test_a_worker_that_dies_between_posting_and_noting_posts_nothing_twice(
    on_github, origin, hub, monkeypatch
):
    hub.open_pull(7, propose(origin, {DEFINITION: without_operation(origin)}))
    post_check = GitHubForge.post_check

    def dying(forge, report):
        post_check(forge, report)
        raise ForgeError("Gone before it was noted.")

    # First before the check that has begun was noted, then before its outcome was.
    with monkeypatch.context() as patched:
        patched.setattr(GitHubForge, "post_check", dying)
        see(on_github)
    pull = PullRequest.objects.get()
    (run,) = hub.runs.values()
    notes = len(run["annotations"])
    assert (run["conclusion"], hub.comments) == ("failure", {})
    assert pull.post_error
    assert PullRequestAnswer.objects.get().posted_at is None
    hub.fail.append(("POST", "/issues/7/comments", 502, {}, "Bad gateway"))
    with pytest.raises(ForgeError):
        pull_request_answers.post_answers(str(pull.pk))
    assert (len(hub.runs), len(run["annotations"]), hub.comments) == (1, notes, {})
    pull_request_answers.post_answers(str(pull.pk))
    assert len(hub.runs) == 1
    PullRequest.objects.update(comment_id=None, comment_digest="")
    pull_request_answers.post_answers(str(pull.pk))
    assert len(hub.comments) == 1
    pull.refresh_from_db()
    assert (pull.post_error, pull.comment_id, pull.busy_until) == ("", next(iter(hub.comments)), None)


@pytest.mark.django_db
def test_patience_that_the_server_asks_for_is_kept(on_github, origin, hub):
    hub.open_pull(7, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}))
    hub.fail.append(("POST", "/check-runs", 429, {"Retry-After": "90"}, "secondary rate limit"))
    see(on_github)
    connection = ForgeConnection.objects.get()
    assert connection.paused_until is not None
    calls = len(hub.calls)
    pull = PullRequest.objects.get()
    with pytest.raises(outbox.Retry) as later:
        pull_request_answers.post_answers(str(pull.pk))
    assert 60 < later.value.after_seconds <= 90
    assert len(hub.calls) == calls
    waiting = OutboxJob.objects.filter(topic="pullrequest.post", state="due")
    assert {job.attempts for job in waiting} == {0}
    ForgeConnection.objects.update(paused_until=None)
    pull_request_answers.post_answers(str(pull.pk))
    assert len(hub.runs) == 1


@pytest.mark.django_db
def test_a_token_that_ended_is_told_on_the_page_and_not_tried_for_ever(cast, on_github, origin, hub, sign_in):
    hub.open_pull(7, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}))
    hub.fail.append(("GET", "/commits", 401, {}, "Bad credentials"))
    see(on_github)
    assert not OutboxJob.objects.filter(topic="pullrequest.post").exclude(state="done").exists()
    page = sign_in(cast.viewer).get(reverse("connector_repository", args=[on_github.connector_id]))
    assert "does not accept the token" in page.content.decode()
    assert APP_TOKEN not in page.content.decode()
    forges.connect_forge(on_github, forges.ForgeDraft(API, APP_TOKEN), actor=cast.owner)
    outbox.drain()
    assert len(hub.runs) == 1


@pytest.mark.django_db
def test_merged_closed_and_moved_to_another_base_end_the_row(on_github, origin, hub):
    for number in (7, 8, 9):
        hub.open_pull(number, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}, number))
    see(on_github)
    hub.pulls[7] |= {"state": "closed", "merged_at": "2026-11-28T01:00:00Z", "merge_commit_sha": "c" * 40}
    hub.pulls[8] |= {"state": "closed"}
    hub.pulls[9]["base"]["ref"] = "main"
    see(on_github)
    states = {pull.number: (pull.state, pull.merged_sha) for pull in PullRequest.objects.all()}
    assert states == {7: ("merged", "c" * 40), 8: ("closed", ""), 9: ("closed", "")}
    hub.pulls[8] |= {"state": "open"}
    see(on_github)
    assert PullRequest.objects.get(number=8).state == "open"


@pytest.mark.django_db
def test_a_server_that_is_only_git_shows_branches_and_pull_refs_that_come_later(binding, origin, hub):
    see(binding)
    assert not PullRequest.objects.exists()
    propose(origin, {DEFINITION: without_operation(origin)}, 3)
    propose(origin, {"README.md": b"# Everything"}, 4)
    origin.branch("refs/heads/feature", origin.repo.refs[b"refs/heads/dev"].decode())
    kept = dict(origin.files)
    origin.commit({f"{FOLDER}/intro.md": base.INTRO.encode()}, "An introduction", branch="feature")
    origin.files = kept
    see(binding)
    found = {pull.label: pull.checks.get().verdict for pull in PullRequest.objects.all()}
    assert found == {"#3": "fail", "feature": "pass"}
    assert PullRequest.objects.get(ref="refs/heads/feature").title == "An introduction"
    assert hub.calls == []
    # Merged by fast-forward, and taken away.
    origin.repo.refs[b"refs/heads/dev"] = origin.repo.refs[b"refs/heads/feature"]
    del origin.repo.refs[b"refs/pull/3/head"]
    see(binding)
    states = {pull.label: pull.state for pull in PullRequest.objects.all()}
    assert states == {"#3": "closed", "feature": "merged"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({f"{FOLDER}/icon.png": (0o120000, b"/etc/passwd")}, "symbolic link"),
        (dict.fromkeys(package()), "taken away"),
    ],
)
def test_a_folder_that_cannot_be_read_fails_and_says_why(on_github, origin, hub, changes, said):
    hub.open_pull(7, propose(origin, changes))
    see(on_github)
    check = PullRequestCheck.objects.get()
    assert (check.verdict, said in check.problem) == ("fail", True)
    (run,) = hub.runs.values()
    assert run["conclusion"] == "failure"
    assert said in run["output"]["summary"]


@pytest.mark.django_db
def test_texts_of_packages_are_neither_markup_nor_mentions(on_github, origin, hub):
    definition = json.loads(origin.files[DEFINITION][1])
    first = next(iter(definition["paths"].values()))
    operation = next(value for value in first.values() if isinstance(value, dict))
    operation["operationId"] = "@everyone <img src=x> [a](https://evil.example)"
    hub.open_pull(7, propose(origin, {DEFINITION: json.dumps(definition).encode()}))
    see(on_github)
    said = next(iter(hub.comments.values()))["body"]
    assert "@everyone" not in said
    assert "<img" not in said
    assert "[a](https" not in said


@pytest.mark.django_db
def test_only_makers_connect_and_a_stored_token_goes_to_no_other_server(cast, binding, hub):
    draft = forges.ForgeDraft(API, APP_TOKEN)
    for person in (cast.viewer, cast.stranger, cast.reviewer, cast.operator):
        with pytest.raises(NotPermitted):
            forges.connect_forge(binding, draft, actor=person)
        with pytest.raises(NotPermitted):
            forges.disconnect_forge(binding, actor=person)
    wrong = {
        "token": forges.ForgeDraft(API, "ghp_wrong"),
        "api_url": forges.ForgeDraft("http://api.github.example", APP_TOKEN),
    }
    for name, refused in wrong.items():
        with pytest.raises(InvalidInput) as said:
            forges.connect_forge(binding, refused, actor=cast.owner)
        assert list(said.value.fields) == [name]
    forges.connect_forge(binding, draft, actor=cast.owner)
    row = ForgeConnection.objects.extra(select={"raw": "secrets"}).get()
    assert (APP_TOKEN in row.raw, row.secrets["token"].reveal()) == (False, APP_TOKEN)
    forges.connect_forge(binding, forges.ForgeDraft(API), actor=cast.owner)
    with pytest.raises(InvalidInput) as elsewhere:
        forges.connect_forge(binding, forges.ForgeDraft(f"{API}:8443"), actor=cast.owner)
    assert list(elsewhere.value.fields) == ["token"]
    forges.disconnect_forge(binding, actor=cast.owner)
    row.refresh_from_db()
    assert (row.kind, row.secrets) == ("git", None)


@pytest.mark.django_db
def test_two_teams_of_one_repository_have_checks_of_two_names(cast, on_github, hub):
    theirs = bind(ConnectorFactory(publisher=cast.other_publisher), cast.stranger, "connectors/buoys")
    forges.connect_forge(theirs, forges.ForgeDraft(API, APP_TOKEN), actor=cast.stranger)
    suffixes = set(ForgeConnection.objects.values_list("suffix", flat=True))
    assert suffixes == {"", f"-{cast.other_publisher.slug}"}


@pytest.mark.django_db
def test_the_required_checks_are_one_list_with_ours_first(on_github, origin, hub):
    hub.open_pull(7, propose(origin, {DEFINITION: without_operation(origin)}))
    see(on_github)
    pull = PullRequest.objects.get()
    (check,) = required_checks(pull)
    assert (check.name, check.state) == ("portal/validation", "fail")
    assert "breaking change" in check.summary
    assert check.link.startswith("http")
    pull.head_sha = "f" * 40
    assert required_checks(pull)[0].state == "pending"


@pytest.mark.django_db
def test_whoever_opened_it_signs_the_agreement_and_the_check_turns_green(
    cast, on_github, origin, hub, settings
):
    settings.AGREEMENT_REQUIRED = True
    agreements.publish_text(
        text="What you give here may be passed on by us, for ever.", actor=cast.administrator
    )
    hub.open_pull(7, propose(origin, {f"{FOLDER}/readme.md": b"# Tides, again"}))
    see(on_github)
    pull = PullRequest.objects.get()

    def posted() -> list[str]:
        return [run["conclusion"] for run in hub.runs.values() if run["name"] == "portal/agreement"]

    assert required_checks(pull)[1].state == "fail"
    assert "astrid-quay has not signed" in required_checks(pull)[1].summary
    assert posted() == ["failure"]
    made = agreements.sign(version=1, name="Astrid Quay", logins=["astrid-quay"], actor=cast.developer)
    outbox.drain()
    assert required_checks(pull)[1].state == "pass"
    assert posted()[-1] == "success"
    agreements.withdraw_signature(made, actor=cast.developer)
    outbox.drain()
    assert posted()[-1] == "failure"
    settings.AGREEMENT_REQUIRED = False
    assert required_checks(pull)[1].state == "neutral"


@pytest.mark.django_db
def test_pages_and_programs_show_it_and_have_it_checked_again(cast, on_github, origin, hub, sign_in):
    hub.open_pull(7, propose(origin, {DEFINITION: without_operation(origin)}), title="Fewer operations")
    see(on_github)
    pull, connector = PullRequest.objects.get(), on_github.connector_id
    client = sign_in(cast.developer)
    for name, arguments in (
        ("connector_repository", [connector]),
        ("pull_request_list", [connector]),
        ("pull_request_detail", [connector, pull.pk]),
    ):
        assert "Fewer operations" in client.get(reverse(name, args=arguments)).content.decode()
    page = client.get(reverse("pull_request_detail", args=[connector, pull.pk])).content.decode()
    for said in ("Breaking", "portal/validation", "Check again", "apiDefinition.swagger.json:"):
        assert said in page
    before = PullRequestCheck.objects.get().checked_at
    client.post(reverse("pull_request_check", args=[connector, pull.pk]))
    outbox.drain()
    assert PullRequestCheck.objects.get().checked_at > before
    assert [run["conclusion"] for run in hub.runs.values()] == ["failure", "failure"]

    (row,) = client.get(reverse("api:pull_requests", args=[connector])).json()["results"]
    assert (row["number"], row["verdict"], row["is_current"]) == (7, "fail", True)
    found = client.get(reverse("api:pull_request", args=[connector, pull.pk])).json()
    assert found["required_checks"][0]["name"] == "portal/validation"
    assert found["changes"][0]["impact"] == "breaking"
    again = client.post(reverse("api:pull_request_check", args=[connector, pull.pk]))
    assert (again.status_code, again.json()["is_current"]) == (202, False)
    stranger = sign_in(cast.stranger)
    assert stranger.get(reverse("pull_request_detail", args=[connector, pull.pk])).status_code == 404


@pytest.mark.django_db
@pytest.mark.parametrize("count", [5, 25])
@pytest.mark.parametrize("name", ["connector_repository", "pull_request_list", "api:pull_requests"])
def test_lists_ask_the_same_for_few_and_many(
    cast, binding, sign_in, count, name, django_assert_max_num_queries
):
    for number in range(1, count + 1):
        pull = PullRequest.objects.create(
            repository=binding.repository, ref=f"refs/pull/{number}/head", number=number, base="dev",
            title=f"Change {number}", head_sha=f"{number:040x}", checked_sha=f"{number:040x}",
        )  # fmt: skip
        PullRequestCheck.objects.create(
            pull_request=pull, binding=binding, head_sha=pull.head_sha, verdict="pass", change_kind="update",
            rules_version="1",
        )  # fmt: skip
    client = sign_in(cast.developer)
    address = reverse(name, args=[binding.connector_id])
    client.get(address)
    with django_assert_max_num_queries(8):
        assert client.get(address).status_code == 200


@pytest.mark.django_db
def test_all_goes_with_the_last_binding(cast, on_github, origin, hub):
    hub.open_pull(7, propose(origin, {f"{FOLDER}/intro.md": base.INTRO.encode()}))
    see(on_github)
    repositories.unbind_connector(on_github, actor=cast.owner)
    for model in (Repository, ForgeConnection, PullRequest, PullRequestCheck, PullRequestAnswer):
        assert not model.objects.exists()


def test_findings_are_told_in_the_language_of_the_reader():
    english = metadata()["INF-004"].message.format(value="API")
    kept = {
        "rule": "INF-004", "severity": "error", "message": english, "fix": "", "file": "", "line": None,
        "column": None, "pointer": "/info/title", "fingerprint": "f",
    }  # fmt: skip
    with override("de"):
        (section,) = finding_sections(PullRequestCheck(findings=[kept]))
        (group,) = section.groups
        assert group.title == rule_in("de", "INF-004").title
        assert group.rows[0].message == message_in("de", "INF-004", english) != english
