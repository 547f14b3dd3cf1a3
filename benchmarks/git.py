"""A repository with many connectors: how long its import takes, and how long one changed folder.

    DATABASE_URL=... python -m benchmarks.git [--connectors 1000] [--commits 3000] [--changes 5]

A repository is made in a temporary folder, every connector a folder of its own, every commit a change of one.
Import: fetched by the portal's own child, and the commits of all folders read and stored. Base: hashing and
writing the mirror's bytes once. A change: one more commit, and the look that finds it. All rows go again.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import statistics
import tempfile
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings
from dulwich.objects import Blob, Commit, ObjectID, Tree
from dulwich.refs import Ref
from dulwich.repo import Repo

from benchmarks import django_ready  # noqa: F401 - sets Django up
from connectors.models import Connector, Publisher, Repository, RepositoryBinding
from connectors.services.repository_fetching import fetch_repository
from portal.shared.models import OutboxJob

GOAL_IMPORT, GOAL_CHANGE = 120.0, 5.0
_HEAD = Ref(b"refs/heads/dev")
_ROOT = "certified-connectors"


class Monorepo:
    """`connectors` folders below one; each has a definition, properties and an introduction."""

    def __init__(self, place: Path, connectors: int) -> None:
        place.mkdir()
        self.repo = Repo.init_bare(str(place))
        self.names = [f"connector-{number:04d}" for number in range(connectors)]
        self.trees: dict[str, ObjectID] = {}
        self.count = 0
        self.head = ObjectID(b"")

    def propose(self, number: int) -> str:
        """One change more, as the head of a pull request that is open; the commit's id."""
        trees, head = dict(self.trees), self.head
        self.grow(1, ref=Ref(b"refs/pull/%d/head" % number))
        proposed, self.trees, self.head = self.head, trees, head
        return str(proposed, "ascii")

    def grow(self, commits: int, *, ref: Ref = _HEAD) -> None:
        """The first commit brings all connectors, each other one changes the definition of one of them."""
        objects: list[Blob | Tree | Commit] = []
        for number in range(commits):
            changed = self.names if self.count == 0 else [self.names[self.count % len(self.names)]]
            for name in changed:
                objects += self._connector(name, self.count)
            objects += self._commit()
            self.count += 1
            if len(objects) > 2_000 or number == commits - 1:
                self.repo.object_store.add_objects([(each, None) for each in objects])
                self.repo.refs[ref] = objects[-1].id
                objects = []

    def _connector(self, name: str, version: int) -> list[Blob | Tree | Commit]:
        definition = {
            "swagger": "2.0", "info": {"title": name, "version": f"1.{version}.0"}, "host": f"{name}.example",
            "paths": {f"/tides/{number}": {"get": {"operationId": f"Get{number}"}} for number in range(20)},
        }  # fmt: skip
        files = {
            "apiDefinition.swagger.json": json.dumps(definition, indent=2),
            "apiProperties.json": json.dumps({"properties": {"publisher": name}}),
            "intro.md": f"# {name}\n",
        }
        blobs = {path: Blob.from_string(text.encode()) for path, text in files.items()}
        tree = Tree()
        for path, blob in blobs.items():
            tree.add(path.encode(), 0o100644, blob.id)
        self.trees[name] = tree.id
        return [*blobs.values(), tree]

    def _commit(self) -> list[Blob | Tree | Commit]:
        inner, root, commit = Tree(), Tree(), Commit()
        for name, sha in self.trees.items():
            inner.add(name.encode(), 0o040000, sha)
        root.add(_ROOT.encode(), 0o040000, inner.id)
        commit.tree, commit.parents = root.id, [self.head] if self.count else []
        commit.author = commit.committer = b"Astrid Quay <astrid@harbour.example>"
        commit.author_time = commit.commit_time = 1_780_000_000 + self.count * 60
        commit.author_timezone = commit.commit_timezone = 0
        commit.message = f"Change {self.count}".encode()
        self.head = commit.id
        return [inner, root, commit]


