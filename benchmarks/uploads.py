"""Uploads: received packages per second, and their CPU time against hashing and writing the same bytes.

    DATABASE_URL=... MEDIA_ROOT=... python -m benchmarks.uploads [--rounds 15] [--kilobytes 1000]

Every round sends a package of its own through the service (keep, read, canonical form, version, audit) and
then hashes and fsyncs equally many bytes the plainest way; the medians of the CPU seconds are compared.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import statistics
import tempfile
import time
import uuid
import zipfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

from django.conf import settings
from django.db import transaction

from benchmarks import django_ready  # noqa: F401 - sets Django up
from connectors.models import Connector, Membership, Publisher
from connectors.services import versions
from portal.accounts.models import User


def _package(kilobytes: int) -> bytes:
    """A definition of about this size in an archive; different every time."""
    paths: dict[str, object] = {}
    size = 0
    while size < kilobytes * 1000:
        name = f"Operation{len(paths)}"
        properties = {f"field{n}": {"type": "string", "description": f"{name} field {n}."} for n in range(30)}
        paths[f"/{name}"] = {
            "get": {
                "operationId": name,
                "summary": name,
                "description": f"{uuid.uuid4()}.",
                "responses": {"200": {"description": "OK", "schema": {"properties": properties}}},
            }
        }
        size += 2_250
    body = {
        "swagger": "2.0",
        "info": {"title": "Bench", "version": "1.0"},
        "host": "api.example.com",
        "paths": paths,
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("apiDefinition.swagger.json", json.dumps(body))
        archive.writestr("apiProperties.json", "{}")
    return out.getvalue()


def _hash_and_write(size: int, folder: Path) -> None:
    content = os.urandom(size)
    target = folder / hashlib.sha256(content).hexdigest()
    with target.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _spent(deed: Callable[[], object]) -> tuple[float, float]:
    cpu, wall = time.process_time(), time.perf_counter()
    deed()
    return time.process_time() - cpu, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--kilobytes", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, transaction.atomic():
        folder = Path(name)
        settings.PACKAGE_ROOT = folder / "packages"
        author = User.objects.create_user(email=f"{uuid.uuid4().hex}@example.test")
        team = Publisher.objects.create(name=f"Bench {uuid.uuid4().hex[:8]}", slug=uuid.uuid4().hex[:20])
        Membership.objects.create(publisher=team, user=author, role="owner")
        key = uuid.uuid4().hex
        connector = Connector.objects.create(publisher=team, name="Bench", name_key=key, slug=key[:20])
        ours, plain = [], []
        for _ in range(options.rounds):
            raw = _package(options.kilobytes)
            ours.append(
                _spent(partial(versions.receive_upload, connector, files=[("bench.zip", raw)], actor=author))
            )
            plain.append(_spent(partial(_hash_and_write, options.kilobytes * 1000, folder)))
        transaction.set_rollback(True)
    cpu = statistics.median(each[0] for each in ours)
    wall = statistics.median(each[1] for each in ours)
    base = statistics.median(each[0] for each in plain)
    print(f"{options.kilobytes:,} KB definition: {1 / wall:.1f} uploads/s, {1000 * cpu:.0f} ms CPU each")
    print(f"hash and write alone: {1000 * base:.1f} ms CPU; ratio {cpu / base:.1f}")


if __name__ == "__main__":
    main()
