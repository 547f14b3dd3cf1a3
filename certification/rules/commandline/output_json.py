"""JSON: one array with an object for each package; docs/rules.md names the members."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from certification.rules.commandline.origin import Origin
from certification.rules.commandline.output import Checked, View
from certification.rules.findings import Report


@dataclass(frozen=True)
class Format:
    view: View

    def part(self, report: Report, origin: Origin) -> str:
        data = report.to_dict()
        entry = {
            "package": data.pop("package"),
            "rules_version": data.pop("rules_version"),
            "findings": data.pop("findings"),
            **data,
        }
        return json.dumps(entry, ensure_ascii=False)

    def document(self, parts: Iterable[Checked]) -> Iterator[str]:
        """Element by element: thousands of packages are never held in memory together."""
        separator = "[\n"
        for part in parts:
            yield separator + part.text
            separator = ",\n"
        yield "[]\n" if separator == "[\n" else "\n]\n"
