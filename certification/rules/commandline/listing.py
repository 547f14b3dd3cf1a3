"""`connector-rules rules`."""

from __future__ import annotations

import argparse
import json
import sys

from certification.rules.commandline.exits import EXIT_CLEAN, InputUnusable
from certification.rules.commandline.style import Style
from certification.rules.fixes import fixable
from certification.rules.rulebook import RuleInfo, catalogue, rule_info


def run(options: argparse.Namespace) -> int:
    infos = _named(options.id) if options.id else list(catalogue())
    if options.format == "json":
        entries = [{**info.to_dict(), "fixable": info.id in fixable()} for info in infos]
        text = json.dumps(entries, indent=1, ensure_ascii=False) + "\n"
    elif len(infos) == 1:
        text = infos[0].as_text()
    else:
        text = _table(infos)
    sys.stdout.write(text)
    return EXIT_CLEAN


def _named(name: str) -> list[RuleInfo]:
    """The rule of this id, or all of this family."""
    info = rule_info(name)
    found = [info] if info else [rule for rule in catalogue() if rule.family.casefold() == name.casefold()]
    if not found:
        raise InputUnusable(f"there is no rule {name!r}")
    return found


def _table(infos: list[RuleInfo]) -> str:
    """One line for each rule: id, severity, title, and whether `fix` can repair it."""
    style = Style.of(sys.stdout)
    lines = []
    for info in infos:
        repair = style("dim", "  [fix]") if info.id in fixable() else ""
        severity = style(info.severity, f"{info.severity:<7}")
        lines.append(f"{style('bold', f'{info.id:<9}')} {severity}  {info.title}{repair}\n")
    return "".join(lines)
