"""Sample packages for tests: a small valid connector, pictures, and archives with any lie one could tell.

files = harbour_tides()                      a valid package, name to bytes
files = harbour_tides(definition={...})      with another definition
data = zip_of(files)                         an ordinary archive of it
data = RawZip().add("a.md", b"...").build()  an archive byte by byte
"""

from __future__ import annotations

import copy
import io
import json
import struct
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import Any

DEFINITION: dict[str, Any] = {
    "swagger": "2.0",
    "info": {
        "title": "Harbour Tides",
        "description": "High and low water, currents and warnings for harbours along the coast.",
        "version": "1.2.0",
        "contact": {
            "name": "Harbour Tides Support",
            "url": "https://tides.example.org/help",
            "email": "help@tides.example.org",
        },
    },
    "host": "api.tides.example.org",
    "basePath": "/v1",
    "schemes": ["https"],
    "consumes": ["application/json"],
    "produces": ["application/json"],
    "paths": {
        "/harbours": {
            "get": {
                "operationId": "ListHarbours",
                "summary": "List harbours",
                "description": "Lists all harbours with a tide table.",
                "parameters": [{"$ref": "#/parameters/Country"}],
                "responses": {
                    "200": {
                        "description": "The harbours.",
                        "schema": {"type": "array", "items": {"$ref": "#/definitions/Harbour"}},
                    }
                },
            }
        },
        "/harbours/{harbourId}/tides": {
            "parameters": [
                {
                    "name": "harbourId",
                    "in": "path",
                    "required": True,
                    "type": "string",
                    "x-ms-summary": "Harbour",
                    "description": "The harbour to look up.",
                    "x-ms-url-encoding": "single",
                }
            ],
            "get": {
                "operationId": "GetTides",
                "summary": "Get tides",
                "description": "Gets the next high and low waters of a harbour.",
                "parameters": [
                    {
                        "name": "days",
                        "in": "query",
                        "type": "integer",
                        "format": "int32",
                        "default": 3,
                        "x-ms-summary": "Days",
                        "description": "How many days to look ahead.",
                    }
                ],
                "responses": {
                    "200": {"description": "The tides.", "schema": {"$ref": "#/definitions/Tides"}}
                },
            },
        },
        "/warnings": {
            "post": {
                "operationId": "OnWarning",
                "summary": "When a warning is issued",
                "description": "Triggers when a warning is issued for a harbour.",
                "x-ms-trigger": "single",
                "parameters": [
                    {
                        "name": "body",
                        "in": "body",
                        "required": True,
                        "schema": {
                            "type": "object",
                            "properties": {
                                "callbackUrl": {
                                    "type": "string",
                                    "x-ms-notification-url": True,
                                    "x-ms-visibility": "internal",
                                }
                            },
                        },
                    }
                ],
                "responses": {"201": {"description": "The subscription."}},
            }
        },
    },
    "definitions": {
        "Harbour": {
            "type": "object",
            "properties": {
                "id": {"type": "string", "x-ms-summary": "Id", "description": "Id of the harbour."},
                "name": {"type": "string", "x-ms-summary": "Name", "description": "Name of the harbour."},
                "parent": {"$ref": "#/definitions/Harbour"},
            },
        },
        "Tides": {
            "type": "object",
            "properties": {
                "harbour": {"$ref": "#/definitions/Harbour"},
                "high": {"type": "string", "format": "date-time", "description": "Next high water."},
            },
        },
    },
    "parameters": {
        "Country": {
            "name": "country",
            "in": "query",
            "type": "string",
            "x-ms-summary": "Country",
            "description": "Two-letter code of the country.",
        }
    },
    "securityDefinitions": {"key": {"type": "apiKey", "name": "X-Api-Key", "in": "header"}},
    "security": [{"key": []}],
    "x-ms-connector-metadata": [
        {"propertyName": "Website", "propertyValue": "https://tides.example.org"},
        {"propertyName": "Privacy policy", "propertyValue": "https://tides.example.org/privacy"},
        {"propertyName": "Categories", "propertyValue": "Data;Lifestyle and Entertainment"},
    ],
}
PROPERTIES: dict[str, Any] = {
    "properties": {
        "connectionParameters": {
            "api_key": {
                "type": "securestring",
                "uiDefinition": {
                    "displayName": "API key",
                    "description": "The key of your account.",
                    "tooltip": "Found on the page of your account.",
                    "constraints": {"required": "true"},
                },
            }
        },
        "iconBrandColor": "#1B6CA8",
        "capabilities": [],
        "publisher": "Harbour Tides",
        "stackOwner": "Harbour Tides",
        "policyTemplateInstances": [],
    }
}
INTRO = "Harbour Tides tells when the water is high, for harbours along the coast.\n"
README = """# Harbour Tides

High and low water, currents and warnings.

## Publisher: Harbour Tides

## Prerequisites
An account and an API key.

## Supported operations
### List harbours
Lists all harbours with a tide table.

## Known issues and limitations
None.
"""


def definition(**changes: Any) -> dict[str, Any]:
    """A copy of the valid definition; keyword arguments replace root members, None removes one."""
    return _changed(DEFINITION, changes)


def properties(**changes: Any) -> dict[str, Any]:
    """A copy of the valid properties file; keyword arguments replace members of `properties`."""
    return {"properties": _changed(PROPERTIES["properties"], changes)}


