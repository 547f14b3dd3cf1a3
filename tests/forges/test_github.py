"""The GitHub adapter against a server that answers as GitHub's reference says, over real HTTP."""

from __future__ import annotations

import pytest

from certification.forges import (
    Annotation,
    CheckReport,
    CodeThread,
    ForgeError,
    ForgeMissing,
    ForgePlace,
    ForgeRefused,
    ForgeRejected,
    GitHubForge,
    RateLimited,
)
from connectors.runtime.egress import Egress
from tests.forges.github_server import API, APP_TOKEN, HOST, PERSONAL_TOKEN, serving

SHA = "a" * 40


@pytest.fixture
def hub():
    with serving() as made:
        yield made


def forge(hub, token=APP_TOKEN, **changes) -> GitHubForge:
    egress = Egress(local_hosts={HOST: ("127.0.0.1", hub.port)}, is_public=False)
    given = {"kind": "github", "api_url": API, "name": "harbour/all", "token": token, "egress": egress}
    return GitHubForge(ForgePlace(**given | changes))


def report(count: int = 1, key: str = "one", **changes) -> CheckReport:
    notes = [
        Annotation("connectors/tides/a.json", n + 1, "failure", "TTL-001", "Wrong") for n in range(count)
    ]
    given = {
        "name": "portal/validation", "head_sha": SHA, "key": key, "conclusion": "failure", "title": "1 error",
        "line": "1 error.", "summary": "| table |", "url": "https://portal.example/x", "annotations": notes,
    }  # fmt: skip
    return CheckReport(**given | changes)


def test_a_check_run_carries_all_annotations_in_batches_of_fifty(hub):
    posted = forge(hub).post_check(report(120))
    assert posted.way == "check_run"
    run = hub.runs[posted.id]
    assert [len(body["output"]["annotations"]) for body in hub.bodies_of("POST", "/check-runs")] == [50]
    assert [len(body["output"]["annotations"]) for body in hub.bodies_of("PATCH", "/check-runs")] == [50, 20]
    assert [note["start_line"] for note in run["annotations"]] == list(range(1, 121))
    assert (run["conclusion"], run["status"], run["external_id"]) == ("failure", "completed", "one")


def test_a_check_run_that_was_cut_off_is_found_and_finished_and_no_second_one_made(hub):
    hub.fail.append(("PATCH", "/check-runs", 502, {}, "Bad gateway"))
    with pytest.raises(ForgeError):
        forge(hub).post_check(report(120))
    (run,) = hub.runs.values()
    assert len(run["annotations"]) == 50
    posted = forge(hub).post_check(report(120))
    assert (posted.id, len(hub.runs)) == (run["id"], 1)
    assert [note["start_line"] for note in run["annotations"]] == list(range(1, 121))
    forge(hub).post_check(report(120))
    assert (len(hub.runs), len(run["annotations"])) == (1, 120)
    forge(hub).post_check(report(2, key="two"))
    assert len(hub.runs) == 2


def test_a_check_that_has_begun_is_ended_and_one_with_notes_is_left_to_itself(hub):
    begun = forge(hub).post_check(report(0, key="row:begun", conclusion=None))
    assert (hub.runs[begun.id]["status"], hub.runs[begun.id]["conclusion"]) == ("in_progress", None)
    assert forge(hub).post_check(report(0, key="row:begun", conclusion=None)) == begun
    hub.fail.append(("PATCH", "/check-runs", 502, {}, "Bad gateway"))
    with pytest.raises(ForgeError):
        forge(hub).post_check(report(60, key="row:ended"))
    assert forge(hub).post_check(report(60, key="row:ended")) == begun
    run = hub.runs[begun.id]
    assert (run["status"], run["conclusion"], len(run["annotations"])) == ("completed", "failure", 60)
    forge(hub).post_check(report(60, key="row:ended"))
    assert len(run["annotations"]) == 60
    # Another row never takes it, nor does ours once its notes would stand there twice.
    run["status"] = "queued"
    assert forge(hub).post_check(report(1, key="other:ended")).id != begun.id
    assert forge(hub).post_check(report(1, key="row:again")).id != begun.id


def test_a_personal_token_posts_a_status_instead(hub):
    posted = forge(hub, PERSONAL_TOKEN).post_check(report(3, line="x" * 200))
    assert (posted.way, posted.id, hub.runs) == ("status", None, {})
    (status,) = hub.statuses
    assert (status["sha"], status["state"], status["context"]) == (SHA, "failure", "portal/validation")
    assert len(status["description"]) == 140
    forge(hub, PERSONAL_TOKEN).post_check(report(conclusion="neutral"))
    assert hub.statuses[-1]["state"] == "success"
    forge(hub, PERSONAL_TOKEN).post_check(report(conclusion=None))
    assert hub.statuses[-1]["state"] == "pending"


def test_lists_are_read_to_their_end_and_tokens_stay_at_home(hub):
    for number in range(1, 12):
        hub.open_pull(number, f"{number:040x}")
    hub.open_pull(50, SHA, base="main")
    hub.largest_page = 4
    found = list(forge(hub).open_proposals("dev"))
    assert [each.number for each in found] == list(range(11, 0, -1))
    assert (found[0].ref, found[0].author, found[0].head_label) == (
        "refs/pull/11/head", "astrid-quay", "astrid-quay:change-11",
    )  # fmt: skip
    assert len(hub.calls) == 3
    # A next page on another server is not asked for.
    moved = forge(hub, api_url=f"{API}:443")
    assert [each.number for each in moved.open_proposals("dev")] == [11, 10, 9, 8]


