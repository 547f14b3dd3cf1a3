"""Keep a published operation beside the one that replaces it: the JSON Patch that does it. Plain Python.

The published operation comes back as it was, deprecated and under its own operationId, so that existing
flows go on. Its successor gets an operationId of its own and, where both would stand at one path and method,
another path. Both belong to one family by x-ms-api-annotation.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from connectors.definitions import Operation, openapi, operations, pointers
from connectors.definitions.patching import apply

_SECTIONS = ("definitions", "parameters", "responses")
_REFERENCE = re.compile(r"#/(definitions|parameters|responses)/([^/]+)\Z")
_VERSIONED = re.compile(r"(.*?)_?V(\d{1,4})\Z")
_VARIABLE = re.compile(r"\{([^{}]*)\}")
_MOST_COPIES, _LONGEST_PATH, _LONGEST_SUMMARY = 300, 300, 80
_MARK = " (deprecated)"

Patch = list[dict[str, Any]]
Name = tuple[str, str]


class CannotKeep(ValueError):
    """Why both operations cannot stand side by side, in words for a person."""


@dataclass(frozen=True, slots=True)
class Both:
    """`successor_id` and `new_path` are empty where nothing replaces the deleted operation; `revision` is
    the successor's. `moves` says that the successor leaves its path, so that the backend has to answer at
    `new_path`. `copied` are the schemas of the published version that come along, under their new names.
    """

    operation_id: str
    method: str
    path: str
    successor_id: str
    new_path: str
    moves: bool
    family: str
    revision: int
    copied: tuple[str, ...]
    patch: Patch


def keep_both(old: Mapping[str, Any], new: Mapping[str, Any], operation_id: str, new_path: str = "") -> Both:
    """The patch for the new definition. `new_path` is where the successor answers, by default the path with
    /v2 (or the next number) before it. Raises CannotKeep.
    """
    published = _operation(old, operation_id)
    if published is None:
        raise CannotKeep(
            _("The published version has no operation %(operation_id)s.") % {"operation_id": operation_id}
        )
    for name in ("host", "basePath"):
        if openapi.text(old, name).rstrip("/") != openapi.text(new, name).rstrip("/"):
            raise CannotKeep(
                _("The %(name)s changed, so the old path would lead elsewhere.") % {"name": name}
            )
    successor = _operation(new, operation_id) or _at(new, published.path, published.method)
    return _Keeping(old, new, published, successor, new_path.strip()).both()


def _operation(definition: Mapping[str, Any], operation_id: str) -> Operation | None:
    return next((each for each in operations(definition) if each.operation_id == operation_id), None)


def _at(definition: Mapping[str, Any], path: str, method: str) -> Operation | None:
    return next((e for e in operations(definition) if (e.path, e.method) == (path, method)), None)


class _Keeping:
    """One operation that is kept, and what has to change in the new definition for it."""

    def __init__(
        self,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        published: Operation,
        successor: Operation | None,
        new_path: str,
    ) -> None:
        self.old, self.new = old, new
        self.published, self.successor = published, successor
        self.base, revision = _base_and_revision(published)
        self.revision = revision
        self.family = _family(published) or self.base
        self.moves = successor is not None and (successor.path, successor.method) == (
            published.path, published.method,
        )  # fmt: skip
        self.names = self._copies()
        if self._is_unchanged():
            raise CannotKeep(
                _("%(operation_id)s is as it was: nothing has to be kept beside it.")
                % {"operation_id": published.operation_id}
            )
        self.successor_id, self.next = self._successor()
        self.new_path = self._path(new_path)

    def both(self) -> Both:
        patch: Patch = [*self._schemas(), *self._successor_patch(), *self._published_patch()]
        # What cannot be carried out is said now, and not when somebody presses the button.
        apply(dict(self.new), patch)
        return Both(
            operation_id=self.published.operation_id,
            method=self.published.method,
            path=self.published.path,
            successor_id=self.successor_id,
            new_path=self.new_path,
            moves=self.moves,
            family=self.family,
            revision=self.next,
            copied=tuple(sorted(new for (_, old), new in self.names.items() if new != old)),
            patch=patch,
        )

    def _is_unchanged(self) -> bool:
        if not self.moves or self.successor is None or self.names:
            return False
        shared = [
            openapi.mapping(side, "paths", self.published.path).get("parameters")
            for side in (self.old, self.new)
        ]
        return self.successor.value == self.published.value and shared[0] == shared[1]

    def _successor(self) -> tuple[str, int]:
        """Its operationId and revision, which go together: ListTides_V3 is revision 3."""
        if self.successor is None:
            return "", self.revision
        if self.successor.operation_id not in ("", self.published.operation_id):
            return self.successor.operation_id, self.revision + 1
        taken = {each.operation_id for side in (self.old, self.new) for each in operations(side)}
        number = self.revision + 1
        while f"{self.base}_V{number}" in taken:
            number += 1
        return f"{self.base}_V{number}", number

    def _path(self, asked: str) -> str:
        if self.successor is None:
            return ""
        if not self.moves:
            return self.successor.path
        path = asked or f"/v{self.next}{self.published.path}"
        if not path.startswith("/") or len(path) > _LONGEST_PATH or re.search(r"[\s?#]", path):
            raise CannotKeep(_("The new path begins with / and has neither blanks, ? nor #."))
        if sorted(_VARIABLE.findall(path)) != sorted(_VARIABLE.findall(self.published.path)):
            raise CannotKeep(_("The new path must have the same {variables} as the one it replaces."))
        if _at(self.new, path, self.published.method):
            raise CannotKeep(
                _("%(upper)s %(path)s is taken by another operation.")
                % {"upper": self.published.method.upper(), "path": path}
            )
        return path

    def _successor_patch(self) -> Iterator[dict[str, Any]]:
        if self.successor is None:
            return
        value = dict(self.successor.value)
        value["operationId"] = self.successor_id
        known = value.get("x-ms-api-annotation")
        value["x-ms-api-annotation"] = {
            **(known if isinstance(known, dict) else {}),
            "family": self.family,
            "revision": self.next,
        }
        method = _method(self.new, self.successor)
        if not self.moves:
            place = pointers.build(("paths", self.successor.path, method))
            yield {"op": "replace", "path": place, "value": value}
            return
        item = openapi.mapping(self.new, "paths", self.successor.path)
        there = openapi.mapping(self.new, "paths").get(self.new_path)
        shared = {"parameters": item["parameters"]} if item.get("parameters") else {}
        if isinstance(there, dict):
            if there.get("parameters") != item.get("parameters"):
                raise CannotKeep(
                    _("%(new_path)s has parameters of its own: choose another path.")
                    % {"new_path": self.new_path}
                )
            yield {"op": "add", "path": pointers.build(("paths", self.new_path, method)), "value": value}
        else:
            place = pointers.build(("paths", self.new_path))
            yield {"op": "add", "path": place, "value": {**shared, method: value}}

    def _published_patch(self) -> Iterator[dict[str, Any]]:
        value = self._renamed(self._deprecated())
        path, method = self.published.path, self.published.method.lower()
        item = openapi.mapping(self.old, "paths", path)
        shared = self._renamed(item.get("parameters")) if item.get("parameters") else None
        there = openapi.mapping(self.new, "paths").get(path)
        if not isinstance(there, dict):
            whole = {**({"parameters": shared} if shared else {}), method: value}
            yield {"op": "add", "path": pointers.build(("paths", path)), "value": whole}
            return
        if there.get("parameters") != shared:
            raise CannotKeep(
                _(
                    "The parameters that all operations of %(path)s share have changed: write them "
                    "into the operations first."
                )
                % {"path": path}
            )
        if self.moves and self.successor is not None:
            # The successor stands there now, perhaps under another letter case.
            method = _method(self.new, self.successor)
            yield {"op": "replace", "path": pointers.build(("paths", path, method)), "value": value}
        else:
            yield {"op": "add", "path": pointers.build(("paths", path, method)), "value": value}

    def _deprecated(self) -> dict[str, Any]:
        value = dict(self.published.value)
        value["deprecated"] = True
        for name in ("summary", "description"):
            if isinstance(value.get(name), str):
                value[name] = _marked(value[name], _LONGEST_SUMMARY if name == "summary" else 0)
        if value.get("x-ms-visibility") != "internal":
            value["x-ms-visibility"] = "advanced"
        known = value.get("x-ms-api-annotation")
        annotation = {
            **(known if isinstance(known, dict) else {}),
            "family": self.family,
            "revision": self.revision,
        }
        value["x-ms-api-annotation"] = annotation
        return value

    def _copies(self) -> dict[Name, str]:
        """(section, name) -> its name in the new definition, for all that the published operation reaches."""
        item = openapi.mapping(self.old, "paths", self.published.path)
        pending = list(_references([self.published.value, item.get("parameters")]))
        reached: dict[Name, set[Name]] = {}
        while pending:
            name = pending.pop()
            if name not in reached:
                reached[name] = set(_references(openapi.member(self.old, *name)))
                pending += reached[name]
            if len(reached) > _MOST_COPIES:
                raise CannotKeep(
                    _("The published operation reaches too many schemas to be kept by a machine.")
                )
        changed = {name for name in reached if _differs(self.old, self.new, name)}
        while True:
            more = {name for name, inner in reached.items() if name not in changed and inner & changed}
            if not more:
                break
            changed |= more
        return {name: self._free_name(name) for name in sorted(changed)}

    def _free_name(self, name: Name) -> str:
        section, label = name
        taken = openapi.mapping(self.new, section)
        if label not in taken:
            return label
        number = self.revision
        while f"{label}_V{number}" in taken:
            number += 1
        return f"{label}_V{number}"

    def _schemas(self) -> Iterator[dict[str, Any]]:
        for section in _SECTIONS:
            wanted = {new: (section, old) for (place, old), new in self.names.items() if place == section}
            if wanted and not isinstance(self.new.get(section), dict):
                yield {"op": "add", "path": f"/{section}", "value": {}}
            for new, source in wanted.items():
                value = self._renamed(openapi.member(self.old, *source))
                yield {"op": "add", "path": pointers.build((section, new)), "value": value}

    def _renamed(self, value: Any) -> Any:
        """A copy in which references lead to the copies."""
        if isinstance(value, list):
            return [self._renamed(each) for each in value]
        if not isinstance(value, dict):
            return value
        found = {name: self._renamed(each) for name, each in value.items()}
        target = _name_of(value)
        if target in self.names:
            found["$ref"] = f"#/{target[0]}/{pointers.build((self.names[target],))[1:]}"
        return found


def _base_and_revision(operation: Operation) -> tuple[str, int]:
    """ListTides_V2 is revision 2 of ListTides; an annotation knows better."""
    match = _VERSIONED.match(operation.operation_id)
    base, number = (match[1], int(match[2])) if match and match[1] else (operation.operation_id, 1)
    stated = openapi.member(operation.value, "x-ms-api-annotation", "revision")
    is_number = isinstance(stated, int) and not isinstance(stated, bool) and stated > 0
    return base, stated if is_number else max(number, 1)


def _family(operation: Operation) -> str:
    return openapi.text(operation.value, "x-ms-api-annotation", "family")


def _method(definition: Mapping[str, Any], operation: Operation) -> str:
    """The member's name as it is written there."""
    item = openapi.mapping(definition, "paths", operation.path)
    return next((name for name in item if name.lower() == operation.method.lower()), operation.method.lower())


def _marked(text: str, longest: int) -> str:
    if "deprecated" in text.lower():
        return text
    stop = text[-1:] if text[-1:] in ".!?" else ""
    body = text[: len(text) - len(stop)]
    if longest and len(body) + len(_MARK) + len(stop) > longest:
        body = body[: longest - len(_MARK) - len(stop)].rstrip()
    return f"{body}{_MARK}{stop}"


def _references(value: Any) -> Iterator[Name]:
    pending = [value]
    while pending:
        found = pending.pop()
        if isinstance(found, list):
            pending += found
        elif isinstance(found, dict):
            name = _name_of(found)
            if name[0]:
                yield name
            pending += found.values()


def _name_of(value: Mapping[str, Any]) -> Name:
    """What a reference leads to; empty for anything else."""
    target = value.get("$ref")
    match = _REFERENCE.match(target) if isinstance(target, str) else None
    return (match[1], pointers.split(f"/{match[2]}")[0]) if match else ("", "")


def _differs(old: Mapping[str, Any], new: Mapping[str, Any], name: Name) -> bool:
    before, after = openapi.member(old, *name), openapi.member(new, *name)
    return before is not None and before != after
