"""The findings page with few and with very many findings: grouped, narrowed, quick."""

from __future__ import annotations

import html
import re

import pytest
from django.urls import reverse

from certification.models import Finding
from certification.queries import finding_groups
from certification.queries import validation as queries
from certification.rule_words import message_in
from certification.rules.rulebook import rule_info
from certification.rules.version import RULES_VERSION
from certification.services import validation
from tests.factories.submissions import WITH_ERROR, ready_draft

pytestmark = pytest.mark.django_db

ERROR, WARNING, ADVICE = "OPR-002", "PRM-020", "OPR-056"


@pytest.fixture
def checked(cast):
    submission = ready_draft(cast.owner, case=WITH_ERROR)
    validation.check_draft(str(submission.pk))
    return submission


def verdict_of(submission):
    return queries.known_validation(submission, submission.version)


def add(submission, rule: str, severity: str, count: int, *, group: str = "", **fields) -> None:
    """Findings as a large package would have them."""
    verdict = verdict_of(submission)
    start = verdict.findings.count()
    Finding.objects.bulk_create(
        Finding(
            validation=verdict,
            rule=rule,
            severity=severity,
            **{"message": f"Place {n} is wrong.", "file": "apiDefinition.swagger.json", **fields},
            pointer=f"/paths/~1tides~1{n}",
            line=n,
            fingerprint=f"f{n}",
            group=group or f"g{n}",
            excerpt="{\n",
            excerpt_line=n,
        )
        for n in range(start + 1, start + count + 1)
    )


def page(browser, submission, **query):
    answer = browser.get(reverse("finding_list", args=[submission.pk]), query)
    assert answer.status_code == 200
    return answer


def test_findings_stand_by_severity_and_advice_is_folded(cast, sign_in, checked):
    add(checked, WARNING, "warning", 2)
    add(checked, ADVICE, "info", 3)
    text = page(sign_in(cast.owner), checked).content.decode()
    assert text.index('id="error"') < text.index('id="warning"') < text.index('id="info"')
    opened = dict(re.findall(r'id="rule-([\w-]+)"\s+(open)?', text))
    assert opened["INF-004"] == opened[WARNING] == "open"
    assert opened[ADVICE] == ""
    assert 'href="#info"' in text


def test_places_of_one_cause_stand_behind_the_first(cast, sign_in, checked):
    add(checked, ADVICE, "info", 40, group="same")
    answer = page(sign_in(cast.owner), checked)
    group = next(group for group in answer.context["found"].groups if group.rule == ADVICE)
    (cause,) = group.causes.values()
    assert (group.total, cause.more, cause.not_listed) == (40, 39, 0)
    text = answer.content.decode()
    assert "and 39 more places with the same cause" in text
    assert all(f"/paths/~1tides~1{row.line}<" in text for row in group.rows)


def test_many_causes_and_places_are_cut_and_the_rule_alone_shows_all(cast, sign_in, checked):
    add(checked, ADVICE, "info", 60)
    add(checked, WARNING, "warning", 200, group="same")
    browser = sign_in(cast.owner)
    groups = {group.rule: group for group in page(browser, checked).context["found"].groups}
    assert len(groups[ADVICE].causes) == finding_groups.SHOWN_PER_RULE
    (cause,) = groups[WARNING].causes.values()
    assert cause.not_listed == 199 - finding_groups.PLACES_PER_CAUSE
    for rule, total in ((ADVICE, 60), (WARNING, 200)):
        (group,) = page(browser, checked, rule=rule).context["found"].groups
        assert len(group.rows) == group.total == total


