"""Examples of the rules over policies."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import PROPERTIES, Case, Examples

_POLICIES = "/properties/policyTemplateInstances"
_TEMPLATE = "x-ms-apimTemplateParameter."
_NAME, _VALUE = f"{_TEMPLATE}name", f"{_TEMPLATE}value"
_EXISTS, _SECTION = f"{_TEMPLATE}existsAction", "x-ms-apimTemplate-policySection"
_OPERATIONS = "x-ms-apimTemplate-operationName"
_HEADER: dict[str, Any] = {
    "templateId": "setheader",
    "title": "Say who asks",
    "parameters": {
        _NAME: "X-Client",
        _VALUE: "flow",
        _EXISTS: "override",
        _OPERATIONS: ["ListTides"],
        _SECTION: "Request",
    },
}
_HOST: dict[str, Any] = {
    "templateId": "dynamichosturl",
    "title": "Choose the server",
    "parameters": {f"{_TEMPLATE}urlTemplate": "https://@connectionParameters('api_key').tides.example"},
}
_ROUTE: dict[str, Any] = {
    "templateId": "routerequesttoendpoint",
    "title": "Ask the newer service",
    "parameters": {f"{_TEMPLATE}newPath": "/v2/account", _OPERATIONS: ["GetAccount"]},
}
_POLLING: dict[str, Any] = {
    "templateId": "pollingtrigger",
    "title": "Ask for newer tides",
    "parameters": {
        f"{_TEMPLATE}triggerConfig": {},
        f"{_TEMPLATE}triggerDataPath": "/tides",
        _OPERATIONS: ["ListTides"],
    },
}


def _policies(policies: Any, at: str = "", also: tuple[str, ...] = ()) -> Case:
    return Case(properties={_POLICIES: policies}, at=_POLICIES + at, file=PROPERTIES, also=also)


def _policy(policy: dict[str, Any], at: str = "", also: tuple[str, ...] = ()) -> Case:
    """A package with this policy; `at` is a place below it."""
    return _policies([policy], f"/0{at}", also)


def _with(
    policy: dict[str, Any], parameters: dict[str, Any], at: str = "", also: tuple[str, ...] = ()
) -> Case:
    """A package with this policy, these of its parameters changed; `at` is one of them."""
    changed = policy | {"parameters": policy["parameters"] | parameters}
    return _policy(changed, f"/parameters/{at}", also)


def _without(value: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: member for key, member in value.items() if key != name}


_GOOD = _policy(_HEADER)
# What the published schema of the file refuses as well.
_SCHEMA = ("PRP-099",)

CASES: dict[str, Examples] = {
    "POL-001": Examples(
        bad=(_policies(_HEADER, also=_SCHEMA), _policies([_HEADER, "setheader"], "/1", also=_SCHEMA)),
        good=(_policies([]), _GOOD),
    ),
    "POL-002": Examples(
        bad=(
            _policy(_without(_HEADER, "templateId"), also=_SCHEMA),
            _policy(_HEADER | {"templateId": ""}, "/templateId", also=_SCHEMA),
        ),
        good=(_GOOD,),
    ),
    "POL-003": Examples(
        bad=(_policy(_HEADER | {"templateId": "setcookie"}, "/templateId", also=_SCHEMA),),
        good=(_GOOD,),
    ),
    "POL-004": Examples(
        bad=(_policy(_HEADER | {"templateId": "SetHeader"}, "/templateId"),),
        good=(_GOOD,),
    ),
    "POL-005": Examples(bad=(_policy(_without(_HEADER, "title")),), good=(_GOOD,)),
    "POL-006": Examples(bad=(_policy(_without(_HEADER, "parameters")),), good=(_GOOD,)),
    "POL-007": Examples(
        bad=(
            _policy(
                _HEADER | {"parameters": _without(_HEADER["parameters"], _VALUE)}, "/parameters", also=_SCHEMA
            ),
        ),
        good=(_policy(_HEADER | {"parameters": {_NAME: "X-Client", _VALUE: "flow"}}),),
    ),
    "POL-008": Examples(
        bad=(
            _with(_ROUTE, {"policySection": "Request"}, "policySection", also=_SCHEMA),
            _with(
                _HOST,
                {"x-ms-apimtemplate-operationname": ["ListTides"]},
                "x-ms-apimtemplate-operationname",
                also=_SCHEMA,
            ),
        ),
        good=(_with(_HEADER, {_SECTION: "Response"}),),
    ),
    "POL-009": Examples(
        bad=(_with(_HEADER, {_OPERATIONS: "ListTides"}, _OPERATIONS, also=_SCHEMA),),
        good=(_with(_HEADER, {_OPERATIONS: []}),),
    ),
    "POL-010": Examples(
        bad=(_with(_HEADER, {_OPERATIONS: ["GetAccount", "listTides"]}, f"{_OPERATIONS}/1"),),
        good=(_with(_HEADER, {_OPERATIONS: ["GetAccount", "ListTides"]}),),
    ),
    "POL-011": Examples(
        bad=(_with(_HEADER, {_SECTION: "request"}, _SECTION, also=_SCHEMA),),
        good=(_with(_HEADER, {_SECTION: "Failure"}),),
    ),
    "POL-012": Examples(
        bad=(
            _with(_HEADER, {_EXISTS: "replace"}, _EXISTS, also=_SCHEMA),
            _with(_HEADER, {_EXISTS: "Override"}, _EXISTS, also=_SCHEMA),
        ),
        good=(_with(_HEADER, {_EXISTS: "append"}),),
    ),
    "POL-013": Examples(
        bad=(
            _with(_ROUTE, {f"{_TEMPLATE}httpMethod": "FETCH"}, f"{_TEMPLATE}httpMethod", also=_SCHEMA),
            _with(_ROUTE, {f"{_TEMPLATE}httpMethod": "GET "}, f"{_TEMPLATE}httpMethod", also=_SCHEMA),
        ),
        good=(
            _with(_ROUTE, {f"{_TEMPLATE}httpMethod": "GET"}),
            _with(_ROUTE, {f"{_TEMPLATE}httpMethod": "@Request.OriginalHTTPMethod"}),
        ),
    ),
    "POL-014": Examples(
        bad=(
            _with(_HEADER, {_VALUE: "Key @connectionParameters('API_Key','')"}, _VALUE),
            _with(
                _HOST,
                {f"{_TEMPLATE}urlTemplate": "https://@connectionParameters('region').tides.example"},
                f"{_TEMPLATE}urlTemplate",
            ),
        ),
        good=(
            _with(_HEADER, {_VALUE: "Key @connectionParameters('api_key','')"}),
            _with(_HEADER, {_VALUE: "@connectionParameters('token:region')"}),
        ),
    ),
    "POL-015": Examples(
        bad=(
            _with(_HOST, {f"{_TEMPLATE}urlTemplate": "http://api.tides.example"}, f"{_TEMPLATE}urlTemplate"),
        ),
        good=(
            _with(_HOST, {f"{_TEMPLATE}urlTemplate": "https://api.tides.example"}),
            _with(_HOST, {f"{_TEMPLATE}urlTemplate": "@connectionParameters('api_key')"}),
        ),
    ),
    "POL-016": Examples(
        bad=(_policies([_HEADER, _HOST, _HEADER], "/2"),),
        good=(_policies([_HEADER, _HEADER | {"title": "Say again who asks"}]),),
    ),
    "POL-017": Examples(
        bad=(_policy(_POLLING, "/templateId"),),
        good=(
            Case(
                properties={_POLICIES: [_POLLING]},
                set={"/paths/~1harbours~1{harbourId}~1tides/get/x-ms-trigger": "batch"},
            ),
        ),
        good_breaks=("TRG-003", "TRG-024"),
    ),
}
