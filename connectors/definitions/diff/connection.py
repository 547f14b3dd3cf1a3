"""How one connects: the connection parameters of two versions, alone or in sets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from connectors.definitions import openapi
from connectors.definitions.diff.changes import Keys
from connectors.definitions.diff.connection_parameter import compare_parameter, is_required
from connectors.definitions.diff.equality import same
from connectors.definitions.diff.property_pair import ROOT, PropertyPair

_SETS = "connectionParameterSets"


@dataclass(slots=True)
class _Group:
    """The connection parameters of one way to sign in; `keys` lead to the map."""

    name: str
    parameters: dict[str, dict[str, Any]]
    keys: Keys
    texts: Any = None


@dataclass(slots=True)
class _Connection:
    """All connection parameters of a version."""

    groups: dict[str, _Group]
    is_multiple: bool
    keys: Keys

    @property
    def names(self) -> set[str]:
        return {name for group in self.groups.values() for name in group.parameters}

    @property
    def types(self) -> list[str]:
        parameters = (value for group in self.groups.values() for value in group.parameters.values())
        return sorted({openapi.text(value, "type") for value in parameters} - {""})

    def find(self, name: str) -> tuple[dict[str, Any], Keys] | None:
        for group in self.groups.values():
            if name in group.parameters:
                return group.parameters[name], (*group.keys, name)
        return None


def _connection(properties: dict[str, Any]) -> _Connection:
    single = properties.get("connectionParameters")
    groups: dict[str, _Group] = {}
    keys: Keys = ROOT
    if isinstance(single, dict):
        keys = (*ROOT, "connectionParameters")
        groups[""] = _Group("", _objects(single), keys)
    sets = openapi.sequence(properties, _SETS, "values")
    for index, one in enumerate(sets):
        name = openapi.text(one, "name") or str(index)
        at = (*ROOT, _SETS, "values", index, "parameters")
        if isinstance(openapi.member(one, "parameters"), dict):
            group = _Group(name, _objects(one["parameters"]), at, one.get("uiDefinition"))
            groups.setdefault(name, group)
    is_multiple = isinstance(properties.get(_SETS), dict)
    return _Connection(groups, is_multiple, (*ROOT, _SETS) if is_multiple else keys)


def _objects(value: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {name: member for name, member in value.items() if isinstance(member, dict)}


def compare_connections(properties: PropertyPair) -> None:
    old, new = _connection(properties.old), _connection(properties.new)
    if old.is_multiple != new.is_multiple:
        words = {False: "one way to sign in", True: "several ways to sign in"}
        values = (words[old.is_multiple], words[new.is_multiple])
        properties.add("parameter-sets-changed", old.keys, new.keys, values=values)
    elif old.is_multiple:
        _sets(properties, old, new)
    if old.types != new.types:
        is_wider = set(old.types) <= set(new.types)
        properties.add(
            "parameter-types-changed", old.keys, new.keys, values=(old.types, new.types),
            note="added" if is_wider else "", impact="behavioural" if is_wider else None,
        )  # fmt: skip
    _removed(properties, old, new)
    for before, parameter, now, keys in _pairs(old, new):
        compare_parameter(properties, before, parameter, now, keys)
    _added(properties, old, new)


def _sets(properties: PropertyPair, old: _Connection, new: _Connection) -> None:
    for name, group in old.groups.items():
        if name and name not in new.groups:
            properties.add("parameter-set-removed", group.keys[:-1], new.keys, subject=name)
    for name, group in new.groups.items():
        if name and name not in old.groups:
            properties.add("parameter-set-added", old.keys, group.keys[:-1], subject=name)
        elif name and not same(old.groups[name].texts, group.texts):
            properties.add(
                "connection-text-changed", old.groups[name].keys[:-1], group.keys[:-1], subject=name
            )


def _removed(properties: PropertyPair, old: _Connection, new: _Connection) -> None:
    names = new.names
    for group in old.groups.values():
        now = new.groups.get(group.name)
        for name in group.parameters:
            if name not in (now.parameters if now else names):
                at = now.keys if now else new.keys
                properties.add("connection-parameter-removed", (*group.keys, name), at, subject=name)


def _added(properties: PropertyPair, old: _Connection, new: _Connection) -> None:
    """Only a parameter of a way to sign in that is there already is missing from connections."""
    names = old.names
    for group in new.groups.values():
        before = old.groups.get(group.name)
        for name, value in group.parameters.items():
            if name in (before.parameters if before else names):
                continue
            is_must = is_required(value) and (before is not None or not old.groups)
            kind = "connection-parameter-added-required" if is_must else "connection-parameter-added"
            properties.add(kind, before.keys if before else old.keys, (*group.keys, name), subject=name)


_Pair = tuple[Keys, dict[str, Any], dict[str, Any], Keys]


def _pairs(old: _Connection, new: _Connection) -> Iterator[_Pair]:
    """Each parameter with its counterpart: in the same set, or wherever the name is found now."""
    for group in old.groups.values():
        now = new.groups.get(group.name)
        for name, parameter in group.parameters.items():
            if now is None:
                found = new.find(name)
                if found is not None:
                    yield (*group.keys, name), parameter, *found
            elif name in now.parameters:
                yield (*group.keys, name), parameter, now.parameters[name], (*now.keys, name)