@pytest.mark.parametrize(
    ("query", "rules"),
    [
        ({"family": "PRM"}, {WARNING}),
        ({"family": "INF", "severity": "error"}, {"INF-004"}),
        ({"q": "place 17"}, {ADVICE}),
        ({"q": "TIDES~117 opr-056"}, {ADVICE}),
        ({"q": "nothing whatsoever"}, set()),
        ({"file": "readme.md"}, {WARNING}),
        ({"rule": ADVICE, "severity": "error"}, set()),
    ],
)
def test_filters_work_together_and_are_in_the_address(cast, sign_in, checked, query, rules):
    checked.version.validations.get().findings.exclude(rule="INF-004").delete()
    add(checked, ADVICE, "info", 20)
    add(checked, WARNING, "warning", 3, message="Another text.", file="readme.md")
    answer = page(sign_in(cast.owner), checked, **query)
    found = answer.context["found"]
    assert {group.rule for group in found.groups} == rules
    assert found.total == verdict_total(checked)
    if not rules:
        assert "Nothing matches" in answer.content.decode()


def verdict_total(submission) -> int:
    verdict = verdict_of(submission)
    return verdict.errors + verdict.warnings + verdict.infos


def test_the_link_to_all_places_keeps_the_other_filters(cast, sign_in, checked):
    add(checked, ADVICE, "info", 60)
    text = page(sign_in(cast.owner), checked, severity="info", q="place").content.decode()
    assert f"?severity=info&amp;q=place&amp;rule={ADVICE}" in text


def test_what_was_asked_for_is_unfolded(cast, sign_in, checked):
    add(checked, ADVICE, "info", 3)
    text = page(sign_in(cast.owner), checked, severity="info").content.decode()
    assert re.search(rf'id="rule-{ADVICE}"\s+open', text)


def test_a_group_names_its_rule_officially_and_leads_to_its_page(cast, sign_in, checked):
    text = page(sign_in(cast.owner), checked).content.decode()
    assert rule_info("INF-004").microsoft_name in text
    assert reverse("rule_detail", args=["INF-004"]) in text
    assert f"rules {RULES_VERSION}" in text


def test_a_place_leads_to_its_line_in_the_package(cast, sign_in, checked):
    browser = sign_in(cast.viewer)
    finding = verdict_of(checked).findings.get(rule="INF-004")
    target = f"{reverse('version_file', args=[checked.version_id, finding.file])}?line={finding.line}"
    assert f"{target}#L{finding.line}" in page(browser, checked).content.decode()
    assert browser.get(target).status_code == 200


def test_a_file_with_a_hostile_name_breaks_no_page(cast, sign_in, checked):
    add(checked, ERROR, "error", 2, file='a"><script>\n\u202e/../b', message="<script>alert(1)</script>")
    text = page(sign_in(cast.owner), checked).content.decode()
    assert "<script>alert(1)" not in text
    assert 'a"><script>' not in text


def test_the_page_needs_as_many_queries_for_two_thousand_findings_as_for_one(
    cast, sign_in, checked, django_assert_num_queries
):
    browser = sign_in(cast.owner)
    page(browser, checked)
    with django_assert_num_queries(count_queries(browser, checked)):
        page(browser, checked)
    few = count_queries(browser, checked)
    for number in range(40):
        add(checked, f"OPR-{number:03}", ("error", "warning", "info")[number % 3], 50)
    assert count_queries(browser, checked) == few
    assert count_queries(browser, checked, q="place", severity="info") == few


def count_queries(browser, submission, **query) -> int:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as queries_made:
        page(browser, submission, **query)
    return len(queries_made)


def test_findings_are_told_in_the_language_of_the_reader(cast, sign_in, checked):
    finding = verdict_of(checked).findings.get(rule="INF-004")
    german = message_in("de", "INF-004", finding.message)
    assert german != finding.message
    browser = sign_in(cast.owner)
    assert finding.message in html.unescape(page(browser, checked).content.decode())
    answer = browser.get(reverse("finding_list", args=[checked.pk]), HTTP_ACCEPT_LANGUAGE="de")
    text = html.unescape(answer.content.decode())
    assert german in text
    assert finding.message not in text
    file = browser.get(reverse("finding_list_csv", args=[checked.pk]), HTTP_ACCEPT_LANGUAGE="de").content
    assert german in file.decode().replace('""', '"')
