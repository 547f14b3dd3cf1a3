"""Every text can be translated, German is whole, and readers get the language they chose."""

from __future__ import annotations

import gettext
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.template import engines
from django.urls import reverse
from django.utils import translation

from portal.shared.words import in_sentence

ROOT = Path(settings.BASE_DIR)
CATALOGUE = ROOT / "portal" / "locale" / "de" / "LC_MESSAGES"
SOURCES = ("portal", "certification", "connectors", "templates")
# The component sheet is for those who build pages; mail programs and browsers read the others as they are.
UNTRANSLATED = ("design/", "api_docs.html")
_NOT_TEXT = re.compile(
    r"\{%\s*(?:comment|blocktranslate)\b.*?%\}.*?\{%\s*end(?:comment|blocktranslate)\s*%\}"
    r"|\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}|<!--.*?-->|<(script|style)\b.*?</\1>",
    re.DOTALL,
)
_STYLE_BLOCK = re.compile(
    r"\{%\s*block (?:page|box|columns|body)_class\s*%\}.*?\{%\s*endblock.*?%\}", re.DOTALL
)


@pytest.fixture(scope="module")
def german() -> gettext.GNUTranslations:
    with (CATALOGUE / "django.mo").open("rb") as file:
        return gettext.GNUTranslations(file)


def entries(text: str) -> dict[str, list[str]]:
    """Context, text and plural, with NUL between -> translations, of a .po file."""
    found: dict[str, list[str]] = {}
    for block in re.split(r"\n\s*\n", text):
        values: dict[str, str] = {}
        key = ""
        for line in block.splitlines():
            if line.startswith("#"):
                continue
            if match := re.match(r'(msg\w+(?:\[\d\])?) "(.*)"$', line):
                key = match[1]
                values[key] = match[2]
            elif line.startswith('"'):
                values[key] += line[1:-1]
        if "msgid" in values:
            source = "\0".join([values.get("msgctxt", ""), values["msgid"], values.get("msgid_plural", "")])
            found[source] = [text for name, text in values.items() if name.startswith("msgstr")]
    found.pop("\0\0", None)
    return found


@pytest.fixture(scope="module")
def stored() -> dict[str, list[str]]:
    return entries((CATALOGUE / "django.po").read_text())


def test_no_german_text_is_missing_or_empty(stored):
    assert len(stored) > 3_000
    assert [source for source, texts in stored.items() if not all(texts)] == []


def test_every_placeholder_stands_in_the_german_text_too(stored):
    def holes(text: str) -> set[str]:
        return set(re.findall(r"%\(\w+\)[sd]|\{\w*\}", text))

    wrong = [
        source
        for source, texts in stored.items()
        if holes(texts[-1]) != holes(source) or any(holes(text) - holes(source) for text in texts)
    ]
    assert wrong == []


@pytest.mark.skipif(shutil.which("xgettext") is None, reason="gathering texts needs GNU gettext")
def test_the_catalogue_holds_every_text_of_the_sources(stored, tmp_path):
    for folder in SOURCES:
        shutil.copytree(
            ROOT / folder,
            tmp_path / folder,
            ignore=shutil.ignore_patterns("locale", "__pycache__", "packages"),
        )
    (tmp_path / "locale").mkdir()
    run = "from portal.management.commands.makemessages import Command; Command().run_from_argv(['', *sys.argv])"
    options = ["makemessages", "--locale", "de", "--no-location", "--no-wrap"]
    command = [sys.executable, "-c", f"import sys; sys.argv.pop(0); {run}", *options]
    # Without settings the command takes the folder it stands in, and nothing of this project's is imported.
    plain = {name: value for name, value in os.environ.items() if name != "DJANGO_SETTINGS_MODULE"}
    subprocess.run(command, cwd=tmp_path, env=plain, check=True, capture_output=True, text=True, timeout=300)
    gathered = entries((tmp_path / "locale" / "de" / "LC_MESSAGES" / "django.po").read_text())
    assert sorted(set(gathered) - set(stored)) == [], "run make messages and translate what is new"
    assert sorted(set(stored) - set(gathered)) == [], "run make messages: these texts are gone"


def test_the_compiled_catalogue_is_the_one_of_the_texts(german, stored):
    def plain(text: str) -> str:
        return text.replace('\\"', '"').replace("\\n", "\n").replace("\\\\", "\\")

    for source, texts in stored.items():
        context, single, plural = map(plain, source.split("\0"))
        if plural:
            found = [german.ngettext(single, plural, count) for count in (1, 2)]
        else:
            found = [german.pgettext(context, single) if context else german.gettext(single)]
        assert found == [plain(text) for text in texts], "run make messages"


def test_no_template_holds_text_that_cannot_be_translated():
    found = []
    for path in sorted((ROOT / "templates").rglob("*")):
        name = str(path.relative_to(ROOT / "templates"))
        if path.suffix not in {".html", ".txt"} or name.startswith(UNTRANSLATED):
            continue
        text = _NOT_TEXT.sub(" ", _STYLE_BLOCK.sub(" ", path.read_text()))
        text = re.sub(r"<[^>]*>", " ", text)
        words = re.findall(r"[A-Za-z]{2,}", re.sub(r"&\w+;", " ", text))
        if words:
            found.append(f"{name}: {' '.join(words)[:60]}")
    assert found == []


def test_a_visitor_gets_the_language_of_the_browser_and_can_choose_another(client, db):
    page = client.get(reverse("account_login"), headers={"accept-language": "de-AT, en;q=0.5"})
    assert page["Content-Language"] == "de"
    assert '<html lang="de"' in page.text
    assert "Anmelden" in page.text
    assert "Accept-Language" in page["Vary"]
    answer = client.post(reverse("accounts:language"), {"language": "en", "next": "/accounts/login/"})
    assert answer.cookies["language"].value == "en"
    page = client.get(reverse("account_login"), headers={"accept-language": "de"})
    assert '<html lang="en"' in page.text


def test_the_profile_decides_on_every_machine(cast, sign_in, client):
    sign_in(cast.owner)
    assert 'lang="en"' in client.get(reverse("home")).text
    client.post(reverse("accounts:language"), {"language": "de", "next": "/"})
    cast.owner.refresh_from_db()
    assert cast.owner.language == "de"
    client.cookies.pop("language")
    page = client.get(reverse("home"), headers={"accept-language": "en"}).text
    assert 'lang="de"' in page
    assert "Neue Einreichung" in page or "Konnektor" in page


def test_a_language_that_is_not_spoken_is_refused(cast, sign_in, client):
    sign_in(cast.owner)
    assert client.post(reverse("accounts:language"), {"language": "tlh"}).status_code == 400
    cast.owner.refresh_from_db()
    assert cast.owner.language == ""


def test_counted_words_follow_the_plural_of_the_language():
    template = engines["django"].from_string('{% load display %}{{ n|in_words:_("region,regions") }}')
    with translation.override("de"):
        assert [template.render({"n": n}) for n in (0, 1, 5)] == ["0 Regionen", "1 Region", "5 Regionen"]
    with translation.override("en"):
        assert [template.render({"n": n}) for n in (1, 5)] == ["1 region", "5 regions"]


def test_german_nouns_keep_their_capital_within_a_sentence():
    with translation.override("de"):
        assert in_sentence("Herausgeber") == "Herausgeber"
    with translation.override("en"):
        assert in_sentence("Publisher") == "publisher"