def _changed(source: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    result = copy.deepcopy(source)
    for name, value in changes.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = value
    return result


def json_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"


def harbour_tides(
    *, definition: Any = None, properties: Any = None, **others: bytes | None
) -> dict[str, bytes]:
    """The files of a valid package by name. `definition` and `properties` are values or bytes. Other files
    are given by their name with "_" for "." (`readme_md=b"..."`); None leaves one out.
    """
    files = {
        "apiDefinition.swagger.json": _as_bytes(DEFINITION if definition is None else definition),
        "apiProperties.json": _as_bytes(PROPERTIES if properties is None else properties),
        "icon.png": png(),
        "intro.md": INTRO.encode(),
        "readme.md": README.encode(),
    }
    for name, content in others.items():
        name = name.replace("_", ".")
        if content is None:
            files.pop(name, None)
        else:
            files[name] = content
    return files


def _as_bytes(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json_bytes(value)


def png(width: int = 128, height: int = 128, colour: tuple[int, ...] = (27, 108, 168)) -> bytes:
    """A PNG of one colour: three numbers for RGB, four with alpha."""
    row = b"\0" + bytes(colour) * width
    return png_file(png_header(width, height, 6 if len(colour) == 4 else 2), zlib.compress(row * height, 9))


def png_header(width: int, height: int, colour_type: int = 2, bit_depth: int = 8) -> bytes:
    return struct.pack(">2L5B", width, height, bit_depth, colour_type, 0, 0, 0)


def png_file(header: bytes, pixels: bytes, *more: tuple[bytes, bytes]) -> bytes:
    """A PNG from the content of its IHDR and IDAT chunks; `more` chunks go between the two."""
    chunks = [(b"IHDR", header), *more, (b"IDAT", pixels), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">L", len(body)) + kind + body + struct.pack(">L", zlib.crc32(kind + body))
        for kind, body in chunks
    )


def zip_of(files: dict[str, bytes], *, folder: str = "", comment: bytes = b"") -> bytes:
    """An ordinary archive as the usual tools make it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(folder + name, content)
        archive.comment = comment
    return out.getvalue()


@dataclass
class RawEntry:
    """Header fields of one entry; `local_*` and the others differ only where a test lies."""

    name: bytes
    content: bytes
    method: int = 8
    flags: int = 0x0800
    mode: int = 0o100644
    crc: int | None = None
    size: int | None = None
    packed: bytes | None = None
    packed_size: int | None = None
    extra: bytes = b""
    local_name: bytes | None = None
    local_method: int | None = None
    local_flags: int | None = None
    local_size: int | None = None
    local_packed_size: int | None = None
    local_crc: int | None = None
    local_extra: bytes = b""
    descriptor: bytes | None = None
    before: bytes = b""
    """Bytes in front of the local header that belong to no entry."""
    header_offset: int | None = None
    disk: int = 0
    write_local: bool = True


@dataclass
class RawZip:
    """An archive written field by field."""

    entries: list[RawEntry] = field(default_factory=list)

    def add(self, name: str | bytes, content: bytes = b"x", **fields: Any) -> RawZip:
        raw = name.encode() if isinstance(name, str) else name
        self.entries.append(RawEntry(raw, content, **fields))
        return self

    def add_all(self, files: dict[str, bytes]) -> RawZip:
        for name, content in files.items():
            self.add(name, content)
        return self

    def build(
        self,
        *,
        prefix: bytes = b"",
        suffix: bytes = b"",
        gap: bytes = b"",
        comment: bytes = b"",
        count: int | None = None,
        disk: int = 0,
        directory_offset: int | None = None,
        directory_suffix: bytes = b"",
        shift: int = 0,
    ) -> bytes:
        """The archive. `shift` is added to all offsets, as if the prefix were not there when it is 0."""
        body = b""
        directory = b""
        for entry in self.entries:
            local, central = _headers(entry, len(body) + len(entry.before) + shift)
            body += entry.before + local
            directory += central
        body += gap
        directory += directory_suffix
        at = len(body) + shift if directory_offset is None else directory_offset
        number = len(self.entries) if count is None else count
        end = struct.pack("<4s4H2LH", b"PK\5\6", disk, disk, number, number, len(directory), at, len(comment))
        return prefix + body + directory + end + comment + suffix


def _headers(entry: RawEntry, offset: int) -> tuple[bytes, bytes]:
    """An entry's local header with its data, and its row in the directory."""
    packed = entry.packed
    if packed is None:
        packed = deflated(entry.content) if entry.method == 8 else entry.content
    crc = zlib.crc32(entry.content) if entry.crc is None else entry.crc
    size = len(entry.content) if entry.size is None else entry.size
    packed_size = len(packed) if entry.packed_size is None else entry.packed_size
    offset = offset if entry.header_offset is None else entry.header_offset

    def told(value: Any, otherwise: Any) -> Any:
        return otherwise if value is None else value

    name = told(entry.local_name, entry.name)
    local = struct.pack(
        "<4s5H3L2H",
        b"PK\3\4",
        20,
        told(entry.local_flags, entry.flags),
        told(entry.local_method, entry.method),
        0,
        33,
        told(entry.local_crc, crc),
        told(entry.local_packed_size, packed_size),
        told(entry.local_size, size),
        len(name),
        len(entry.local_extra),
    )
    local += name + entry.local_extra + packed + (entry.descriptor or b"")
    central = struct.pack(
        "<4s6H3L5H2L",
        b"PK\1\2",
        0x0314,
        20,
        entry.flags,
        entry.method,
        0,
        33,
        crc,
        packed_size,
        size,
        len(entry.name),
        len(entry.extra),
        0,
        entry.disk,
        0,
        entry.mode << 16,
        offset,
    )
    return (local if entry.write_local else b""), central + entry.name + entry.extra


def deflated(content: bytes) -> bytes:
    """Raw deflate data as in a zip entry."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(content) + packer.flush()
