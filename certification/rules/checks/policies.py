"""Policies: the template instances in apiProperties.json."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from certification.rules.api import Api
from certification.rules.checks.dynamic_calls import alike
from certification.rules.findings import Hit, Key, shown
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import openapi

_PARAMETER = "x-ms-apimTemplateParameter."
_OPERATIONS = "x-ms-apimTemplate-operationName"
_SECTION = "x-ms-apimTemplate-policySection"
# The public templates, and the parameters that each cannot do without.
_REQUIRED = {
    "convertarraytoobject": ("propertyParentPath", "keyWithinCollectionPath", "newPropertyPath"),
    "convertobjecttoarray": ("propertyParentPath", "newPropertyPath"),
    "dynamichosturl": ("urlTemplate",),
    "encodepropertyvalue": ("propertyParentPath", "newPropertyPath"),
    "pollingtrigger": ("triggerConfig", "triggerDataPath"),
    "routerequesttoendpoint": ("newPath",),
    "setheader": ("name", "value"),
    "setproperty": (
        "newPropertyParentPathTemplate",
        "newPropertySubPathTemplate",
        "propertyValuePathTemplate",
    ),
    "setqueryparameter": ("name", "value"),
    "setvaluefromurl": ("parameterTemplate", "parameterValueUrl", "parameterValuePathTemplate"),
    "stringreplace": ("propertyParentPath", "sourceString", "replacementString", "newPropertyPath"),
    "stringtoarray": ("propertyParentPath", "delimiterList", "childPropertyName", "newPropertyPath"),
    "updatenextlink": ("nextLinkPropertyName",),
}
_BARE_NAMES = {"operationname": _OPERATIONS, "policysection": _SECTION}
_SECTIONS = ("Request", "Response", "Failure")
_EXISTS_ACTIONS = ("override", "skip", "append")
_METHODS = ("GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS")
_USED_PARAMETER = re.compile(r"@connectionParameters\(\s*'([^']*+)'", re.IGNORECASE)


@rule("POL-001", on="connector", key="policyTemplateInstances")
def policies_are_no_array(connector: Node, key: str) -> Iterator[Hit]:
    policies = connector.value[key]
    if not isinstance(policies, list):
        yield connector.hit(key)
        return
    for index, policy in enumerate(policies):
        if not isinstance(policy, dict):
            yield connector.hit(key, index, value=shown(policy))


@fix("POL-001")
def put_policy_in_array(place: Place) -> Patch:
    value = place.value
    if isinstance(value, dict):
        return place.replace([value]) if "templateId" in value else ()
    return place.remove() if value is None else ()


@rule("POL-002", on="policy")
def template_missing(policy: Node) -> Iterator[Hit]:
    if not policy.text("templateId").strip():
        at = ("templateId",) if "templateId" in policy.value else ()
        yield policy.hit(*at, value=policy.text("title") or "a policy")


def _template(policy: Node) -> str:
    return policy.text("templateId").strip().lower()


@rule("POL-003", on="policy", key="templateId")
def template_unknown(policy: Node, key: str) -> Iterator[Hit]:
    template = _template(policy)
    if template and template not in _REQUIRED:
        yield policy.hit(key)


@rule("POL-004", on="policy", key="templateId")
def template_not_in_lower_case(policy: Node, key: str) -> Iterator[Hit]:
    template = policy.text(key)
    if template != template.lower() and _template(policy) in _REQUIRED:
        yield policy.hit(key)


@fix("POL-004")
def write_template_in_lower_case(place: Place) -> Patch:
    return place.replace(place.value.strip().lower())


@rule("POL-005", on="policy")
def title_missing(policy: Node) -> Iterator[Hit]:
    if not policy.text("title").strip():
        at = ("title",) if "title" in policy.value else ()
        yield policy.hit(*at, value=policy.text("templateId") or "a policy")


@rule("POL-006", on="policy")
def parameters_missing(policy: Node) -> Iterator[Hit]:
    if not isinstance(policy.value.get("parameters"), dict):
        at = ("parameters",) if "parameters" in policy.value else ()
        yield policy.hit(*at, value=_label(policy))


def _label(policy: Node) -> str:
    return policy.text("title") or policy.text("templateId") or f"policy {policy.name}"


def _parameters(policy: Node) -> dict[str, Any]:
    return openapi.mapping(policy.value, "parameters")


@rule("POL-007", on="policy", key="parameters")
def parameter_missing(policy: Node, key: str) -> Iterator[Hit]:
    given = _parameters(policy)
    template = _template(policy)
    for name in _REQUIRED.get(template, ()) if isinstance(policy.value[key], dict) else ():
        if _PARAMETER + name not in given:
            yield policy.hit(key, value=name, cause=f"{template} {name}", template=template)


@rule("POL-008", on="policy", key="parameters")
def parameter_unknown(policy: Node, key: str) -> Iterator[Hit]:
    for name in _parameters(policy):
        if not name.startswith(_PARAMETER) and name not in (_OPERATIONS, _SECTION):
            yield policy.hit(key, name, value=name, at_key=True)


@fix("POL-008")
def correct_parameter_name(place: Place) -> Patch:
    name = str(place.name).strip()
    known = alike(name, (_OPERATIONS, _SECTION)) or _BARE_NAMES.get(name.casefold())
    if known is None and name[: len(_PARAMETER)].casefold() == _PARAMETER.casefold():
        known = _PARAMETER + name[len(_PARAMETER) :]
    if known is None:
        template = openapi.text(place.parent.parent.value, "templateId").lower()
        known = _PARAMETER + name if name in _REQUIRED.get(template, ()) else None
    return place.rename(known) if known else ()


@rule("POL-009", on="policy", key="parameters")
def operations_are_no_array(policy: Node, key: str) -> Iterator[Hit]:
    parameters = _parameters(policy)
    if _OPERATIONS in parameters and not isinstance(parameters[_OPERATIONS], list):
        yield policy.hit(key, _OPERATIONS)


@fix("POL-009")
def put_operation_in_array(place: Place) -> Patch:
    return place.replace([place.value]) if isinstance(place.value, str) and place.value else ()


@rule("POL-010", on="policy", key="parameters")
def operation_unknown(policy: Node, key: str) -> Iterator[Hit]:
    if not isinstance(policy.run.definition, dict) or not policy.run.is_definition_whole:
        return
    for index, name in enumerate(openapi.sequence(_parameters(policy), _OPERATIONS)):
        if not isinstance(name, str) or name not in policy.run.api.by_id:
            yield policy.hit(key, _OPERATIONS, index, policy=_label(policy))


@fix("POL-010")
def correct_letter_case_of_operation(place: Place) -> Patch:
    document = place.package.definition
    if document is None or not isinstance(place.value, str):
        return ()
    known = alike(place.value, Api(document.value).by_id)
    if known is None:
        return ()
    return place.remove() if known in place.parent.value else place.replace(known)


@rule("POL-011", on="policy", key="parameters")
def section_invalid(policy: Node, key: str) -> Iterable[Hit]:
    return _not_one_of(policy, key, _SECTION, _SECTIONS)


@rule("POL-012", on="policy", key="parameters")
def exists_action_invalid(policy: Node, key: str) -> Iterable[Hit]:
    return _not_one_of(policy, key, f"{_PARAMETER}existsAction", _EXISTS_ACTIONS)


@rule("POL-013", on="policy", key="parameters")
def method_invalid(policy: Node, key: str) -> Iterable[Hit]:
    """An expression such as "@Request.OriginalHTTPMethod" is worked out at run time."""
    name = f"{_PARAMETER}httpMethod"
    method = _parameters(policy).get(name)
    if isinstance(method, str) and ("@" in method or method.upper() in _METHODS):
        return ()
    return _not_one_of(policy, key, name, _METHODS)


def _not_one_of(policy: Node, key: str, name: str, words: tuple[str, ...]) -> Iterator[Hit]:
    parameters = _parameters(policy)
    if name in parameters and parameters[name] not in words:
        yield policy.hit(key, name, policy=_label(policy))


@fix("POL-011")
def correct_section(place: Place) -> Patch:
    return _right_word(place, _SECTIONS)


@fix("POL-012")
def correct_exists_action(place: Place) -> Patch:
    return _right_word(place, _EXISTS_ACTIONS)


@fix("POL-013")
def correct_method(place: Place) -> Patch:
    return _right_word(place, _METHODS)


def _right_word(place: Place, words: tuple[str, ...]) -> Patch:
    known = alike(place.value, words) if isinstance(place.value, str) else None
    return place.replace(known) if known else ()


@rule("POL-014", on="policy", key="parameters")
def connection_parameter_unknown(policy: Node, key: str) -> Iterator[Hit]:
    """What a token brings along ("token:region") is not defined in the package."""
    known = {name for name, _, _ in policy.run.api.connection_parameters}
    for at, text in _texts(_parameters(policy)):
        for name in dict.fromkeys(_USED_PARAMETER.findall(text)):
            if name not in known and ":" not in name:
                yield policy.hit(key, *at, value=name, policy=_label(policy))


def _texts(value: Any) -> Iterator[tuple[tuple[Key, ...], str]]:
    """Every string below a value with its path."""
    pending: list[tuple[tuple[Key, ...], Any]] = [((), value)]
    while pending:
        at, current = pending.pop()
        if isinstance(current, str):
            yield at, current
        elif isinstance(current, dict):
            pending += [((*at, name), child) for name, child in current.items()]
        elif isinstance(current, list):
            pending += [((*at, index), child) for index, child in enumerate(current)]


@fix("POL-014")
def correct_letter_case_of_connection_parameter(place: Place) -> Patch:
    names = {name for name, _, _ in Api(None, place.root).connection_parameters}

    def corrected(match: re.Match[str]) -> str:
        known = alike(match[1], names) if match[1] not in names else None
        return match[0].replace(f"'{match[1]}'", f"'{known}'") if known else match[0]

    text = _USED_PARAMETER.sub(corrected, place.value)
    return place.replace(text) if text != place.value else ()


@rule("POL-015", on="policy", key="parameters")
def dynamic_host_not_https(policy: Node, key: str) -> Iterator[Hit]:
    name = f"{_PARAMETER}urlTemplate"
    url = openapi.text(_parameters(policy), name)
    is_constant = url != "" and "@" not in url and "{" not in url
    if is_constant and _template(policy) == "dynamichosturl" and not url.lower().startswith("https://"):
        yield policy.hit(key, name)


@fix("POL-015")
def use_https(place: Place) -> Patch:
    scheme, separator, rest = place.value.partition("://")
    if not separator:
        return place.replace(f"https://{place.value}")
    return place.replace(f"https://{rest}") if scheme.lower() == "http" else ()


@rule("POL-016", on="connector", key="policyTemplateInstances")
def policy_repeated(connector: Node, key: str) -> Iterator[Hit]:
    policies = connector.value[key]
    seen: set[str] = set()
    for index, policy in enumerate(policies if isinstance(policies, list) else ()):
        if isinstance(policy, dict):
            text = json.dumps(policy, sort_keys=True)
            if text in seen:
                yield connector.hit(key, index, value=openapi.text(policy, "title") or f"policy {index + 1}")
            seen.add(text)


@fix("POL-016")
def remove_repeated_policy(place: Place) -> Patch:
    return place.remove()


@rule("POL-017", on="policy", key="templateId")
def polling_without_trigger(policy: Node, key: str) -> Iterator[Hit]:
    run = policy.run
    if _template(policy) != "pollingtrigger" or not isinstance(run.definition, dict):
        return
    if "has trigger" not in run.cache:
        run.cache["has trigger"] = any(operation.is_trigger for operation in run.api.operations)
    if run.is_definition_whole and not run.cache["has trigger"]:
        yield policy.hit(key)
