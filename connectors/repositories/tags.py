"""One annotated tag, pushed where none is: never moved, never forced, and the same again when asked again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from dulwich.client import SendPackResult
from dulwich.errors import HangupException, SendPackError
from dulwich.objects import Commit, ObjectID, Tag
from dulwich.pack import UnpackedObject, pack_objects_to_data
from dulwich.refs import Ref
from dulwich.repo import Repo

from connectors.repositories import mirror
from connectors.repositories.errors import RepositoryError
from connectors.repositories.transport import Route


def push(repo: Repo, route: Route, request: dict[str, Any]) -> dict[str, Any]:
    """`name`, `commit`, `message`, `tagger` ("Name <address>") and `at` (seconds) of a tag.

    Answers {"is_new"}: False when the tag stands there already and leads to the commit. Raises
    `RepositoryError` when it leads elsewhere, and when the server does not take it.
    """
    tag = _tag(request)
    ref = Ref(b"refs/tags/" + tag.name)
    seen: dict[Any, Any] = {}

    def wanted(refs: dict[Ref, ObjectID]) -> dict[Ref, ObjectID]:
        seen.update(refs)
        return {} if ref in refs else {ref: tag.id}

    result = _send(route, wanted, tag)
    if ref not in seen:
        if result.ref_status and result.ref_status.get(ref):
            raise RepositoryError("tag-refused", tag=request["name"])
        return {"is_new": True}
    if seen[ref] != tag.id and _target(repo, route, ref) != request["commit"]:
        raise RepositoryError("tag-taken", tag=request["name"])
    return {"is_new": False}


def _tag(request: dict[str, Any]) -> Tag:
    tag = Tag()
    tag.name = request["name"].encode()
    tag.object = (Commit, ObjectID(request["commit"].encode()))
    tag.tagger = request["tagger"].encode()
    tag.tag_time, tag.tag_timezone = int(request["at"]), 0
    tag.message = request["message"].encode()
    return tag


def _send(route: Route, wanted: Any, tag: Tag) -> SendPackResult:
    client, path = route.client()

    def pack(have: Any, want: Any, **_options: Any) -> tuple[int, Iterator[UnpackedObject]]:
        # The tag alone: the commit came from there.
        return pack_objects_to_data([(tag, None)])

    try:
        return client.send_pack(path.encode(), wanted, pack)
    except SendPackError:
        raise RepositoryError("tag-refused", tag=tag.name.decode()) from None
    except HangupException:
        # A server that is asked to write with a key for reading says so on standard error and hangs up.
        raise RepositoryError("read-only") from None
    except RepositoryError as error:
        if error.code == "credentials":
            raise RepositoryError("read-only") from None
        raise


def _target(repo: Repo, route: Route, ref: Ref) -> str:
    """The object a tag leads to, in the end."""
    sha = ObjectID(mirror.fetch(repo, route, [ref.decode()])[ref.decode()].encode())
    found = repo.object_store[sha]
    for _step in range(5):
        if not isinstance(found, Tag):
            break
        found = repo.object_store[found.object[1]]
    return found.id.decode()
