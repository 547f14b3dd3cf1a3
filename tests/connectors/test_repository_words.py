"""Every code that a repository's child may answer with has a sentence, whatever it names."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.utils import translation

from connectors import repositories
from connectors.repositories.errors import KINDS, RepositoryError
from connectors.repository_words import SENTENCES, sentence, told

FOLDER = Path(repositories.__file__).parent
RAISED = re.compile(r"RepositoryError\(\s*\"([a-z-]+)\"([^)]*)\)")


def test_codes_and_sentences_are_the_same_set():
    assert set(SENTENCES) == set(KINDS)


def test_whatever_is_raised_names_what_its_sentence_needs():
    seen = set()
    for path in FOLDER.glob("*.py"):
        for code, arguments in RAISED.findall(path.read_text()):
            needed = set(re.findall(r"%\((\w+)\)s", str(SENTENCES[code])))
            assert needed == set(re.findall(r"(\w+)=", arguments)), (path.name, code)
            seen.add(code)
    assert {"credentials", "submodule", "host-key", "no-connection"} <= seen


def test_a_sentence_bears_any_values_and_comes_in_the_readers_language():
    error = RepositoryError("link", name="100%s %(secret)s.json")
    assert told(error) == "100%s %(secret)s.json is a symbolic link: put the file itself there."
    assert sentence("link", {}) == str(SENTENCES["unreadable"])
    assert sentence("There is no branch dev any more.") == "There is no branch dev any more."
    assert sentence("") == ""
    with translation.override("de"):
        assert told(RepositoryError("moved")) == translation.gettext(
            "The repository has moved: give its new address."
        )


@pytest.mark.parametrize("code", ["made-up", "", "Password: hunter2"])
def test_a_child_that_answers_another_code_is_only_unreadable(code):
    assert RepositoryError(code).code == "unreadable"
