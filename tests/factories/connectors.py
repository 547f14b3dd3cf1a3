"""Packages, good and hostile, and telemetry as a region sends it."""

from __future__ import annotations

import io
import json
import struct
import uuid
import zipfile
import zlib
from datetime import UTC, datetime
from typing import Any

from connectors.latency import BUCKETS, LATENCY_BOUNDS_MS
from connectors.models import Connector, Region, Upload, Version
from connectors.services import versions
from portal.accounts.models import User
from tests.factories import VersionFactory

OPERATIONS = ("GetTides", "ListStations")


def definition(
    *, version: str = "1.0.0", operations: tuple[str, ...] = OPERATIONS, padding: int = 0
) -> bytes:
    paths = {
        f"/{name.lower()}": {
            "get": {
                "operationId": name,
                "summary": name,
                "description": "Reads it.",
                "responses": {"200": {"description": "OK", "schema": {"type": "string"}}},
            }
        }
        for name in operations
    }
    body = {
        "swagger": "2.0",
        "info": {
            "title": "Harbour Tides",
            "version": version,
            "description": "Tide tables. " + "x" * padding,
        },
        "host": "api.northwind.example",
        "basePath": "/",
        "schemes": ["https"],
        "paths": paths,
        "securityDefinitions": {"key": {"type": "apiKey", "in": "header", "name": "X-Key"}},
    }
    return json.dumps(body, indent=2).encode()


def png(side: int = 230, tail: bytes = b"") -> bytes:
    """A plain square in one colour."""
    row = b"\0" + bytes((20, 110, 140)) * side

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">L", len(data)) + kind + data + struct.pack(">L", zlib.crc32(kind + data))

    header = struct.pack(">2L5B", side, side, 8, 2, 0, 0, 0)
    picture = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(row * side)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + picture + tail


def good_files(**options: Any) -> list[tuple[str, bytes]]:
    return [
        ("apiDefinition.swagger.json", definition(**options)),
        ("apiProperties.json", b'{"properties": {"iconBrandColor": "#146e8c", "connectionParameters": {}}}'),
        ("icon.png", png()),
    ]


def zipped(files: list[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def _with(name: str, content: bytes = b"x") -> bytes:
    return zipped([*good_files(), (name, content)])


def _with_mode(name: str, mode: int) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        entry = zipfile.ZipInfo(name)
        entry.create_system, entry.external_attr = 3, mode << 16
        archive.writestr(entry, b"/etc/passwd")
    return out.getvalue()


def _encrypted() -> bytes:
    raw = bytearray(zipped(good_files()))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.find(magic) + offset] |= 1
    return bytes(raw)


def _lying_about_size() -> bytes:
    raw = bytearray(zipped([("apiDefinition.swagger.json", b"{}" * 500)]))
    at = raw.find(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<L", 10)
    return bytes(raw)


def _other_name_inside() -> bytes:
    raw = zipped([("icon.png", png())])
    return raw.replace(b"icon.png", b"evil.exe", 1)


def hostile_archives() -> dict[str, tuple[bytes, str]]:
    """Name -> (bytes, code of the problem that must refuse them)."""
    good = zipped(good_files())
    return {
        "empty": (b"", "not-an-archive"),
        "text": (b"hello", "not-an-archive"),
        "no entries": (zipped([]), "empty-archive"),
        "parent folder": (_with("../evil.json"), "zip-slip"),
        "absolute": (_with("/etc/passwd"), "zip-slip"),
        "drive": (_with("C:/evil.json"), "zip-slip"),
        "backslash": (_with("images\\evil.png"), "backslash-name"),
        "control character": (_with("a\x07.json"), "control-in-name"),
        "device": (_with("images/con.png"), "device-name"),
        "trailing dot": (_with("images./x.png"), "odd-name"),
        "long name": (_with("x" * 300 + ".png"), "name-too-long"),
        "case clash": (_with("ICON.PNG", png()), "case-clash"),
        "link": (_with_mode("icon.png", 0o120777), "link-entry"),
        "pipe": (_with_mode("icon.png", 0o010644), "special-entry"),
        "encrypted": (_encrypted(), "encrypted-entry"),
        "nested": (_with("inner.zip", good), "nested-archive"),
        "bomb": (_with("images/bomb.png", b"\0" * (9 * 1024 * 1024)), "zip-bomb"),
        "many entries": (zipped([(f"images/{n}.png", b"") for n in range(300)]), "too-many-entries"),
        "lying size": (_lying_about_size(), "header-mismatch"),
        "two names": (_other_name_inside(), "header-mismatch"),
        "tail": (good + b"<script>", "polyglot"),
        "head": (b"#!/bin/sh\n" + good, "polyglot"),
        "cut off": (good[: len(good) // 2], "damaged-archive"),
    }


def uploaded(connector: Connector, actor: User, **options: Any) -> Version:
    """A version whose bytes are in the store, made the way people make them."""
    upload: Upload = versions.receive_upload(
        connector, files=[("package.zip", zipped(good_files(**options)))], actor=actor
    )
    assert upload.version is not None
    return upload.version


def reporting_version(
    connector: Connector, *, label: str = "1.0.0", operations: tuple[str, ...] = OPERATIONS
) -> Version:
    """A version that telemetry may name; its bytes are not in the store."""
    return VersionFactory(
        connector=connector,
        label=label,
        digest=uuid.uuid4().hex * 2,
        facts={"operations": [{"id": each} for each in operations]},
    )


def event(connector: Connector, minute: datetime, /, **changes: Any) -> dict[str, Any]:
    histogram = [0] * BUCKETS
    histogram[5] = 10
    made = {
        "connector": connector.slug,
        "version": "1.0.0",
        "operation": "GetTides",
        "minute": minute.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:00Z"),
        "statuses": {"200": 9, "500": 1},
        "latency_ms": histogram,
        "connections": 3,
    }
    return {**made, **changes}


def batch(region: Region, events: list[Any], /, **changes: Any) -> dict[str, Any]:
    made = {
        "batch_id": str(uuid.uuid4()),
        "region": region.pk,
        "sent_at": datetime.now(UTC).isoformat(),
        "bounds_ms": list(LATENCY_BOUNDS_MS),
        "events": events,
    }
    return {**made, **changes}
