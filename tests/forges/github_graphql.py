"""The part of GitHub's GraphQL schema that tells how review threads stand, executed by the reference implementation.

Types, nullability and the rule about page sizes are those of the public schema.
"""

from __future__ import annotations

from typing import Any

from graphql import build_schema, graphql_sync

_SCHEMA = build_schema("""
scalar BigInt

type Query { repository(followRenames: Boolean = true, name: String!, owner: String!): Repository }
type Repository { pullRequest(number: Int!): PullRequest }
type PullRequest {
  reviewThreads(after: String, before: String, first: Int, last: Int): PullRequestReviewThreadConnection!
}
type PullRequestReviewThreadConnection {
  nodes: [PullRequestReviewThread]
  pageInfo: PageInfo!
  totalCount: Int!
}
type PageInfo { endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! startCursor: String }
type PullRequestReviewThread {
  comments(after: String, before: String, first: Int, last: Int, skip: Int): PullRequestReviewCommentConnection!
  id: ID!
  isOutdated: Boolean!
  isResolved: Boolean!
  path: String!
  resolvedBy: User
}
type User { login: String! }
type PullRequestReviewCommentConnection { nodes: [PullRequestReviewComment] totalCount: Int! }
type PullRequestReviewComment { databaseId: Int fullDatabaseId: BigInt body: String! }
""")


class _Unknown(Exception):
    """Becomes an error of the answer; the member that was asked for is null."""


class _Repository:
    def __init__(self, hub: Any) -> None:
        self._hub = hub

    def pullRequest(self, info: Any, number: int) -> _PullRequest:  # noqa: N802 - the schema's name
        if number not in self._hub.pulls:
            raise _Unknown(f"Could not resolve to a PullRequest with the number of {number}.")
        return _PullRequest(self._hub, number)


class _PullRequest:
    def __init__(self, hub: Any, number: int) -> None:
        self._hub, self._number = hub, number

    def reviewThreads(  # noqa: N802 - the schema's name
        self, info: Any, first: int | None = None, after: str | None = None, **rest: Any
    ) -> dict[str, Any]:
        size = _page_size("reviewThreads", first)
        comments = self._hub.code_comments.values()
        starts = [
            each
            for each in comments
            if not each.get("in_reply_to_id") and each["pull_request_url"].endswith(f"/pulls/{self._number}")
        ]
        begin = int(after.removeprefix("Y3Vyc29yOnYyOpK")) if after else 0
        end = begin + min(size, self._hub.largest_page)
        shown = starts[begin:end]
        page = {"hasNextPage": end < len(starts), "endCursor": f"Y3Vyc29yOnYyOpK{end}" if shown else None}
        return {"nodes": [self._thread(each) for each in shown], "pageInfo": page, "totalCount": len(starts)}

    def _thread(self, root: dict[str, Any]) -> dict[str, Any]:
        login = self._hub.resolved.get(root["id"])
        comments = [
            {"fullDatabaseId": str(each["id"]), "body": each["body"]}
            for each in self._hub.code_comments.values()
            if root["id"] in {each["id"], each.get("in_reply_to_id")}
        ]

        def page(info: Any, first: int | None = None, **rest: Any) -> dict[str, Any]:
            shown = comments[: _page_size("comments", first)]
            return {"nodes": shown, "totalCount": len(comments)}

        return {
            "id": f"PRRT_{root['id']}",
            "path": root["path"],
            "isResolved": login is not None,
            "isOutdated": False,
            "resolvedBy": {"login": login} if login else None,
            "comments": page,
        }


def _page_size(name: str, first: int | None) -> int:
    if first is None:
        raise _Unknown(
            f"You must provide a `first` or `last` value to properly paginate the `{name}` connection."
        )
    if not 1 <= first <= 100:
        raise _Unknown(
            f"Requesting {first} records on the `{name}` connection exceeds the `first` limit of 100 records."
        )
    return first


def answer(hub: Any, sent: dict[str, Any]) -> dict[str, Any]:
    def repository(info: Any, owner: str, name: str, **rest: Any) -> _Repository:
        if f"{owner}/{name}".lower() != hub.name.lower():
            raise _Unknown(f"Could not resolve to a Repository with the name '{owner}/{name}'.")
        return _Repository(hub)

    done = graphql_sync(_SCHEMA, sent["query"], {"repository": repository}, variable_values=sent["variables"])
    told = done.formatted
    for each, cause in zip(told.get("errors", ()), done.errors or (), strict=True):
        if isinstance(cause.original_error, _Unknown) and "Could not resolve" in each["message"]:
            each["type"] = "NOT_FOUND"
    return dict(told)
