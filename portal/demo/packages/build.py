"""From a blueprint to the files of a package, and to the .zip somebody uploads."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Mapping
from typing import Any

from portal.demo.packages.definition import definition_of
from portal.demo.packages.icons import icon
from portal.demo.packages.language import Blueprint
from portal.demo.packages.security import properties_of
from portal.demo.packages.texts import intro_of, readme_of

Change = Callable[[dict[str, Any], dict[str, Any]], None]
"""Takes the definition and the properties apart after they were built: how a faulty package is made."""


def files_of(blueprint: Blueprint, *changes: Change, without: tuple[str, ...] = ()) -> dict[str, bytes]:
    """The files of the package by name, `without` some of them."""
    definition, properties = definition_of(blueprint), properties_of(blueprint)
    for change in changes:
        change(definition, properties)
    files = {
        "apiDefinition.swagger.json": _json(definition),
        "apiProperties.json": _json(properties),
        "intro.md": intro_of(blueprint).encode(),
        "readme.md": readme_of(blueprint).encode(),
    }
    if not blueprint.is_independent:
        # The connectors of independent publishers share one icon, which they do not bring along.
        files["icon.png"] = icon(blueprint.colour, blueprint.glyph)
    return {name: content for name, content in files.items() if name not in without}


def zip_of(files: Mapping[str, bytes]) -> bytes:
    """An ordinary archive of the files; the same bytes every time."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0))
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, files[name])
    return file.getvalue()


def _json(value: Any) -> bytes:
    return json.dumps(value, indent=2, ensure_ascii=False).encode() + b"\n"
