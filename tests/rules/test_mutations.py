"""Random damage to packages: no rule crashes, there is always a verdict, and no check takes long.

MUTATIONS raises the number of cases: `MUTATIONS=10000 pytest tests/rules/test_mutations.py`. Where a collection of
real packages is at hand, a part of the cases starts from those.
"""

from __future__ import annotations

import copy
import functools
import json
import os
import random
import time
from typing import Any

import pytest

from benchmarks.agreement import PACKAGES
from certification.rules import Context, Profile, check_package
from certification.rules.examples import examples
from certification.rules.profiles import CHANGES, PUBLISHERS
from connectors.definitions import Package, read_files

CASES = int(os.environ.get("MUTATIONS", "800"))
BATCHES = 10
DEFINITION, PROPERTIES = "apiDefinition.swagger.json", "apiProperties.json"
_LARGEST_SEED = 150_000
JUNK: list[Any] = [
    None, True, False, 0, -1, 1.5, "", " ", "x", "{", "a" * 300, [], [[]], [None], [{}], {}, {"": None}, {"a": {"a": {}}},
    {"$ref": "#/definitions/TideList"}, {"$ref": "#/definitions/Nowhere"}, {"$ref": "#"}, {"$ref": 5}, {"$ref": "#/paths"},
    ["string", "null"], "internal", "2.0", "#/definitions/TideList", "https://", "http://[", "ü" * 40, "\U0001f600",
    2**53, -(2**40), ["a", "a"], {"type": ["object"]}, {"type": {}}, {"properties": []}, {"allOf": {}}, {"items": [{}]},
]  # fmt: skip
NAMES = [
    "type", "format", "in", "name", "required", "default", "enum", "items", "properties", "allOf", "schema",
    "parameters", "responses", "$ref", "description", "summary", "x-ms-summary", "x-ms-visibility", "operationId",
    "x-ms-trigger", "x-ms-notification-url", "x-ms-notification-content", "x-ms-dynamic-values", "x-ms-dynamic-list",
    "x-ms-dynamic-schema", "x-ms-dynamic-properties", "x-ms-dynamic-tree", "x-ms-enum-values", "x-ms-api-annotation",
    "x-ms-capabilities", "x-ms-pageable", "additionalProperties", "discriminator", "minimum", "maximum", "pattern",
    "security", "securityDefinitions", "consumes", "produces", "definitions", "paths", "get", "post", "delete", "body",
    "connectionParameters", "connectionParameterSets", "policyTemplateInstances", "oAuthSettings", "uiDefinition",
    "scriptOperations", "capabilities", "iconBrandColor", "headers", "examples", "tags", "host", "basePath", "schemes",
]  # fmt: skip

Files = dict[str, bytes]


@functools.cache
def seeds() -> tuple[Files, ...]:
    """Packages to damage: every example of every rule, and real packages of a modest size."""
    cases = [case for found in examples().values() for case in (*found.bad, *found.good)]
    return tuple(case.members() for case in cases) + tuple(_real())


def _real() -> list[Files]:
    folders = sorted(PACKAGES.glob("*/*"))[::7] if PACKAGES.is_dir() else []
    found = [
        {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} for folder in folders
    ]
    return [files for files in found if 0 < sum(map(len, files.values())) < _LARGEST_SEED]


def damaged(files: Files, choose: random.Random) -> Files:
    name = choose.choice([name for name in files if name in (DEFINITION, PROPERTIES)] or list(files))
    try:
        value = json.loads(files[name])
    except ValueError:
        return files
    value = copy.deepcopy(value)
    for _ in range(choose.randint(1, 6)):
        value = _mutate(value, choose)
    text = json.dumps(value, indent=choose.choice([None, 1, "\t"]), ensure_ascii=choose.random() < 0.5)
    content = text.encode("utf-8", "replace")
    if choose.random() < 0.1:
        at = choose.randrange(len(content) + 1)
        content = content[:at] + choose.choice([b",", b"}", b"]", b'"', b"\\", b"//", b"\xff"]) + content[at:]
    return {**files, name: content}


def _mutate(root: Any, choose: random.Random) -> Any:
    places = _places(root)
    if not places:
        return choose.choice(JUNK)
    parent, key = choose.choice(places)
    other_parent, other_key = choose.choice(places)
    match choose.randrange(7):
        case 0 | 1:
            parent[key] = copy.deepcopy(choose.choice(JUNK))
        case 2:
            del parent[key]
        case 3 if isinstance(parent, dict):
            parent[choose.choice(NAMES)] = copy.deepcopy(choose.choice([parent[key], choose.choice(JUNK)]))
        case 4 if isinstance(parent, dict):
            parent[choose.choice([*NAMES, str(key) + " ", str(key).upper()])] = parent.pop(key)
        case 5:
            parent[key] = copy.deepcopy(other_parent[other_key])
        case _ if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
    return root


def _places(root: Any) -> list[tuple[Any, Any]]:
    found: list[tuple[Any, Any]] = []
    pending = [root]
    while pending:
        value = pending.pop()
        keys = (
            list(value) if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
        )
        for key in keys:
            found.append((value, key))
            pending.append(value[key])
    return found


def checked(files: Files, choose: random.Random, previous: Package | None) -> list[str]:
    profile = Profile(choose.choice(CHANGES), choose.choice(PUBLISHERS))
    package = read_files(files)
    started = time.process_time()
    report = check_package(package, profile, Context(previous=previous))
    assert time.process_time() - started < 10
    assert report.verdict in ("pass", "fail")
    assert all(finding.message and finding.fix and finding.fingerprint for finding in report.findings)
    return [finding.message for finding in report.findings if finding.rule == "ENG-001"]


@pytest.mark.parametrize("batch", range(BATCHES))
def test_damaged_packages_always_get_a_verdict_and_crash_no_rule(batch: int) -> None:
    choose = random.Random(batch)
    for number in range(CASES // BATCHES):
        seed = choose.choice(seeds())
        files = damaged(seed, choose)
        # Every third one is an update of the package that was whole before.
        previous = read_files(seed) if number % 3 == 0 else None
        crashes = checked(files, choose, previous)
        assert not crashes, (batch, number, crashes)
