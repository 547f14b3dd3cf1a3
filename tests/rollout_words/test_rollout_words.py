"""Everything the portal itself says of rollouts is said in the other languages too."""

from __future__ import annotations

import ast
import calendar
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

from certification import planning_words, rollout_words
from certification.gating import checks
from certification.planning.calendar import Calendar
from certification.planning.problems import problem
from certification.queries.forecasts import CAUSES
from certification.queries.reasons import reason_for_readers
from certification.regions import errors
from portal.shared.history import HistoryEntry
from portal.subscriptions import _MOVES_FORECASTS

every_language = pytest.mark.parametrize("language", rollout_words.LANGUAGES)
ROOT = Path(settings.BASE_DIR)
SERVICES = sorted(
    [*(ROOT / "certification/services").glob("*.py"), *(ROOT / "connectors/services").glob("*.py")]
)
# A person's words with the portal's around or before them, and what no person reads.
NOT_THE_PORTALS = {"{}: {}", "The record is not there."}
# Functions whose every sentence becomes a reason.
FINDERS = (("gates", "alarm"), ("gates", "_look"), ("rollout_queue", "_doubt"), ("advance", "_step_opt_in"))


def _bare(template: str) -> str:
    parts = [(literal, field) for literal, field, _, _ in Formatter().parse(template)]
    return "".join(literal + ("" if field is None else "{}") for literal, field in parts)


def _text(node: ast.expr) -> str:
    if isinstance(node, ast.Constant):
        return str(node.value)
    assert isinstance(node, ast.JoinedStr)
    return "".join(part.value if isinstance(part, ast.Constant) else "{}" for part in node.values)


