"""What operations take, looked at once for all rules over parameter lists, bodies and media types.

Nearly every operation is of no interest to any of these rules. One pass over the parameters as they are
written sorts those out, so that the parameters in force (`Api.parameters`) are worked out only for the rest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from certification.rules.api import Operation, Parameter

if TYPE_CHECKING:
    from certification.rules.engine import Run

VARIABLE = re.compile(r"\{([^{}]*+)\}")


@dataclass(slots=True)
class Inputs:
    """The operations that the rules have to look at, in document order, by what may be found.

    `bodies` holds every operation with a body: the body parameter and the names of all parameters.
    `carriers` holds every operation with a body or form parameters, and whether that is one body alone.
    `schemas` holds for each operation, in their order, what stands in its body parameters as "schema".
    """

    repeated: list[tuple[Parameter, ...]] = field(default_factory=list)
    several_bodies: list[list[Parameter]] = field(default_factory=list)
    mixed: list[tuple[Operation, Parameter]] = field(default_factory=list)
    paths: list[Operation] = field(default_factory=list)
    bodies: list[tuple[Operation, dict[str, Any], set[str]]] = field(default_factory=list)
    carriers: list[tuple[Operation, bool]] = field(default_factory=list)
    schemas: list[list[Any]] = field(default_factory=list)


def inputs(run: Run) -> Inputs:
    found: Inputs | None = run.cache.get("inputs")
    if found is None:
        found = run.cache["inputs"] = Inputs()
        for operation in run.api.operations:
            if not _is_sorted(found, run, operation):
                _sort(found, operation, run.api.parameters(operation))
    return found


def _is_sorted(found: Inputs, run: Run, operation: Operation) -> bool:
    """Sort an operation by its parameters as they are written; False when they need a closer look."""
    names: set[str] = set()
    in_path: set[str] = set()
    bodies: list[dict[str, Any]] = []
    forms = 0
    listed = _listed(run, operation)
    for parameter in listed:
        name, where = parameter.get("name"), parameter.get("in")
        if name.__class__ is not str:
            return False
        names.add(name)
        if where == "path":
            in_path.add(name)
        elif where == "body":
            bodies.append(parameter)
        elif where == "formData":
            forms = 1
    if len(names) < len(listed) or len(bodies) + forms > 1:
        return False
    if bodies or forms:
        found.carriers.append((operation, not forms))
        found.bodies.extend((operation, body, names) for body in bodies)
    found.schemas.append([body.get("schema") for body in bodies])
    _compare_with_path(found, operation, in_path)
    return True


def _listed(run: Run, operation: Operation) -> list[dict[str, Any]]:
    """The parameters of an operation and of its path item, references followed."""
    found: list[dict[str, Any]] = []
    for holder in (operation.value, operation.item):
        listed = holder.get("parameters")
        for one in listed if listed.__class__ is list else ():
            if one.__class__ is dict:
                if "$ref" in one:
                    one, _ = run.api.resolve(one)
                    if one.__class__ is not dict:
                        continue
                found.append(one)
    return found


def _sort(found: Inputs, operation: Operation, parameters: tuple[Parameter, ...]) -> None:
    names: set[str] = set()
    in_path: set[str] = set()
    bodies: list[Parameter] = []
    has_form = False
    for parameter in parameters:
        name, where = parameter.value.get("name"), parameter.value.get("in")
        if name.__class__ is not str:
            continue
        names.add(name)
        if where == "path":
            in_path.add(name)
        elif where == "body":
            bodies.append(parameter)
        elif where == "formData":
            has_form = True
    found.carriers.append((operation, False))
    found.schemas.append([one.value.get("schema") for one in parameters if one.location == "body"])
    if len(names) < len(parameters):
        found.repeated.append(parameters)
    if bodies:
        found.bodies.append((operation, bodies[0].value, names))
        if len(bodies) > 1:
            found.several_bodies.append(bodies)
        if has_form:
            found.mixed.append((operation, bodies[0]))
    _compare_with_path(found, operation, in_path)


def _compare_with_path(found: Inputs, operation: Operation, in_path: set[str]) -> None:
    path = operation.path
    if (in_path or "{" in path) and in_path != set(VARIABLE.findall(path)):
        found.paths.append(operation)
