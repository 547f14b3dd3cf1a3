"""The rule catalogue is open to everybody and explains every rule."""

from __future__ import annotations

import pytest
from django.urls import reverse

from certification.rule_words import rule_in
from certification.rules.rulebook import catalogue
from certification.rules.version import RULES_VERSION

pytestmark = pytest.mark.django_db


def test_the_list_shows_every_rule_and_the_version_without_signing_in(client):
    answer = client.get(reverse("rule_list"))
    text = answer.content.decode()
    assert RULES_VERSION in text
    assert all(rule.id in text for rule in catalogue())


@pytest.mark.parametrize("rule", catalogue(), ids=lambda rule: rule.id)
def test_the_page_of_each_rule_says_when_it_fires_and_how_to_get_it_right(client, rule):
    answer = client.get(reverse("rule_detail", args=[rule.id]))
    assert answer.status_code == 200
    assert rule.id in answer.content.decode()
    assert answer.context["rule"].fix


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"q": "INF-004"}, {"INF-004"}),
        ({"family": "DEF", "severity": "info"}, None),
        ({"q": "nothing whatsoever"}, set()),
    ],
)
def test_rules_are_found_by_words_family_and_severity(client, query, expected):
    answer = client.get(reverse("rule_list"), query)
    found = [rule for _, _, rules in answer.context["families"] for rule in rules]
    if expected is None:
        assert found
        assert {(rule.family, rule.severity) for rule in found} == {("DEF", "info")}
    else:
        assert {rule.id for rule in found} == expected
    if not found:
        assert "No rule matches" in answer.content.decode()


def test_another_letter_case_leads_to_the_rule_and_an_unknown_one_nowhere(client):
    moved = client.get("/rules/inf-004/")
    assert (moved.status_code, moved.url) == (301, "/rules/INF-004/")
    assert client.get("/rules/XXX-999/").status_code == 404


def test_rules_and_findings_are_german_for_germans(client):
    german = {"HTTP_ACCEPT_LANGUAGE": "de"}
    english = next(rule for rule in catalogue() if rule.id == "PKG-003")
    text = client.get("/rules/PKG-003/", **german).content.decode()
    assert rule_in("de", "PKG-003").title in text
    assert english.title not in text
    listed = client.get(reverse("rule_list"), {"q": rule_in("de", "PKG-003").title}, **german)
    assert [rule.id for *_, rules in listed.context["families"] for rule in rules] == ["PKG-003"]
