"""Examples of the rules over host, basePath and schemes."""

from __future__ import annotations

from typing import Any

from certification.rules.examples.case import Case, Examples, one

_HOST, _BASE, _SCHEMES = "/host", "/basePath", "/schemes"
_CONTACT = "/info/contact/url"
_NAME = "/paths/~1account/get/responses/200/schema/properties/name"
_POLICIES = "/properties/policyTemplateInstances"
_DYNAMIC_HOST: dict[str, Any] = {
    "templateId": "dynamichosturl",
    "title": "Host of the harbour",
    "parameters": {"x-ms-apimTemplateParameter.urlTemplate": "https://@connectionParameters('host')"},
}


_HOST_PARAMETER: dict[str, Any] = {
    "type": "string",
    "uiDefinition": {
        "displayName": "Host",
        "description": "The host name of your harbour.",
        "tooltip": "Provide the host name",
        "constraints": {"required": "true", "tabIndex": 3, "clearText": True},
    },
}


def _dynamic(pointer: str, value: str) -> Case:
    """A host or basePath beside the policy that replaces it."""
    policy = {_POLICIES: [_DYNAMIC_HOST], "/properties/connectionParameters/host": _HOST_PARAMETER}
    return Case(set={pointer: value}, properties=policy)


CASES: dict[str, Examples] = {
    "HST-001": Examples(
        bad=(Case(remove=(_HOST,), at=""), one(_HOST, " "), one(_HOST, None)),
        good=(one(_HOST, "tides.example"),),
    ),
    "HST-002": Examples(
        bad=(
            one(_HOST, "https://api.tides.example"),
            one(_HOST, "api.tides.example/v1"),
            one(_HOST, "{harbour}.tides.example"),
            one(_HOST, "api tides.example"),
        ),
        good=(one(_HOST, "api.tides.example:443"), one(_HOST, "api-2.north_sea.tides.example")),
    ),
    "HST-003": Examples(
        bad=(one(_HOST, "tides"),),
        good=(one(_HOST, "tides.example"), _dynamic(_HOST, "SetByTheConnection")),
    ),
    "HST-004": Examples(
        bad=(
            one(_HOST, "dev.tides.example"),
            one(_HOST, "tides-UAT2.harbours.example"),
            one(_HOST, "staging.tides.example:443"),
        ),
        good=(
            one(_HOST, "devices.contest.example"),
            one(_HOST, "demography.tides.example"),
            _dynamic(_HOST, "test.tides.example"),
        ),
    ),
    "HST-005": Examples(
        bad=(
            one(_HOST, "localhost", also=("HST-003",)),
            one(_HOST, "192.168.1.20", also=("HST-006",)),
            one(_HOST, "api.example.com"),
            one(_HOST, "tides.contoso.com"),
            one(_HOST, "4f1c.ngrok.app", also=("HST-004",)),
        ),
        good=(one(_HOST, "api.myexample.com"), _dynamic(_HOST, "tides.contoso.com")),
    ),
    "HST-006": Examples(
        bad=(one(_HOST, "203.0.113.7"), one(_HOST, "203.0.113.7:443")),
        good=(one(_HOST, "203-0-113-7.tides.example"),),
    ),
    "HST-007": Examples(
        bad=(one(_HOST, "api.tides.example:8443"),),
        good=(one(_HOST, "api.tides.example:443"),),
    ),
    "HST-010": Examples(bad=(Case(remove=(_BASE,), at=""),), good=(one(_BASE, "/"),)),
    "HST-011": Examples(bad=(one(_BASE, "v1"), one(_BASE, "")), good=(one(_BASE, "/v1/tides"),)),
    "HST-012": Examples(bad=(one(_BASE, "/v1/"),), good=(one(_BASE, "/"),)),
    "HST-013": Examples(
        bad=(one(_BASE, "/{harbour}"), one(_BASE, "/v1?key=1"), one(_BASE, "/v1 ")),
        good=(one(_BASE, "/v1.0/tide-times_2"), _dynamic(_BASE, "/app/<your app>/v1")),
    ),
    "HST-020": Examples(bad=(Case(remove=(_SCHEMES,), at=""),), good=(one(_SCHEMES, ["https"]),)),
    "HST-021": Examples(
        bad=(one(_SCHEMES, [], also=("DEF-007",)), one(_SCHEMES, "https")),
        good=(one(_SCHEMES, ["https"]),),
    ),
    "HST-022": Examples(
        bad=(
            one(_SCHEMES, ["https", "ftp"], at="/schemes/1"),
            one(_SCHEMES, ["HTTPS"], at="/schemes/0", also=("HST-025",)),
        ),
        good=(one(_SCHEMES, ["https"]),),
    ),
    "HST-023": Examples(
        bad=(one(_SCHEMES, ["https", "wss"], at="/schemes/1"),),
        good=(one(_SCHEMES, ["https"]),),
    ),
    "HST-024": Examples(
        bad=(one(_SCHEMES, ["https", "http"], at="/schemes/1"),),
        good=(one(_SCHEMES, ["https"]),),
    ),
    "HST-025": Examples(
        bad=(one(_SCHEMES, ["http"], also=("HST-024",)),),
        good=(one(_SCHEMES, ["https"]),),
    ),
    "HST-026": Examples(
        bad=(one(_CONTACT, "http://tides.example/support"),),
        good=(
            one(f"{_NAME}/default", "http://www.w3.org/2001/XMLSchema"),
            one(f"{_NAME}/description", "The name, also found at http://tides.example/name."),
        ),
    ),
}
