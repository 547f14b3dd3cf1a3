"""Real connectors, where a collection of them is at hand: CONNECTOR_CORPUS names its folder."""

from __future__ import annotations

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest

from connectors.definitions import facts, operations, read_path
from tests.definitions.test_mutations import assert_fit_to_store, damaged

ROOT = Path(os.environ.get("CONNECTOR_CORPUS", Path(__file__).parents[3] / "shared" / "corpus"))
FOLDERS = sorted(path.parent for path in ROOT.glob("*/*/apiProperties.json")) if ROOT.is_dir() else []

pytestmark = pytest.mark.skipif(not FOLDERS, reason="no collection of connectors here")


def test_every_package_is_read_and_none_is_refused():
    started = time.process_time()
    for folder in FOLDERS:
        package: Any = read_path(folder)
        assert not package.is_refused, folder
        assert package.definition.value["paths"], folder
        assert facts(package).title, folder
        for problem in package.problems:
            assert problem.line is None or problem.line >= 1
    assert time.process_time() - started < 0.02 * len(FOLDERS)


def test_strict_parsers_agree_wherever_no_problem_was_found():
    for folder in FOLDERS:
        for document in read_path(folder).documents.values():
            if document.is_valid_json:
                assert document.value == json.loads(document.file.content.decode("utf-8-sig")), folder
            else:
                assert any(problem.line for problem in document.problems), folder


def test_every_operation_is_found_at_its_name():
    for folder in FOLDERS[::5]:
        document: Any = read_path(folder).definition
        for operation in operations(document.value):
            span = document.locate(operation.pointer, key=True)
            found = document.file.text[span.offset : span.offset + span.length]
            assert found.strip('"').lower() == operation.method


def test_damaged_copies_of_real_files_never_crash_the_reader():
    choose = random.Random(7)
    from connectors.definitions import read_files

    for folder in choose.sample(FOLDERS, 100):
        files = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        name = choose.choice(list(files))
        assert_fit_to_store(read_files({**files, name: damaged(files[name], choose)}))
