"""What requests carry, and whether `consumes` and `produces` fit."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from certification.rules.api import Api, Operation, Parameter
from certification.rules.checks.operation_inputs import inputs
from certification.rules.engine import Run
from certification.rules.findings import Hit, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions.openapi import mapping

MULTIPART, URLENCODED = "multipart/form-data", "application/x-www-form-urlencoded"
_WITHOUT_BODY = frozenset(("get", "head", "delete"))
_JSON, _ONLY_JSON = ["application/json"], ("application/json",)
_FORMS = frozenset((MULTIPART, URLENCODED))
_SUPPORTED = _FORMS | {"application/json", "text/plain"}
MIME_TYPE = re.compile(
    r"[A-Za-z0-9!#$&^_.*+-]{1,127}/[A-Za-z0-9!#$&^_.*+-]{1,127}(?:\s*+;[^,]{0,500})?"
).fullmatch


# What nearly every list holds: no rule has anything to say of it.
_COMMON = [
    ["application/json"],
    ["application/json", "text/plain"],
    ["text/plain"],
    [MULTIPART],
    [URLENCODED],
    [],
]


@dataclass(frozen=True, slots=True)
class Request:
    """An operation with a body or form parameters; `consumes` None when neither it nor the root says."""

    operation: Operation
    bodies: tuple[Parameter, ...]
    forms: tuple[Parameter, ...]
    consumes: tuple[str, ...] | None

    @property
    def has_file(self) -> bool:
        return any(form.value.get("type") == "file" for form in self.forms)

    @property
    def has_binary(self) -> bool:
        return self.has_file or any(
            form.value.get("type") == "string" and form.value.get("format") == "binary" for form in self.forms
        )


def requests(run: Run) -> list[Request]:
    """The operations that send anything in the body of a request, without those of which no rule has
    anything to say: with one body, of a type that is no form, sent by a method that has one.
    """
    found: list[Request] | None = run.cache.get("requests")
    if found is None:
        common = consumed(run.api, None)
        odd = (
            operation
            for operation, has_only_body in inputs(run).carriers
            if not has_only_body
            or operation.method in _WITHOUT_BODY
            or _FORMS.issuperset(
                (consumed(run.api, operation) if "consumes" in operation.value else common) or ()
            )
        )
        found = run.cache["requests"] = list(_requests(run.api, odd))
    return found


def _requests(api: Api, operations: Iterable[Operation]) -> Iterator[Request]:
    for operation in operations:
        parameters = api.parameters(operation)
        bodies = [parameter for parameter in parameters if parameter.location == "body"]
        forms = [parameter for parameter in parameters if parameter.location == "formData"]
        if bodies or forms:
            yield Request(operation, tuple(bodies), tuple(forms), consumed(api, operation))


def consumed(api: Api, operation: Operation | None) -> tuple[str, ...] | None:
    """The media types that an operation, or one that says nothing, consumes; without their parameters and in
    lower case.
    """
    for holder in (operation.value if operation else {}, api.definition):
        if "consumes" in holder:
            listed = holder["consumes"]
            if listed == _JSON:
                return _ONLY_JSON
            return (
                tuple(plain(kind) for kind in listed if isinstance(kind, str))
                if isinstance(listed, list)
                else ()
            )
    return None


def plain(kind: str) -> str:
    """A media type without its parameters, in lower case."""
    return kind.partition(";")[0].strip().lower()


@rule("OPR-060", on="paths")
def body_in_get(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        if request.operation.method in ("get", "head"):
            for parameter in request.bodies + request.forms:
                yield _carried(paths, request, parameter)


@rule("OPR-061", on="paths")
def body_in_delete(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        if request.operation.method == "delete":
            for parameter in request.bodies:
                yield _carried(paths, request, parameter)


def _carried(paths: Node, request: Request, parameter: Parameter) -> Hit:
    method = request.operation.method.upper()
    return paths.hit(*parameter.listed[1:], value=parameter.name, method=method, cause=request.operation.path)


@rule("OPR-062", on=("operation", "definition"), key=("consumes", "produces"), unless=_COMMON.__contains__)
def malformed(node: Node, key: str) -> Iterator[Hit]:
    listed = node.value[key]
    if not isinstance(listed, list):
        yield node.hit(key, member=key, problem="is no array")
        return
    for index, kind in enumerate(listed):
        if not isinstance(kind, str) or not MIME_TYPE(kind):
            problem = f'contains "{shown(kind)}", which is no MIME type'
            yield node.hit(key, index, member=key, problem=problem)


@fix("OPR-062")
def tidy_type(place: Place) -> Patch:
    if not isinstance(place.value, str):
        return ()
    kind = place.value.strip(" \t\r\n;,")
    if not MIME_TYPE(kind):
        return ()
    return place.replace(kind if isinstance(place.name, int) else [kind])


@rule("OPR-063", on="paths")
def consumes_missing(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        if not request.consumes:
            yield paths.hit(*request.operation.keys[1:], value=request.operation.operation_id)


@rule("OPR-064", on="paths")
def consumes_does_not_fit(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        kinds = request.consumes
        if not kinds:
            continue
        if request.forms and _FORMS.isdisjoint(kinds):
            yield _consumes_hit(paths, request, sent="form parameters")
        elif request.bodies and _FORMS.issuperset(kinds):
            yield _consumes_hit(paths, request, sent="a body")


@rule("OPR-065", on="paths")
def file_without_multipart(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        if request.has_file and MULTIPART not in (request.consumes or ()):
            yield _consumes_hit(paths, request)


@rule("OPR-066", on=("operation", "definition"), key="consumes", unless=_COMMON.__contains__)
def request_type_not_supported(node: Node, key: str) -> Iterator[Hit]:
    return _unsupported(node, key)


@rule("OPR-067", on=("operation", "definition"), key="produces", unless=_COMMON.__contains__)
def other_response_type(node: Node, key: str) -> Iterator[Hit]:
    return _unsupported(node, key)


def _unsupported(node: Node, key: str) -> Iterator[Hit]:
    listed = node.value[key]
    for index, kind in enumerate(listed if isinstance(listed, list) else ()):
        if (
            isinstance(kind, str)
            and kind not in _SUPPORTED
            and plain(kind) not in _SUPPORTED
            and MIME_TYPE(kind)
        ):
            yield node.hit(key, index)


@rule("OPR-068", on="paths")
def binary_urlencoded(paths: Node) -> Iterator[Hit]:
    for request in requests(paths.run):
        if request.consumes and URLENCODED in request.consumes and request.has_binary:
            yield _consumes_hit(paths, request)


def _consumes_hit(paths: Node, request: Request, **facts: Any) -> Hit:
    operation = request.operation
    value = ", ".join(request.consumes or ()) or "nothing"
    keys = (*operation.keys, "consumes") if "consumes" in operation.value else operation.keys
    return paths.hit(*keys[1:], value=value, name=operation.operation_id, **facts)


@fix("OPR-063")
@fix("OPR-064")
@fix("OPR-065")
@fix("OPR-068")
def give_fitting_type(place: Place) -> Patch:
    """What the parameters show: files and binary texts need multipart, other forms are urlencoded, a body is
    JSON where nothing has been said. A body beside forms, or of a type that does not fit, needs a person.
    """
    request = _request_at(place)
    if request is None or (request.bodies and (request.forms or request.consumes)):
        return ()
    if request.forms:
        kind = MULTIPART if request.has_binary else URLENCODED
    elif mapping(request.bodies[0].value, "schema").get("format") in ("binary", "byte"):
        return ()
    else:
        kind = "application/json"
    operation = Place(place.package, place.root, request.operation.keys)
    has_consumes = "consumes" in request.operation.value
    return operation.at("consumes").replace([kind]) if has_consumes else operation.add("consumes", [kind])


def _request_at(place: Place) -> Request | None:
    paths, path, method = map(str, place.keys[:3])
    item = place.root[paths][path]
    operation = Operation(path, method, item[method], item)
    return next(_requests(Api(place.root), [operation]), None)
