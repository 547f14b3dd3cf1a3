"""apiProperties.json of both versions, and how changes in it are recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.collecting import Collector

ROOT: Keys = ("properties",)


@dataclass(slots=True)
class PropertyPair:
    """`old` and `new` are the members "properties", `files` the names of the two files, `roots` where those
    members stand: () in a file without it.
    """

    found: Collector
    old: dict[str, Any]
    new: dict[str, Any]
    files: tuple[str, str]
    roots: tuple[Keys, Keys] = (ROOT, ROOT)

    def add(self, kind: str, old: Keys, new: Keys, **more: Any) -> None:
        places = [keys if root else () for keys, root in zip((old, new), self.roots, strict=True)]
        self.found.add(kind, *places, files=self.files, **more)

    def add_member(self, kind: str, name: str, **more: Any) -> None:
        places = [(*ROOT, name) if name in side else ROOT for side in (self.old, self.new)]
        more.setdefault("values", (self.old.get(name), self.new.get(name)))
        self.add(kind, places[0], places[1], **more)
