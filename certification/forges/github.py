"""GitHub and GitHub Enterprise Server, by their REST interface, and by GraphQL where that does not tell."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from certification.forges import github_answers as answers
from certification.forges.errors import ForgeForbidden, ForgeMissing
from certification.forges.github_client import MOST_PAGES, GitHubClient
from certification.forges.protocol import (
    Annotation,
    CheckReport,
    CodeComment,
    CodePlace,
    CodeThread,
    ForgePlace,
    PostedCheck,
    PostedComment,
    Proposal,
)

BATCH = 50
"""Annotations in one call; more are added by further calls."""
MOST_ANNOTATIONS = 500
_THREADS = """
query($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) {
    pullRequest(number: $number) {
      reviewThreads(first: 50, after: $after) {
        pageInfo { hasNextPage endCursor }
        nodes { isResolved resolvedBy { login } comments(first: 1) { nodes { fullDatabaseId } } }
      }
    }
  }
}
"""
"""Whether a thread was resolved is told by GraphQL alone."""
_LONGEST_LINE, _LONGEST_SUMMARY, _LONGEST_COMMENT = 140, 60_000, 60_000


class GitHubForge:
    """A token needs: pull requests (read, write for comments), commit statuses (write), and checks (write)
    where it is an app's: a person's token cannot make check runs, so a status says the same in short."""

    can_post = True

    def __init__(self, place: ForgePlace) -> None:
        self._client = GitHubClient(place)

    def describe(self) -> str:
        return str(answers.member(self._client.call("GET", ""), "full_name", str))

    def open_proposals(self, base: str) -> Iterator[Proposal]:
        for page in self._client.pages(f"/pulls?state=open&base={quote(base, safe='')}"):
            for found in answers.rows(page):
                yield answers.proposal(found)

    def proposal(self, number: int) -> Proposal:
        return answers.proposal(self._client.call("GET", f"/pulls/{number}"))

    def post_check(self, report: CheckReport) -> PostedCheck:
        try:
            return PostedCheck("check_run", self._post_check_run(report))
        except (ForgeForbidden, ForgeMissing):
            # Only apps make check runs; a fine-grained token is told so by 403, some others by 404.
            self._client.call("POST", f"/statuses/{report.head_sha}", _status_body(report))
            return PostedCheck("status")

    def _post_check_run(self, report: CheckReport) -> int:
        found = self._made_before(report)
        body = _run_body(report, report.annotations[:BATCH])
        if found is None:
            made = self._client.call("POST", "/check-runs", {"head_sha": report.head_sha, **body})
            run, sent = int(answers.member(made, "id", int)), BATCH
        elif found.get("external_id") != report.key:
            run, sent = int(answers.member(found, "id", int)), BATCH
            self._client.call("PATCH", f"/check-runs/{run}", body)
        else:
            run, sent = int(answers.member(found, "id", int)), _annotations_of(found)
        self._add_rest(run, report, sent)
        return run

    def _add_rest(self, run: int, report: CheckReport, sent: int) -> None:
        """Each call adds to the annotations that are there."""
        for start in range(sent, min(len(report.annotations), MOST_ANNOTATIONS), BATCH):
            batch = report.annotations[start : start + BATCH]
            self._client.call("PATCH", f"/check-runs/{run}", _run_body(report, batch))

    def _made_before(self, report: CheckReport) -> dict[str, Any] | None:
        """A run that was made, and whose id nobody could note any more, or else one that has begun.

        Annotations are never taken away again: one that has any, as after "Re-run", is left to itself.
        """
        begun = None
        path = f"/commits/{report.head_sha}/check-runs?check_name={quote(report.name, safe='')}&filter=all"
        for page in self._client.pages(path):
            for run in answers.rows(answers.member(page, "check_runs", list)):
                key = str(run.get("external_id") or "")
                if key == report.key:
                    return run
                if key.startswith(f"{report.series}:") and run.get("status") != "completed":
                    begun = begun if _annotations_of(run) else run
        return begun

    def keep_comment(self, number: int, marker: str, text: str, known: int | None) -> int:
        body = {"body": f"{marker}\n{text}"[:_LONGEST_COMMENT]}
        if known is not None:
            try:
                self._client.call("PATCH", f"/issues/comments/{known}", body)
            except ForgeMissing:
                known = None
            else:
                return known
        found = self._comment_with(number, marker)
        if found is not None:
            self._client.call("PATCH", f"/issues/comments/{found}", body)
            return found
        return int(answers.member(self._client.call("POST", f"/issues/{number}/comments", body), "id", int))

    def _comment_with(self, number: int, marker: str) -> int | None:
        """The oldest that begins with the marker: whoever copied it came later."""
        for page in self._client.pages(f"/issues/{number}/comments"):
            for comment in answers.rows(page):
                if str(comment.get("body") or "").startswith(marker):
                    return int(answers.member(comment, "id", int))
        return None

    def code_comments(self, number: int, since: datetime | None) -> Iterator[CodeComment]:
        path = f"/pulls/{number}/comments?sort=updated&direction=asc"
        if since is not None:
            # GitHub gives what is later than this, by whole seconds.
            start = (since - timedelta(seconds=1)).astimezone(UTC)
            path += f"&since={start:%Y-%m-%dT%H:%M:%SZ}"
        for page in self._client.pages(path):
            for found in answers.rows(page):
                yield answers.code_comment(found)

    def code_threads(self, number: int) -> Iterator[CodeThread]:
        after = None
        for _page in range(MOST_PAGES):
            found = self._client.query(_THREADS, {"number": number, "after": after})
            for name in ("repository", "pullRequest", "reviewThreads"):
                found = answers.member(found, name, dict)
            yield from answers.code_threads(answers.member(found, "nodes", list))
            page = answers.member(found, "pageInfo", dict)
            if not page.get("hasNextPage"):
                return
            after = answers.member(page, "endCursor", str)

    def has_code_comment(self, comment: int) -> bool:
        try:
            self._client.call("GET", f"/pulls/comments/{comment}")
        except ForgeMissing:
            return False
        return True

    def comment_code(self, number: int, place: CodePlace, text: str) -> PostedComment:
        where = {"line": place.line, "side": "RIGHT"} if place.line else {"subject_type": "file"}
        body = {"body": text[:_LONGEST_COMMENT], "commit_id": place.commit, "path": place.path, **where}
        return answers.posted(self._client.call("POST", f"/pulls/{number}/comments", body))

    def answer_code_comment(self, number: int, first: int, text: str) -> PostedComment:
        path = f"/pulls/{number}/comments/{first}/replies"
        return answers.posted(self._client.call("POST", path, {"body": text[:_LONGEST_COMMENT]}))


def _run_body(report: CheckReport, annotations: Sequence[Annotation]) -> dict[str, Any]:
    ended = {"status": "completed", "conclusion": report.conclusion}
    return {
        "name": report.name,
        "external_id": report.key,
        "details_url": report.url,
        **(ended if report.conclusion else {"status": "in_progress"}),
        "output": {
            "title": report.title,
            "summary": report.summary[:_LONGEST_SUMMARY],
            "annotations": [_annotation(each) for each in annotations],
        },
    }


def _annotations_of(run: dict[str, Any]) -> int:
    return int(answers.member(answers.member(run, "output", dict), "annotations_count", int))


def _annotation(found: Annotation) -> dict[str, Any]:
    return {
        "path": found.path,
        "start_line": found.line,
        "end_line": found.line,
        "annotation_level": found.level,
        "title": found.title[:255],
        "message": found.message[:4_000],
    }


def _status_body(report: CheckReport) -> dict[str, str]:
    states = {None: "pending", "failure": "failure"}
    return {
        "state": states.get(report.conclusion, "success"),
        "context": report.name,
        "description": report.line[:_LONGEST_LINE],
        "target_url": report.url,
    }
