"""Everything that the reader of packages can say is said in the other languages too."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings

from certification.rule_words import message_in as finding_in
from connectors import definitions, problem_words
from connectors.definitions import KINDS, read_archive
from connectors.problem_words.refilling import values_of
from tests.definitions.test_archives_hostile import ARCHIVES
from tests.packages import harbour_tides, zip_of

every_language = pytest.mark.parametrize("language", problem_words.LANGUAGES)
FOLDER = Path(definitions.__file__).parent
# Where the reader makes its sentences; elsewhere are exceptions for programmers and the comparison of versions.
SPEAKERS = (
    "archive",
    "icon",
    "json_recovery",
    "json_tokens",
    "names",
    "package",
    "reading",
    "references",
    "sources",
)
# Sentences of these modules that nobody reads as a problem.
FOR_PROGRAMMERS = {
    "a refused package has no canonical form",
    "a refused package has no digest",
    "{} is no regular file",
}


def sentences() -> set[str]:
    """The text of every sentence in the source, its values as {}."""
    return {
        _template(node)
        for speaker in SPEAKERS
        for node in _texts(ast.parse((FOLDER / f"{speaker}.py").read_text()))
        if " " in _template(node).strip() and _template(node).strip(" ")[:1].isalpha() | (_template(node)[:1] in "{“ ")
    }  # fmt: skip


def _texts(tree: ast.AST) -> list[ast.expr]:
    within = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    docs = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        node
        for node in ast.walk(tree)
        if id(node) not in within | docs
        and (isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str)))
    ]  # fmt: skip


def _template(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _bare(template: str) -> str:
    parts = [(literal, field) for literal, field, _, _ in Formatter().parse(template)]
    return "".join(literal + ("" if field is None else "{}") for literal, field in parts)


def test_every_language_of_the_portal_is_there():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *problem_words.LANGUAGES}


@every_language
def test_every_kind_of_problem_has_a_title_and_what_to_do(language):
    for code, kind in KINDS.items():
        assert problem_words.title_in(language, code) != kind.title
        assert problem_words.fix_in(language, kind.fix) != kind.fix, code


@every_language
def test_every_sentence_of_the_reader_is_there(language):
    words = problem_words._words_in(language)
    known = {_bare(template) for part in ("messages", "fixes") for template in words[part]}
    assert sentences() - known - FOR_PROGRAMMERS == set()
    assert len(sentences() & known) > 100


@every_language
def test_no_translation_is_of_a_sentence_that_is_gone(language):
    source = "".join((FOLDER / f"{name}.py").read_text() for name in (*SPEAKERS, "problems", "names"))
    words = problem_words._words_in(language)
    for template in (*words["messages"], *words["fixes"]):
        longest = max(_bare(template).split("{}"), key=len)
        assert longest.replace("\\", "\\\\") in source or longest.replace('"', '\\"') in source, template


@every_language
def test_translations_have_the_fields_of_the_english_sentences(language):
    words = problem_words._words_in(language)
    for part in ("messages", "fixes"):
        for english, other in words[part].items():
            assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", other)), english


BROKEN_JSON = (
    '{"a": 1 "b": 2}', '{"a": 1,}', "{'a': 1}", '{"a": NaN}', '{"a": 01}', '{"a": True}', "{a: 1}", '{"a": }', '{"a" 1}',
    '{"a": [1, 2}', '{"a": {"b": 1}', '{"a": "x\ny"}', '{"a": "\\q"}', '{"a": 1} trailing', "", '{"a": 1, "a": 2}',
    '{"a": /* b */ 1}', '{"a": "\\u0000"}', '{"a": "\\ud800"}', '{"a": 12345678901234567890123}', '[' * 80 + ']' * 80,
    '{"a": \u201cb\u201d}', '{"a":\u00a01}', '{"a": "b}', '{,"a": 1}', '{"a": {"$ref": "other.json#/x"}}', '{"a": word}',
)  # fmt: skip


@every_language
@pytest.mark.parametrize("name", ARCHIVES)
def test_what_is_said_of_hostile_archives(language, name):
    problems = read_archive(ARCHIVES[name][1]).problems
    assert problems
    for problem in problems:
        assert problem_words.message_in(language, problem.message) != problem.message
        assert problem_words.fix_in(language, problem.fix) != problem.fix


@every_language
@pytest.mark.parametrize("text", BROKEN_JSON)
def test_what_is_said_of_broken_json(language, text):
    package = read_archive(zip_of({**harbour_tides(), "apiDefinition.swagger.json": text.encode()}))
    problems = package.problems
    assert problems, text
    for problem in problems:
        assert problem_words.message_in(language, problem.message) != problem.message
        assert problem_words.fix_in(language, problem.fix) != problem.fix, problem.fix


def test_a_name_keeps_its_words():
    told = problem_words.message_in("de", "“is a link. and is too long” is a link.")
    assert told == "“is a link. and is too long” ist eine Verknüpfung."
    assert (
        problem_words.message_in("de", "“../a” leads out of the package.")
        == "“../a” führt aus dem Paket hinaus."
    )


def test_reasons_of_files_left_out():
    assert (
        problem_words.message_in("de", "another icon is used") == "eine andere Datei hat die Rolle „Symbol“"
    )
    assert problem_words.message_in("de", "not a picture") == "Kein Bild"


def test_what_nobody_translated_stays():
    assert problem_words.message_in("de", "Something new.") == "Something new."
    assert problem_words.message_in("fr", "There is no file.") == "There is no file."
    assert problem_words.fix_in("en", "Use double quotes.") == "Use double quotes."
    assert problem_words.title_in("en", "bom") == KINDS["bom"].title


def test_two_ways_to_read_a_sentence_are_none():
    assert values_of("{a} and {b}", "x and y") == {"a": "x", "b": "y"}
    assert values_of("{a} and {b}", "x and y and z") is None
    assert values_of("{a}, {a}", "x, y") is None


@pytest.mark.parametrize(
    ("rule", "english", "german"),
    [
        ("PKG-012", "The file is not valid JSON: A comma is missing here.", "Hier fehlt ein Komma."),
        ("ENG-020", "The file starts with a byte-order mark.", "Die Datei beginnt mit einer Bytereihenfolge-Marke."),
        ("ICN-001", "The package has no icon.png.", "Das Paket hat keine icon.png."),
    ],
)  # fmt: skip
def test_a_finding_tells_what_the_reader_said(rule, english, german):
    assert finding_in("de", rule, english).endswith(german)
