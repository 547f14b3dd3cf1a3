"""What HTTP statuses of connector calls usually mean, and what to look at first."""

from __future__ import annotations

from portal.shared.words import lazy as _lazy

_MEANINGS: dict[int, tuple[str, str]] = {
    400: (
        _lazy("Bad request"),
        _lazy(
            "The backend does not understand the call. Compare parameters and formats in the "
            "definition with it."
        ),
    ),
    401: (
        _lazy("Not signed in"),
        _lazy("Credentials are missing, wrong or expired. Check the authentication and token lifetime."),
    ),
    403: (
        _lazy("Not allowed"),
        _lazy(
            "Signed in, but without the right. Check scopes and roles, and blocked addresses of the region."
        ),
    ),
    404: (
        _lazy("Not found"),
        _lazy("The path or object does not exist. After an update: was an operation moved or removed?"),
    ),
    405: (
        _lazy("Method not allowed"),
        _lazy("The definition names a method that the backend does not offer at this path."),
    ),
    408: (_lazy("Request timed out"), _lazy("The backend waited too long for the call's body.")),
    409: (
        _lazy("Conflict"),
        _lazy("The object changed meanwhile, or exists already. Often a retry of a call that had worked."),
    ),
    410: (_lazy("Gone"), _lazy("The backend took the object or the operation away for good.")),
    413: (_lazy("Too large"), _lazy("The call's body is larger than the backend accepts.")),
    415: (
        _lazy("Unsupported media type"),
        _lazy("Compare “consumes” in the definition with the formats the backend reads."),
    ),
    422: (_lazy("Not processable"), _lazy("Well-formed but with values that the backend refuses.")),
    426: (
        _lazy("Upgrade required"),
        _lazy("The backend asks for another protocol, usually a newer TLS version."),
    ),
    429: (_lazy("Throttled"), _lazy("The user or connector called too often. Left out of the success rate.")),
    500: (_lazy("Backend error"), _lazy("The backend failed. Its own log, at the same minute, tells why.")),
    501: (_lazy("Not implemented"), _lazy("The backend does not offer what the definition promises.")),
    502: (_lazy("Bad gateway"), _lazy("A proxy in front of the backend got no usable answer from it.")),
    503: (_lazy("Unavailable"), _lazy("The backend is overloaded or in maintenance.")),
    504: (_lazy("Gateway timeout"), _lazy("A proxy gave up waiting for the backend.")),
    522: (
        _lazy("Connection timed out"),
        _lazy("The edge in front of the backend could not connect. Are the region's addresses let in?"),
    ),
    523: (
        _lazy("Origin unreachable"),
        _lazy("The edge finds no route to the backend. Check DNS and routing."),
    ),
    524: (_lazy("Answer timed out"), _lazy("The edge connected, but the backend did not answer in time.")),
}
_CLASSES = {
    4: (_lazy("Refused by the backend"), _lazy("The caller's side has to change something.")),
    5: (_lazy("Failed at the backend"), _lazy("The backend's side has to change something.")),
}


def every_meaning() -> dict[int, tuple[str, str]]:
    """Status -> short name and one sentence, of all that are known by themselves."""
    return dict(_MEANINGS)


def meaning_of(status: int) -> tuple[str, str]:
    """A short name, and one sentence on where to look."""
    return _MEANINGS.get(status) or _CLASSES.get(status // 100, ("", ""))
