"""The policies of apiProperties.json in two versions."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.equality import mark

_KEY = "policyTemplateInstances"
Listed = tuple[int, Any]


def compare_policies(add: Callable[..., None], old: dict[str, Any], new: dict[str, Any]) -> None:
    """Equal ones are set against each other first, then those of one template and title."""
    before, now = list(enumerate(openapi.sequence(old, _KEY))), list(enumerate(openapi.sequence(new, _KEY)))
    lost, won = _without_equal(before, now), _without_equal(now, before)
    by_name: dict[Hashable, list[Listed]] = {}
    for listed in won:
        by_name.setdefault(_name(listed[1]), []).append(listed)
    around = ("properties", _KEY) if _KEY in new else ("properties",)
    paired: set[int] = set()
    for index, policy in lost:
        others = by_name.get(_name(policy), [])
        at = ("properties", _KEY, index)
        if others:
            other, _ = others.pop(0)
            paired.add(other)
            add("policy-changed", at, ("properties", _KEY, other), subject=_title(policy))
        else:
            add("policy-removed", at, around, subject=_title(policy))
    for index, policy in won:
        if index not in paired:
            old_place = ("properties", _KEY) if _KEY in old else ("properties",)
            add("policy-added", old_place, ("properties", _KEY, index), subject=_title(policy))
    if not lost and not won and [mark(each) for _, each in before] != [mark(each) for _, each in now]:
        add("policy-order-changed", ("properties", _KEY), around)


def _without_equal(these: list[Listed], others: list[Listed]) -> list[Listed]:
    """Those of `these` that are more often here than there."""
    counts: dict[Hashable, int] = {}
    for _, policy in others:
        counts[mark(policy)] = counts.get(mark(policy), 0) + 1
    left = []
    for index, policy in these:
        marked = mark(policy)
        if counts.get(marked, 0) > 0:
            counts[marked] -= 1
        else:
            left.append((index, policy))
    return left


def _name(policy: Any) -> tuple[str, str]:
    return openapi.text(policy, "templateId").lower(), openapi.text(policy, "title")


def _title(policy: Any) -> str:
    return openapi.text(policy, "title") or openapi.text(policy, "templateId") or "without a title"
