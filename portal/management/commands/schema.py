"""`manage.py schema`: write the API's schema to docs/openapi.yaml and compare it with the last release."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import yaml
from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone, translation
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.renderers import OpenApiYamlRenderer

from portal.shared.schema_changes import Breach, breaches

DOCS = Path(settings.BASE_DIR) / "docs"
CURRENT = DOCS / "openapi.yaml"
RELEASED = DOCS / "api" / "released.yaml"
DEPRECATIONS = DOCS / "api" / "deprecations.yaml"


def schema_text() -> str:
    """The schema as YAML, in English, whatever the process speaks."""
    with translation.override("en"):
        schema = SchemaGenerator().get_schema(request=None, public=True)
        return str(OpenApiYamlRenderer().render(schema).decode())


def unannounced(found: list[Breach], announced: list[dict[str, Any]], today: date) -> list[Breach]:
    """The breaches whose operation was not announced, or whose time is not over yet."""
    over = {each["operation"] for each in announced if each["sunset"] <= today}
    return [each for each in found if each.operation not in over]


def faults(text: str) -> list[str]:
    """What the schema `text` breaks that nobody was told of, one sentence each."""
    released = yaml.safe_load(RELEASED.read_text(encoding="utf-8"))
    announced = yaml.safe_load(DEPRECATIONS.read_text(encoding="utf-8")) or []
    found = breaches(released, yaml.safe_load(text))
    return [str(each) for each in unannounced(found, announced, timezone.now().date())]


class Command(BaseCommand):
    help = "Write docs/openapi.yaml; say what breaks programs that were written for the last release."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--check", action="store_true", help="write nothing; fail when it is behind")
        parser.add_argument("--release", action="store_true", help="what is written is released now")

    def handle(self, *args: Any, check: bool, release: bool, **options: Any) -> None:
        text = schema_text()
        if check and CURRENT.read_text(encoding="utf-8") != text:
            raise CommandError("docs/openapi.yaml is behind the API: run `make schema`.")
        if not check:
            CURRENT.write_text(text, encoding="utf-8")
        if release:
            RELEASED.write_text(text, encoding="utf-8")
        broken = faults(text)
        for each in broken:
            self.stderr.write(each)
        if broken:
            raise CommandError(
                f"{len(broken)} breaking changes that docs/api/deprecations.yaml does not allow."
            )
