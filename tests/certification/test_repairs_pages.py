"""The preview of repairs and the button that applies them."""

from __future__ import annotations

import pytest
from django.urls import reverse

from certification.rules.version import RULES_VERSION
from certification.services import validation
from connectors.models import Version
from tests.certification.test_repairs_service import FIXABLE
from tests.factories.submissions import ready_draft, submission_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def fixable(cast):
    submission = ready_draft(cast.owner, case=FIXABLE)
    validation.check_draft(str(submission.pk))
    return submission


def address(submission) -> str:
    return reverse("submission_repairs", args=[submission.pk])


def test_the_preview_shows_rules_changes_and_the_difference(cast, sign_in, fixable):
    text = sign_in(cast.owner).get(address(fixable)).content.decode()
    for words in ("HST-012", "PRM-022", "&quot;/v1/&quot;", "&quot;/v1&quot;", "apiDefinition.swagger.json"):
        assert words in text
    assert f"rules {RULES_VERSION}" in text
    assert text.count('type="checkbox"') == 2


def test_applying_leads_to_the_findings_and_names_the_new_version(cast, sign_in, fixable):
    browser = sign_in(cast.owner)
    data = {"seen": fixable.version.digest, "chosen": "1", "rule": ["HST-012", "PRM-022"]}
    answer = browser.post(address(fixable), data, follow=True)
    fixable.refresh_from_db()
    assert answer.redirect_chain == [(reverse("finding_list", args=[fixable.pk]), 302)]
    text = answer.content.decode()
    assert f"2 places are repaired: package {fixable.version.label}" in text
    assert Version.objects.count() == 2


def test_the_chosen_rules_are_shown_at_an_address_of_their_own(cast, sign_in, fixable):
    browser = sign_in(cast.owner)
    moved = browser.post(address(fixable), {"show": "1", "chosen": "1", "rule": ["HST-012"]})
    assert moved.url == f"{address(fixable)}?chosen=1&rule=HST-012"
    assert Version.objects.count() == 1
    page = browser.get(moved.url).context["found"]
    assert {repair.rule: (repair.total, repair.is_chosen) for repair in page.rules} == {
        "HST-012": (1, True),
        "PRM-022": (0, False),
    }


def test_no_rule_at_all_is_asked_about_again(cast, sign_in, fixable):
    answer = sign_in(cast.owner).post(address(fixable), {"chosen": "1"})
    assert answer.status_code == 400
    assert "Choose at least one rule." in answer.content.decode()


def test_a_package_that_needs_no_repair_says_so(cast, sign_in):
    submission = ready_draft(cast.owner)
    text = sign_in(cast.owner).get(address(submission)).content.decode()
    assert "Nothing to repair" in text


@pytest.mark.parametrize(
    ("who", "status"),
    [("developer", 200), ("viewer", 403), ("tester", 403), ("stranger", 404), ("reviewer", 404)],
)
def test_only_those_who_may_edit_the_form_see_and_apply_repairs(cast, sign_in, fixable, who, status):
    browser = sign_in(getattr(cast, who))
    assert browser.get(address(fixable)).status_code == status
    assert browser.post(address(fixable)).status_code == (302 if status == 200 else status)


def test_a_submission_in_review_cannot_be_repaired(cast, sign_in):
    submission = submission_in("in_review", cast.owner, case=FIXABLE)
    browser = sign_in(cast.owner)
    assert browser.get(address(submission)).status_code == 409
    assert browser.post(address(submission)).status_code == 409
    assert (
        reverse("submission_repairs", args=[submission.pk])
        not in browser.get(reverse("finding_list", args=[submission.pk])).content.decode()
    )


def test_the_findings_page_leads_editors_to_the_repairs(cast, sign_in, fixable):
    findings = reverse("finding_list", args=[fixable.pk])
    text = sign_in(cast.owner).get(findings).content.decode()
    assert address(fixable) in text
    assert "Up to 2 of" in text
    assert address(fixable) not in sign_in(cast.viewer).get(findings).content.decode()
