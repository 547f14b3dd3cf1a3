"""The policies of the properties file that change a request: host, path, headers and query parameters."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

from connectors.definitions.openapi import mapping, sequence, text
from connectors.runtime.drafting import Draft, check_header
from connectors.runtime.errors import CallImpossible

_PREFIX = "x-ms-apimTemplateParameter."
_EXPRESSION = re.compile(
    r"@(?P<source>connectionParameters|queryParameters|headers)\(\s*'(?P<name>[^']*)'"
    r"\s*(?:,\s*'(?P<default>[^']*)'\s*)?\)"
)
_BODY = re.compile(r"@body\(\)(?P<path>(?:\.[A-Za-z0-9_-]+)+)")
_ORIGINAL_METHOD = "@request.originalhttpmethod"
_METHODS = frozenset({"GET", "PUT", "POST", "DELETE", "PATCH", "HEAD", "OPTIONS"})
_IGNORED = frozenset({"updatenextlink", "pollingtrigger", "convertobjecttoarray", "convertarraytoobject"})


@dataclass(frozen=True, slots=True)
class Policy:
    """One template instance; `parameters` by their names without the prefix, lower-cased."""

    title: str
    template: str
    parameters: Mapping[str, str]
    operations: tuple[str, ...]
    section: str

    def covers(self, operation_id: str) -> bool:
        return not self.operations or operation_id in self.operations


def policies_of(properties: Any) -> list[Policy]:
    """Every policy in the order of the file; shapes that mean nothing are passed over."""
    found = []
    for instance in sequence(properties, "properties", "policyTemplateInstances"):
        template = text(instance, "templateId").lower()
        parameters = mapping(instance, "parameters")
        if template:
            found.append(
                Policy(
                    title=text(instance, "title") or template,
                    template=template,
                    parameters={
                        name.removeprefix(_PREFIX).lower(): value
                        for name, value in parameters.items()
                        if name.startswith(_PREFIX) and isinstance(value, str)
                    },
                    operations=_scope(parameters.get("x-ms-apimTemplate-operationName")),
                    section=text(parameters, "x-ms-apimTemplate-policySection").lower() or "request",
                )
            )
    return found


def _scope(value: Any) -> tuple[str, ...]:
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return tuple(each for each in value if isinstance(each, str)) if isinstance(value, list) else ()


def apply_policies(
    draft: Draft, operation_id: str, policies: list[Policy], values: Mapping[str, str]
) -> list[str]:
    """Change the draft; returns notes about policies that were left out. `values` are the connection's.

    Raises `CallImpossible` for an expression without a value: a request with a hole in it proves nothing.
    """
    notes = []
    for policy in policies:
        if not policy.covers(operation_id) or policy.section == "response":
            continue
        apply = _TEMPLATES.get(policy.template)
        if apply is not None:
            apply(draft, policy, values)
        elif policy.template not in _IGNORED:
            notes.append(f"The policy “{policy.title}” ({policy.template}) was not applied.")
    return notes


def _evaluated(draft: Draft, policy: Policy, template: str, values: Mapping[str, str]) -> tuple[str, bool]:
    """The text, and whether a part of it came out of the request's own inputs."""
    from_input = False

    def replace(match: re.Match[str]) -> str:
        nonlocal from_input
        source, name = match["source"], match["name"]
        if source == "connectionParameters":
            value = values.get(name.lower())
        elif source == "queryParameters":
            value, from_input = dict(draft.query).get(name), True
        else:
            value, from_input = draft.header(name), name.lower() != "authorization"
        value = value if value not in (None, "") else match["default"]
        if value is None:
            raise CallImpossible(
                f"The policy “{policy.title}” needs {_WHERE[source]} “{name}”, which has no value: "
                f"{_REMEDY[source]}."
            )
        return value

    def replace_body(match: re.Match[str]) -> str:
        nonlocal from_input
        from_input = True
        value = draft.body_value
        for key in match["path"].split(".")[1:]:
            value = value.get(key) if isinstance(value, dict) else None
        if not isinstance(value, (str, int, float)):
            raise CallImpossible(
                f"The policy “{policy.title}” needs {match[0]} of the body, which is not there."
            )
        return str(value)

    result = _BODY.sub(replace_body, _EXPRESSION.sub(replace, template))
    if re.search(r"@[A-Za-z]+\(", result):
        raise CallImpossible(
            f"The policy “{policy.title}” has an expression that the portal cannot evaluate: {template[:120]}"
        )
    return result, from_input