def _texts(tree: ast.AST) -> Iterator[str]:
    """Every text of the source that is no docstring, nor part of another one, its values as {}."""
    apart = {id(part) for node in ast.walk(tree) if isinstance(node, ast.JoinedStr) for part in node.values}
    apart |= {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        is_text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if id(node) not in apart and (is_text or isinstance(node, ast.JoinedStr)):
            yield _text(node)


def _is_sentence(text: str) -> bool:
    words = text.strip(" ,;")
    return (" " in words and words[:1] != "%") or words[:1].isupper()


def gate_sentences() -> set[str]:
    tree = ast.parse(Path(checks.__file__).read_text())
    # How figures are written is not a sentence.
    writers = ("percent", "points")
    parts = [node for node in tree.body if getattr(node, "name", "") not in writers]
    found = {text for node in parts for text in _texts(node)}
    gates = ast.parse((ROOT / "certification/services/gates.py").read_text())
    waiting = next(node for node in gates.body if getattr(node, "name", "") == "_wait_for_traffic")
    return {text for text in found | set(_texts(waiting)) if _is_sentence(text)} - {"TYPE_CHECKING"}


def _said_as_reason(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        values: list[ast.expr] = []
        if isinstance(node, ast.Call):
            values = [each.value for each in node.keywords if each.arg in ("reason", "message")]
            if getattr(node.func, "id", "") in ("_replan", "_replan_late"):
                values += node.args
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("reason", "because"):
            values = [node.value]
        for value in values:
            if isinstance(value, (ast.Constant, ast.JoinedStr, ast.IfExp, ast.BoolOp)):
                yield from _texts(value)


def reasons() -> set[str]:
    found: set[str] = set()
    for path in SERVICES:
        tree = ast.parse(path.read_text())
        found |= set(_said_as_reason(tree))
        for node in tree.body:
            if (path.stem, getattr(node, "name", "")) in FINDERS:
                found |= {text for text in _texts(node) if text[:1].isupper() or text[:2] == "{}"}
    return {text for text in found if " " in text.strip(" ,;:") and text.strip("{} ,;:")} - NOT_THE_PORTALS


def _known(language: str, *parts: str) -> set[str]:
    return {_bare(template) for part in parts for template in rollout_words._parts(language)[part]}


def test_every_language_of_the_portal_is_there():
    assert {code for code, _ in settings.LANGUAGES} == {"en", *rollout_words.LANGUAGES}


@every_language
def test_every_sentence_of_a_gate_is_there(language):
    known = _known(language, "gates", "phrases", "smoke", "messages")
    assert gate_sentences() - known == set()
    assert len(gate_sentences()) > 45


@every_language
def test_every_reason_that_the_portal_gives_is_there(language):
    slips = [name for name in rollout_words._parts(language) if name.startswith("slips of ")]
    known = _known(language, "reasons", "findings", "messages", *slips)
    # What two people agreed to is put before their reason where the dates are written.
    known |= {text.removesuffix(": {}") for text in known}
    assert reasons() - known == set()
    assert len(reasons()) > 30


def region_errors() -> set[str]:
    """The sentence of every error of a region, wherever one is made; those of a region's own words apart."""
    kinds = {name for name, kind in vars(errors).items() if isinstance(kind, type)}
    found = set()
    for path in (*(ROOT / "certification/regions").rglob("*.py"), *SERVICES):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in kinds and len(node.args) > 1:
                text = node.args[1]
                found |= {_text(text)} if isinstance(text, (ast.Constant, ast.JoinedStr)) else set()
    return found - {"{} ({})"}


@every_language
def test_every_error_of_a_region_is_there_with_its_advice(language):
    assert region_errors() == _known(language, "regions")
    kinds = (kind for kind in vars(errors).values() if isinstance(kind, type))
    advice = {kind.advice for kind in kinds if issubclass(kind, errors.RegionError)}
    assert advice == _known(language, "advice")


def test_an_error_of_a_region_is_told_and_its_own_words_stay():
    error = errors.RegionUnauthorized("north", "rejected our token (HTTP 401).")
    told = rollout_words.region_in("de", f"{error.message} {error.advice}")
    assert told.startswith("wies unser Token zurück (HTTP 401). Geben Sie der Region")
    broke = "the connection broke (ReadError: peer said (twice) no)."
    assert (
        rollout_words.region_in("de", broke) == "die Verbindung brach ab (ReadError: peer said (twice) no)."
    )
    assert (
        rollout_words.region_in("de", "Disk full: no room. (disk-full)") == "Disk full: no room. (disk-full)"
    )
    assert rollout_words.reason_in("de", "no connection (x).", is_own=False) == "no connection (x)."


@every_language
def test_every_day_that_keeps_a_wave_is_there(language):
    tree = ast.parse((ROOT / "certification/planning/planner.py").read_text())
    makers = [node for node in tree.body if getattr(node, "name", "") in ("why_not_at", "_date")]
    found = {text for node in makers for text in _texts(node) if text[:1].isupper()} | set(calendar.day_name)
    assert found == _known(language, "days")


@every_language
def test_no_translation_is_of_a_sentence_that_is_gone(language):
    sources = [Path(checks.__file__), ROOT / "certification/planning/planner.py", *SERVICES]
    source = "\n".join(text for path in sources for text in _texts(ast.parse(path.read_text())))
    parts = rollout_words._parts(language)
    for part in set(parts) - {"figures", "weekdays", "smoke", "holidays", "regions", "advice"}:
        for template in parts[part]:
            longest = max(_bare(template).split("{}"), key=len)
            assert longest.removesuffix(": ") in source or longest in tuple(calendar.day_name), template


@every_language
def test_translations_have_the_fields_of_the_english_sentences(language):
    for part in rollout_words._parts(language).values():
        for english, other in part.items():
            assert sorted(re.findall(r"\{\w+\}", english)) == sorted(re.findall(r"\{\w+\}", other)), english


@pytest.mark.parametrize(
    ("english", "german"),
    [
        ("Success rate", "Erfolgsquote"),
        (
            ("99.2 % of 12,345 calls succeed; 99.8 % was to be expected. "
            "That is a fall of 0.6 points (between 0.2 points and 1.1 points), too much to be chance."),
            ("99,2 % von 12.345 Aufrufen gelingen; zu erwarten waren 99,8 %. "
            "Das ist ein Rückgang um 0,6 Punkte (0,2 Punkte bis 1,1 Punkte), zu viel für einen Zufall."),
        ),
        (
            "p95 is 1.20 s; it was unknown, and 420 ms is the limit. A rise beyond it is ruled out.",
            ("p95 ist 1,20 s; es war unbekannt, und 420 ms ist die Grenze. "
            "Ein Anstieg darüber hinaus ist ausgeschlossen."),
        ),
        (
            ("Only 12 calls of the new version; 1,000 are needed to tell. "
            "Failed twice in a row. Chile: GetForecast answered 500.; Peru: The host is gone; look. ; failed"),
            ("Nur 12 Aufrufe der neuen Version; für ein Urteil sind 1.000 nötig. "
            "Zweimal in Folge gescheitert. Chile: GetForecast antwortete 500.; Peru: The host is gone; look. ; failed"),
        ),
        (
            "New with this version: 404 in 1.2 % of the calls, 503 in 0.5 % of the calls.",
            "Neu mit dieser Version: 404 in 1,2 % der Aufrufe, 503 in 0,5 % der Aufrufe.",
        ),
    ],
)  # fmt: skip
def test_what_a_gate_says_is_told_with_its_figures(english, german):
    assert rollout_words.gate_in("de", english) == german


def test_the_reason_of_a_stop_tells_what_the_gate_found():
    told = rollout_words.reason_in(
        "de",
        "The gate after wave 2 failed. Only 95 % of 1,200 calls within the hour succeed, with whatever version: "
        "the backend is down. Failed twice in a row. Chile: failed",
        is_own=True,
    )  # fmt: skip
    assert told == (
        "Das Tor nach Welle 2 ist nicht bestanden. Nur 95 % von 1.200 Aufrufen in dieser Stunde gelingen, "
        "mit welcher Version auch immer: Das Backend ist gestört. Zweimal in Folge gescheitert. Chile: gescheitert"
    )  # fmt: skip


def test_a_slip_tells_what_the_calendar_added():
    told = rollout_words.slip_in(
        "de", "late", "Wave 1 is not verified yet (Saturday, Freeze: Year end, and more, Thanksgiving Day)",
        is_own=True,
    )  # fmt: skip
    assert told == (
        "Welle 1 ist noch nicht verifiziert (Samstag, Sperrzeit: Year end, and more, Thanksgiving)"
    )
    told = rollout_words.slip_in("de", "late", "Wave 1 bakes until Mon 10:00", is_own=True)
    assert told == "Einwirkzeit von Welle 1 bis Mo 10:00"
    assert rollout_words.slip_in("de", "freeze", "Ice was changed: thaw (early)", is_own=False) == (
        "Ice wurde geändert: thaw (early)"
    )


@pytest.mark.parametrize(
    "text", ["Incident: we look", "v2 is on its way", "Saturday suits us", "(Saturday)", ""]
)
def test_what_a_person_typed_stays(text):
    assert rollout_words.reason_in("de", text, is_own=False) == text
    assert rollout_words.slip_in("de", "operator", text, is_own=False) == text


def test_what_nobody_translated_stays():
    for language in ("en", "fr"):
        assert rollout_words.gate_in(language, "Every region with users has reported lately.") == (
            "Every region with users has reported lately."
        )
        assert (
            rollout_words.reason_in(language, "Not needed any more.", is_own=True) == "Not needed any more."
        )
        assert rollout_words.slip_in(
            language, "late", "Wave 1 is not verified yet (Sunday)", is_own=True
        ) == ("Wave 1 is not verified yet (Sunday)")
    assert (
        rollout_words.gate_in("de", "A sentence of tomorrow. And one more.")
        == "A sentence of tomorrow. And one more."
    )


def test_why_a_train_does_not_run_is_told_in_the_readers_language():
    with translation.override("de"):
        assert planning_words.sentence(problem("train-closed", why="Sunday")) == "Er fährt nicht: Sonntag."


def test_a_history_tells_the_portals_reasons_and_leaves_those_of_people():
    at = dt.datetime(2026, 3, 2, tzinfo=dt.UTC)
    words = "v1.2.0 took its place."
    mine = HistoryEntry(at, "Portal", "made way", words, "circle", "neutral", is_own=True)
    hers = HistoryEntry(at, "Mara", "made way", words, "circle", "neutral")
    with translation.override("de"):
        shown = render_to_string("_timeline.html", {"entries": [mine, hers]})
    assert "v1.2.0 hat den Platz eingenommen." in shown
    assert words in shown


def test_a_letter_composed_once_is_read_in_every_language():
    reason = reason_for_readers("The submission was withdrawn.", True)
    for language, words in (
        ("en", "The submission was withdrawn."),
        ("de", "Die Einreichung wurde zurückgezogen."),
    ):
        with translation.override(language):
            assert str(reason) == words


def test_every_cause_of_a_slip_has_a_name_for_people():
    found = set(_MOVES_FORECASTS)
    for path in SERVICES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in (
                "replan", "replan_all", "DateChange",
            ):  # fmt: skip
                found |= {
                    each.value.value
                    for each in node.keywords
                    if each.arg == "cause" and isinstance(each.value, ast.Constant)
                }
    assert found >= {"freeze", "late", "plan", "train", "incident"}
    assert found - set(CAUSES) == set()


@every_language
def test_holidays_are_told_with_what_is_added_to_their_names(language):
    told = {
        name
        for country in ("US", "DE", "AT", "CH", "GB", "FR", "CA", "AU", "BR", "IN", "JP")
        for year in (2026, 2027)
        for day in dates_of(year)
        if (name := Calendar(countries=(country,)).holiday(day))
    }
    assert len(told) > 80
    assert {name for name in told if rollout_words._day(language, name) is None} == set()
    assert rollout_words.days_in(language, "Festival of Nowhere") == "Festival of Nowhere"


def test_a_holiday_in_a_list_of_days_and_in_a_slip_is_told():
    days = "Independence Day (observed), Saturday, Freeze: Jahresende"
    assert (
        rollout_words.days_in("de", days) == "Unabhängigkeitstag (nachgeholt), Samstag, Sperrzeit: Jahresende"
    )
    assert rollout_words.days_in("de", "Ascension Day; May Day") == "Christi Himmelfahrt; Maifeiertag"
    slip = rollout_words.slip_in("de", "operator", "Wir warten. (Thanksgiving Day, Friday)", is_own=False)
    assert slip == "Wir warten. (Thanksgiving, Freitag)"


def dates_of(year):
    return (dt.date(year, 1, 1) + dt.timedelta(days=number) for number in range(366))
