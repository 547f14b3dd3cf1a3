"""`manage.py replay_rules`: what the rules of this release say of every live connector."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from certification.rules.version import RULES_VERSION
from certification.services.replays import Replayed, replay_live


class Command(BaseCommand):
    help = (
        "Run the rules of this release over the package of every live connector and report what would change "
        "against the verdicts that are stored. Nothing is stored and nobody is told. With --fail-on-errors "
        "the exit code is 1 when a connector would fail that does not now."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="one JSON object instead of text")
        parser.add_argument("--fail-on-errors", action="store_true", help="exit code 1 on a new error")

    def handle(self, *args: Any, **options: Any) -> None:
        results = []
        for result in replay_live():
            results.append(result)
            if not options["json"] and (result.new_rules or result.gone_rules or result.problem):
                self._write(result)
        if options["json"]:
            content = {"rules_version": RULES_VERSION, "connectors": [result.to_dict() for result in results]}
            self.stdout.write(json.dumps(content, indent=1, ensure_ascii=False))
        else:
            self._summary(results)
        failing = sum(bool(result.new_errors) for result in results)
        if failing and options["fail_on_errors"]:
            raise CommandError(f"{failing} live connectors would fail that do not now.")

    def _write(self, result: Replayed) -> None:
        since = f"since rules {result.known_under}" if result.known_under else "no verdict was stored"
        self.stdout.write(f"{result.publisher}: {result.connector} {result.version} ({since})")
        if result.problem:
            self.stdout.write(f"  not checked: {result.problem}")
        for rule in result.new_rules:
            mark = " (error)" if rule in result.new_errors else ""
            self.stdout.write(f"  + {rule} {result.now[rule]} places{mark}")
        for rule in result.gone_rules:
            self.stdout.write(f"  - {rule}")

    def _summary(self, results: list[Replayed]) -> None:
        added = Counter(rule for result in results for rule in result.new_rules)
        gone = Counter(rule for result in results for rule in result.gone_rules)
        failing = sum(bool(result.new_errors) for result in results)
        self.stdout.write(f"rules {RULES_VERSION}: {len(results)} live connectors checked")
        self.stdout.write(f"{failing} would fail that do not now")
        for title, counted in (("new", added), ("gone", gone)):
            for rule, count in counted.most_common():
                self.stdout.write(f"  {title:<5} {rule:<9} {count} connectors")