def bind(monorepo: Monorepo, place: Path) -> Repository:
    """Rows of one team whose connectors are all bound to the repository."""
    mark = uuid.uuid4().hex[:12]
    publisher = Publisher.objects.create(name=f"Mono {mark}", slug=f"mono-{mark}")
    repository = Repository.objects.create(publisher=publisher, address=f"file://{place}")
    connectors = Connector.objects.bulk_create(
        [
            Connector(
                publisher=publisher, name=f"{name} {mark}", name_key=f"{name}{mark}", slug=f"{name}-{mark}"
            )
            for name in monorepo.names
        ]
    )
    RepositoryBinding.objects.bulk_create(
        [
            RepositoryBinding(
                connector=connector, repository=repository, branch="dev", folder=f"{_ROOT}/{name}"
            )
            for connector, name in zip(connectors, monorepo.names, strict=True)
        ]
    )
    return repository


@contextmanager
def bound(connectors: int, commits: int) -> Iterator[tuple[Monorepo, Repository, Path]]:
    """Such a repository with the team it is bound to, and the folder of both; all of it goes again."""
    with tempfile.TemporaryDirectory(prefix="monorepo-") as folder:
        place = Path(folder)
        settings.REPOSITORY_ROOT, settings.REPOSITORY_LOCAL_FILES = place / "mirrors", True
        monorepo = Monorepo(place / "origin.git", connectors)
        monorepo.grow(commits)
        repository = bind(monorepo, place / "origin.git")
        try:
            yield monorepo, repository, place
        finally:
            OutboxJob.objects.filter(payload__id=str(repository.pk)).delete()
            publisher = repository.publisher
            repository.delete()
            Connector.objects.filter(publisher=publisher).delete()
            publisher.delete()


def seconds_of_look(repository: Repository) -> float:
    began = time.perf_counter()
    fetch_repository(str(repository.pk))
    took = time.perf_counter() - began
    repository.refresh_from_db()
    if repository.last_error:
        raise SystemExit(f"The look failed: {repository.last_error}")
    return took


def seconds_of_writing(mirror: Path, scratch: Path) -> tuple[float, int]:
    """Hash and write every byte of the mirror once, and how many there are."""
    began, size = time.perf_counter(), 0
    with scratch.open("wb") as out:
        for path in sorted(mirror.rglob("*")):
            if path.is_file():
                data = path.read_bytes()
                hashlib.sha1(data).hexdigest()
                size += out.write(data)
        os.fsync(out.fileno())
    return time.perf_counter() - began, size


def main() -> int:
    parser = argparse.ArgumentParser(description="Import of a repository with many connectors.")
    parser.add_argument("--connectors", type=int, default=1_000)
    parser.add_argument("--commits", type=int, default=3_000)
    parser.add_argument("--changes", type=int, default=5)
    options = parser.parse_args()
    with bound(options.connectors, options.commits) as (monorepo, repository, place):
        return measure(monorepo, repository, place, options)


def measure(monorepo: Monorepo, repository: Repository, place: Path, options: argparse.Namespace) -> int:
    imported = seconds_of_look(repository)
    read = repository.bindings.filter(is_read=True).exclude(commits=[]).count()
    written, size = seconds_of_writing(place / "mirrors" / str(repository.pk), place / "scratch")
    print(f"{options.connectors} connectors, {options.commits} commits, {size / 1e6:.0f} MB in the mirror")
    print(
        f"import: {imported:.1f} s, {imported / written:.0f} times hashing and writing; {read} folders read"
    )
    changes = []
    for _round in range(options.changes):
        monorepo.grow(1)
        changes.append(seconds_of_look(repository))
    newest = monorepo.head.decode()
    seen = sum(binding.newest["sha"] == newest for binding in repository.bindings.all())
    change = statistics.median(changes)
    print(f"a change: {change:.2f} s (worst {max(changes):.2f} s), {change / imported:.3f} of the import")
    is_met = imported < GOAL_IMPORT and change < GOAL_CHANGE and read == options.connectors and seen == 1
    print(f"goals: import < {GOAL_IMPORT:g} s, change < {GOAL_CHANGE:g} s: {'met' if is_met else 'NOT met'}")
    return 0 if is_met else 1


if __name__ == "__main__":
    raise SystemExit(main())