_WHERE = {
    "connectionParameters": "the connection value",
    "queryParameters": "the query parameter",
    "headers": "the header",
}
_REMEDY = {
    "connectionParameters": "add it to the credential",
    "queryParameters": "fill in that input",
    "headers": "fill in that input",
}


def _parameter(policy: Policy, name: str) -> str:
    value = policy.parameters.get(name.lower(), "")
    if not value:
        raise CallImpossible(f"The policy “{policy.title}” has no parameter “{name}”: complete it.")
    return value


def _exists_action(policy: Policy) -> str:
    return policy.parameters.get("existsaction", "override").lower()


def _set_header(draft: Draft, policy: Policy, values: Mapping[str, str]) -> None:
    name = _parameter(policy, "name")
    value, _ = _evaluated(draft, policy, policy.parameters.get("value", ""), values)
    present, action = draft.header(name), _exists_action(policy)
    if present is not None and action == "skip":
        return
    if present is not None and action == "append":
        value = f"{present},{value}"
    problem = check_header(name, value)
    if problem:
        raise CallImpossible(f"The policy “{policy.title}” cannot be applied. {problem}")
    draft.set_header(name, value)


def _set_query_parameter(draft: Draft, policy: Policy, values: Mapping[str, str]) -> None:
    name = _parameter(policy, "name")
    value, _ = _evaluated(draft, policy, policy.parameters.get("value", ""), values)
    is_present, action = any(key == name for key, _ in draft.query), _exists_action(policy)
    if is_present and action == "skip":
        return
    if is_present and action == "append":
        draft.query.append((name, value))
    else:
        draft.set_query(name, value)


def _dynamic_host(draft: Draft, policy: Policy, values: Mapping[str, str]) -> None:
    template = _parameter(policy, "urlTemplate")
    url, from_input = _evaluated(draft, policy, template, values)
    url = url.strip()
    if "://" not in url:
        url = f"https://{url}"
    try:
        host = urlsplit(url).hostname
    except ValueError:
        host = None
    if not host:
        raise CallImpossible(f"The policy “{policy.title}” leads to no host: {template[:120]}")
    # What follows "?" or "#" cannot be part of the base that the operation's path is appended to.
    draft.base = url.partition("?")[0].partition("#")[0]
    draft.host_from_input = draft.host_from_input or from_input


def _route(draft: Draft, policy: Policy, values: Mapping[str, str]) -> None:
    template = _parameter(policy, "newPath")
    path, _ = _evaluated(draft, policy, template, values)
    for name, value in draft.path_values.items():
        path = path.replace("{" + name + "}", value)
    if "{" in path:
        raise CallImpossible(
            f"The policy “{policy.title}” routes to {template[:120]}, which names a parameter that the "
            "operation's path does not have."
        )
    path, _, query = path.partition("?")
    draft.path = quote(path, safe="/%:@!$&'()*+,;=~-._")
    draft.query += parse_qsl(query, keep_blank_values=True)
    method = policy.parameters.get("httpmethod", _ORIGINAL_METHOD).strip()
    if method.lower() != _ORIGINAL_METHOD:
        if method.upper() not in _METHODS:
            raise CallImpossible(f"The policy “{policy.title}” sets the unknown method “{method[:20]}”.")
        draft.method = method.upper()


_TEMPLATES: dict[str, Callable[[Draft, Policy, Mapping[str, str]], None]] = {
    "setheader": _set_header,
    "setqueryparameter": _set_query_parameter,
    "dynamichosturl": _dynamic_host,
    "routerequesttoendpoint": _route,
}
