"""The rule catalogue and findings, in the language of whoever reads."""

from __future__ import annotations

from certification import rule_words
from certification.rules.rulebook import RuleInfo
from portal.shared.words import reader_language


def catalogue() -> tuple[RuleInfo, ...]:
    return rule_words.catalogue_in(reader_language())


def rule_info(rule_id: str) -> RuleInfo | None:
    """The rule of this id, in whatever letter case; None when there is none."""
    return rule_words.rule_in(reader_language(), rule_id)


def named_rule(rule_id: str) -> str:
    """What a reader knows a rule by, as "Operation deleted (UPD-001)"."""
    about = rule_info(rule_id)
    return f"{about.title} ({about.id})" if about else rule_id


def told_message(rule: str, message: str) -> str:
    """What a stored finding says."""
    return rule_words.message_in(reader_language(), rule, message)


def told_fix(rule: str, fix: str) -> str:
    """What a stored finding asks for."""
    return rule_words.fix_in(reader_language(), rule, fix)
