"""`manage.py simulate`: a year of certifications in seconds, to size reviewers and to answer what-if."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from certification.planning.calendar import NoOpenDay
from certification.planning_words import sentence
from certification.services.simulation import portal_scenario, seed_scenario
from certification.simulation.engine import simulate
from certification.simulation.plot import svg
from certification.simulation.report import Report, as_text, compared, report
from certification.simulation.scenario import BadChange, Scenario, changed


class Command(BaseCommand):
    help = (
        "Simulate a year of submissions with the plans, freezes and measured times of this portal: lead "
        "times, where the time goes, how busy reviewers are. The same seed gives the same year."
    )
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--seed", type=int, default=1, help="another seed, another year (1)")
        parser.add_argument("--arrivals", type=int, default=1_500, help="submissions in the year (1500)")
        parser.add_argument("--reviewers", type=int, default=4, help="people who review (4)")
        parser.add_argument("--from", dest="since", default="", help="first day, such as 2027-01-04 (today)")
        parser.add_argument(
            "--delivered", action="store_true", help="plans of a new portal; asks no database"
        )
        parser.add_argument("--set", nargs="+", default=[], metavar="NAME=VALUE", help="other assumptions")
        parser.add_argument(
            "--compare", nargs="+", default=[], metavar="NAME=VALUE", help="run again with these changes"
        )
        parser.add_argument("--json", type=Path, metavar="FILE", help="write all figures there")
        parser.add_argument("--plot", type=Path, metavar="FILE.svg", help="write a picture there")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            scenario = _scenario(options)
            found = report(simulate(scenario))
            other = report(simulate(changed(scenario, options["compare"]))) if options["compare"] else None
        except NoOpenDay as error:
            raise CommandError(sentence(error.problem)) from error
        except BadChange as error:
            raise CommandError(str(error)) from error
        self.stdout.write(as_text(found))
        if other:
            self.stdout.write("")
            self.stdout.write(compared(found, other, ("as it is", " ".join(options["compare"]))))
        self._write(options, found, other)

    def _write(self, options: dict[str, Any], found: Report, other: Report | None) -> None:
        if options["json"]:
            figures = {"scenario": found.as_dict(), "compared": other.as_dict() if other else None}
            _save(options["json"], json.dumps(figures, indent=2) + "\n")
        if options["plot"]:
            _save(options["plot"], svg(found))


def _scenario(options: dict[str, Any]) -> Scenario:
    try:
        since = dt.date.fromisoformat(options["since"]) if options["since"] else timezone.localdate()
    except ValueError:
        raise CommandError(f"--from {options['since']} is no date: write it as 2027-01-04.") from None
    base = seed_scenario(since) if options["delivered"] else portal_scenario(since)
    base = dataclasses.replace(base, seed=options["seed"])
    asked = [f"arrivals={options['arrivals']}", f"reviewers={options['reviewers']}", *options["set"]]
    return changed(base, asked)


def _save(place: Path, text: str) -> None:
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{place} cannot be written: {error.strerror}.") from error
