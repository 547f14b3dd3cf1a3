"""Everything the portal itself says of a call is said in the other languages too."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from connectors import call_words

every_language = pytest.mark.parametrize("language", call_words.LANGUAGES)
ROOT = Path(settings.BASE_DIR)
SOURCES = [
    *sorted((ROOT / "connectors/runtime").glob("*.py")),
    ROOT / "certification/services/credential_tests.py",
    ROOT / "certification/services/smoke.py",
]
# What is sent or printed and told to nobody, and halves of sentences that are in the file as wholes.
NO_SENTENCES = {
    "Basic {}", "Bearer {}", "{}; boundary={}", "Mask({} forms)",
    '; filename="test.txt"\r\nContent-Type: application/octet-stream', 'Content-Disposition: form-data; name="{}"',
    "HEAD / HTTP/1.1\r\nHost: {}\r\nUser-Agent: {}\r\nConnection: close\r\n\r\n",
    "({} bytes that are no text)", " at {}", "{}: use the service's host name.",
    "“{}” is neither a host name nor a plain address", "“{}” is no host",
    # Of httpcore: the guard tells what became of the call in words of its own.
    "no secure connection in time", "not sent in time", "only network addresses are called",
    "the deadline of the call has passed",
    # Ends up behind “The schema cannot be used to check”, where libraries speak.
    "the reference to {} leads outside the definition",
}  # fmt: skip
# As the source has it, and as the file has it once for each form.
IN_TWO_FORMS = {
    "The body does not fit the definition{}: {}",
    "The sign-in gave no token (status {}{}). Check client id, secret and scopes.",
}


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text that is no docstring, nor part of another one, its values as {}."""
    apart = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    apart |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in apart and (is_text or isinstance(node, ast.JoinedStr)):
            yield _text(node)


def said() -> set[str]:
    found = {text for path in SOURCES for text in _texts(ast.parse(path.read_text()))}
    return {text for text in found if " " in text.strip() and re.search("[a-z]", text)}


def _bare(template: str) -> str:
    parts = [(literal, field) for literal, field, _, _ in Formatter().parse(template)]
    return "".join(literal + ("" if field is None else "{}") for literal, field in parts)


def _known(language: str) -> set[str]:
    return {_bare(template) for part in call_words._parts(language).values() for template in part}


def test_every_language_of_the_portal_is_there():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *call_words.LANGUAGES}


@every_language
def test_every_sentence_of_a_call_is_there(language):
    assert said() - NO_SENTENCES - IN_TWO_FORMS - _known(language) == set()
    assert len(said() & _known(language)) > 100


@every_language
def test_no_translation_is_of_a_sentence_that_is_gone(language):
    source = "\n".join(said())
    for template in _known(language):
        # What stands before a colon, or “at” a place, may be a sentence of its own.
        assert max(re.split(r"\{\}|: | at ", template), key=len) in source, template


@every_language
def test_translations_have_the_fields_of_the_english_sentences(language):
    for part in call_words._parts(language).values():
        for english, other in part.items():
            assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", other)), english


@every_language
def test_every_sentence_is_found_again_by_its_own_template(language):
    """Filled in, it is told by its translation and not by that of another one."""
    values = {
        "which": "a private network", "why": "no connection", "note": "only by “default”", "kinds": "an API key",
        "where": "the header", "remedy": "fill in that input", "problem": "A number must be finite.",
        "named": "station: A number must be finite.", "address": "10.0.0.1", "pointer": "/a/b", "policy": "Route",
        "operation": "GetTides", **dict.fromkeys(("status", "number", "given", "least", "port"), "404"),
    }  # fmt: skip
    for english, other in call_words._parts(language)["sentences"].items():
        fields = re.findall(r"\{(\w+)\}", english)
        filled = english.format_map({name: values.get(name, "tides.example") for name in fields})
        told = call_words.told_in(language, filled)
        pattern = re.sub(r"\\\{\w+\\\}", ".*", re.escape(other))
        assert re.fullmatch(pattern, told), (filled, told)


@pytest.mark.parametrize(
    ("english", "german"),
    [
        (
            "“metadata” leads to 169.254.169.254, which is a link-local address: connectors call public services only.",
            ("„metadata“ führt zu 169.254.169.254, und das ist eine Link-Local-Adresse: "
            "Konnektoren rufen nur öffentliche Dienste auf."),
        ),
        (
            "The inputs of the test do not fit the definition. station: “x” is not a whole number.; Day: Must be given",
            ("Die Eingaben des Tests passen nicht zur Definition. station: „x“ ist keine ganze Zahl.; "
            "Day: Must be given"),
        ),
        ("Item 3: “x” is not a number.", "Eintrag 3: „x“ ist keine Zahl."),
        ("The service refused it: GetTides answered 401.", "Der Dienst wies sie zurück: GetTides antwortete 401."),
        ("its certificate is not valid: self signed", "sein Zertifikat ist nicht gültig: self signed"),
        ("Status 418 is declared not at all (declared: 200, 404).", "Status 418 ist gar nicht (deklariert: 200, 404) deklariert."),
        ("The teapot said no.", "The teapot said no."),
    ],
)  # fmt: skip
def test_a_message_is_told_with_its_values_and_foreign_words_stay(english, german):
    assert call_words.told_in("de", english) == german
    assert call_words.told_in("en", english) == english
    assert call_words.told_in("fr", english) == english


def test_pages_tell_it_in_the_language_of_the_reader():
    page = Template("{% load calls %}{{ text|told_call }}")
    told = Context({"text": "The name “<b>” has no address."})
    with translation.override("de"):
        assert page.render(told) == "Der Name „&lt;b&gt;“ hat keine Adresse."
    with translation.override("en"):
        assert page.render(told) == "The name “&lt;b&gt;” has no address."
