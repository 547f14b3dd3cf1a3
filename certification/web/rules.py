"""The rule catalogue, for everybody: what is checked, why, and how to get it right."""

from __future__ import annotations

from collections import Counter

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import path
from django.views.decorators.http import require_safe

from certification.policies import can_manage_treatments
from certification.queries.rulebook import catalogue, rule_info
from certification.queries.treatments import shown_of, treated_rules
from certification.rules.registry import metadata
from certification.rules.rulebook import RuleInfo
from certification.rules.version import RULES_VERSION
from certification.services.receipts import signing_key
from certification.treating import allowed_for


@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    text = request.GET.get("q", "").strip()[:80]
    family, severity = request.GET.get("family", ""), request.GET.get("severity", "")
    every = catalogue()
    found = [rule for rule in every if _matches(rule, text, family, severity)]
    families = {rule.family: rule.family_title for rule in every}
    context = {
        "families": [
            (key, title, [rule for rule in found if rule.family == key]) for key, title in families.items()
        ],
        "family_choices": families.items(),
        "counts": Counter(rule.severity for rule in every),
        "total": len(every),
        "found": len(found),
        "text": text,
        "family": family,
        "severity": severity,
        "rules_version": RULES_VERSION,
        "treated": treated_rules(),
        "has_receipt_key": signing_key() is not None,
    }
    return render(request, "certification/rule_list.html", context)


def _matches(rule: RuleInfo, text: str, family: str, severity: str) -> bool:
    if (family and rule.family != family) or (severity and rule.severity != severity):
        return False
    words = f"{rule.id} {rule.title} {rule.condition} {rule.fix} {rule.microsoft_name}".casefold()
    return all(word in words for word in text.casefold().split())


@require_safe
def rule_detail(request: HttpRequest, rule_id: str) -> HttpResponse:
    rule = rule_info(rule_id)
    if rule is None:
        raise Http404
    if rule.id != rule_id:
        return redirect("rule_detail", rule_id=rule.id, permanent=True)
    every = catalogue()
    at = next(index for index, each in enumerate(every) if each.id == rule.id)
    context = {
        "rule": rule,
        "severities": {severity for _, severity in rule.applies_to},
        "rules_version": RULES_VERSION,
        "treatments": shown_of(rule.id),
        "can_treat": can_manage_treatments(request.user) and allowed_for(metadata()[rule.id]).kinds,
        "previous": every[at - 1] if at else None,
        "following": every[at + 1] if at + 1 < len(every) else None,
    }
    return render(request, "certification/rule_detail.html", context)


urlpatterns = [
    path("rules/", rule_list, name="rule_list"),
    path("rules/<str:rule_id>/", rule_detail, name="rule_detail"),
]
