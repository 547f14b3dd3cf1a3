"""What makers read of the fields of requests and responses: a label and a description.

Only what is written in an operation or in a shared parameter is judged. A shared schema may serve requests
and responses alike, and connectors with thousands of shared properties that nobody sees would get a finding
for each; a shared response nearly always is that of an error.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Iterable

from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_LABELS = ("x-ms-summary", "title")
_IS_FULL = operator.truth
_NOT_BLANK = re.compile(r"\s*+\S").match
_IN_SHARED_SCHEMAS = "schemas.shared"


@rule("SCH-030", on="definitions")
@rule("SCH-031", on="definitions")
@rule("SCH-032", on="definitions")
@rule("SCH-033", on="definitions")
def enter_shared_schemas(definitions: Node) -> None:
    """The walk visits them after everything else."""
    definitions.run.cache[_IN_SHARED_SCHEMAS] = True


@rule("SCH-030", on="input-property", without=("$ref", *_LABELS))
@rule("SCH-031", on="output-property", without=("$ref", *_LABELS))
def label_missing(field: Node) -> Iterable[Hit]:
    return (field.hit(value=field.name),) if _is_shown(field, field.value) else ()


@rule("SCH-030", on="input-property", key="x-ms-summary", without=("$ref", "title"), unless=_IS_FULL)
@rule("SCH-031", on="output-property", key="x-ms-summary", without=("$ref", "title"), unless=_IS_FULL)
@rule("SCH-030", on="input-property", key="title", without=("$ref", "x-ms-summary"), unless=_IS_FULL)
@rule("SCH-031", on="output-property", key="title", without=("$ref", "x-ms-summary"), unless=_IS_FULL)
def label_empty(field: Node, key: str) -> Iterable[Hit]:
    return (field.hit(key, value=field.name),) if _is_shown(field, field.value) else ()


@rule("SCH-030", on="input-property", key="$ref")
@rule("SCH-031", on="output-property", key="$ref")
def label_missing_in_reference(field: Node, key: str) -> Iterable[Hit]:
    return _missing_in_reference(field, _LABELS)


@rule("SCH-032", on="input-property", without=("$ref", "description"))
@rule("SCH-033", on="output-property", without=("$ref", "description"))
def description_missing(field: Node) -> Iterable[Hit]:
    return (field.hit(value=field.name),) if _is_shown(field, field.value) else ()


@rule("SCH-032", on="input-property", key="description", without="$ref", unless=_NOT_BLANK)
@rule("SCH-033", on="output-property", key="description", without="$ref", unless=_NOT_BLANK)
def description_empty(field: Node, key: str) -> Iterable[Hit]:
    return (field.hit(key, value=field.name),) if _is_shown(field, field.value) else ()


@rule("SCH-032", on="input-property", key="$ref")
@rule("SCH-033", on="output-property", key="$ref")
def description_missing_in_reference(field: Node, key: str) -> Iterable[Hit]:
    return _missing_in_reference(field, ("description",))


def _missing_in_reference(field: Node, words: tuple[str, ...]) -> Iterable[Hit]:
    """What stands beside a reference is not read; the shared schema must say it."""
    if _IN_SHARED_SCHEMAS in field.run.cache:
        return ()
    shared, _ = field.run.api.resolve(field.value)
    if not isinstance(shared, dict) or any(shared.get(word) for word in words):
        return ()
    return (field.hit(value=field.name),) if _is_shown(field, shared) else ()


def _is_shown(field: Node, described: dict[str, object]) -> bool:
    """Whether it is neither shared nor internal."""
    if _IN_SHARED_SCHEMAS in field.run.cache or described.get("x-ms-visibility") == "internal":
        return False
    return not field.run.definition.get("responses") or field.path()[0] != "responses"