def test_a_merged_pull_request_is_told_from_a_closed_one(hub):
    hub.open_pull(1, SHA, state="closed", merged_at="2026-11-28T01:00:00Z", merge_commit_sha="c" * 40)
    hub.open_pull(2, SHA, state="closed", merge_commit_sha="d" * 40, user=None)
    merged, closed = forge(hub).proposal(1), forge(hub).proposal(2)
    assert (merged.state, merged.merged_sha) == ("merged", "c" * 40)
    assert (closed.state, closed.merged_sha, closed.author) == ("closed", "", "ghost")


def test_one_comment_is_kept_whoever_forgot_its_number(hub):
    speaking = forge(hub)
    for number in range(60):
        hub.comments[number] = {"id": number, "issue": 7, "body": f"Talk {number}", "user": {}}
    first = speaking.keep_comment(7, "<!-- ours -->", "Red", None)
    assert speaking.keep_comment(7, "<!-- ours -->", "Green", first) == first
    assert speaking.keep_comment(7, "<!-- ours -->", "Green again", None) == first
    assert hub.comments[first]["body"] == "<!-- ours -->\nGreen again"
    del hub.comments[first]
    second = speaking.keep_comment(7, "<!-- ours -->", "Anew", first)
    assert (second != first, hub.comments[second]["body"]) == (True, "<!-- ours -->\nAnew")


@pytest.mark.parametrize(
    ("status", "headers", "message", "wait"),
    [
        (429, {"Retry-After": "17"}, "You have exceeded a secondary rate limit", 17),
        (403, {"Retry-After": "31"}, "You have exceeded a secondary rate limit", 31),
        (403, {}, "You have exceeded a secondary rate limit. Please wait.", 60),
        (
            403,
            {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "4102444800"},
            "API rate limit exceeded",
            3600,
        ),
        (429, {"Retry-After": "999999"}, "", 3600),
    ],
)
def test_limits_of_the_server_say_when_to_come_again(hub, status, headers, message, wait):
    hub.fail.append(("GET", "/pulls", status, headers, message))
    with pytest.raises(RateLimited) as limited:
        forge(hub).proposal(1)
    assert limited.value.after_seconds == wait


def test_refusals_are_told_apart_and_say_nothing_of_the_token(hub):
    with pytest.raises(ForgeRefused) as refused:
        forge(hub, "ghp_wrong").describe()
    assert "ghp_wrong" not in refused.value.message
    assert forge(hub, name="Harbour/All").describe() == "harbour/all"
    hub.fail.append(("POST", "/statuses", 422, {}, "No commit found for SHA"))
    with pytest.raises(ForgeRejected, match="No commit found"):
        forge(hub, PERSONAL_TOKEN).post_check(report())
    hub.fail.append(("GET", "", 500, {}, "Oops"))
    with pytest.raises(ForgeError) as broken:
        forge(hub).describe()
    assert type(broken.value) is ForgeError
    hub.fail.append(("GET", "", 301, {"Location": "https://elsewhere.example/"}, "Moved Permanently"))
    with pytest.raises(ForgeRejected, match="moved"):
        forge(hub).describe()


def test_nothing_inside_the_network_is_called():
    place = ForgePlace("github", "https://10.0.0.7", "harbour/all", APP_TOKEN, Egress())
    with pytest.raises(ForgeError) as refused:
        GitHubForge(place).describe()
    assert APP_TOKEN not in refused.value.message + repr(place)


def test_how_threads_stand_is_asked_of_graphql_page_by_page(hub):
    hub.largest_page = 2
    hub.open_pull(7, SHA)
    first, second, third = (hub.say(7, text, path="a.json", line=1)["id"] for text in "abc")
    hub.say(7, "An answer", answers=second)
    hub.settle(second, login="bo-quay")
    assert list(forge(hub).code_threads(7)) == [
        CodeThread(first, is_resolved=False),
        CodeThread(second, is_resolved=True, settled_by="bo-quay"),
        CodeThread(third, is_resolved=False),
    ]
    assert [call for call in hub.calls if call == ("POST", "/graphql")] == [("POST", "/graphql")] * 2


@pytest.mark.parametrize(
    ("errors", "kind"),
    [
        ([{"type": "RATE_LIMITED", "message": "API rate limit exceeded"}], RateLimited),
        (
            [{"type": "FORBIDDEN", "message": "Resource not accessible by personal access token"}],
            ForgeRejected,
        ),
        ([{"message": "Something went wrong"}], ForgeRejected),
        (["odd"], ForgeRejected),
    ],
)
def test_what_graphql_refuses_with_a_good_status_is_a_refusal(hub, errors, kind):
    hub.open_pull(7, SHA)
    hub.graphql_errors = errors
    with pytest.raises(kind):
        list(forge(hub).code_threads(7))


def test_a_pull_request_that_is_gone_is_missing(hub):
    with pytest.raises(ForgeMissing):
        list(forge(hub).code_threads(8))
