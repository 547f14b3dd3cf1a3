"""What HTTP statuses of connector calls usually mean, and what to look at first."""

from __future__ import annotations

_MEANINGS: dict[int, tuple[str, str]] = {
    400: (
        "Bad request",
        "The backend does not understand the call. Compare parameters and formats in the definition with it.",
    ),
    401: (
        "Not signed in",
        "Credentials are missing, wrong or expired. Check the authentication and token lifetime.",
    ),
    403: (
        "Not allowed",
        "Signed in, but without the right. Check scopes and roles, and blocked addresses of the region.",
    ),
    404: (
        "Not found",
        "The path or object does not exist. After an update: was an operation moved or removed?",
    ),
    405: (
        "Method not allowed",
        "The definition names a method that the backend does not offer at this path.",
    ),
    408: ("Request timed out", "The backend waited too long for the call's body."),
    409: (
        "Conflict",
        "The object changed meanwhile, or exists already. Often a retry of a call that had worked.",
    ),
    410: ("Gone", "The backend took the object or the operation away for good."),
    413: ("Too large", "The call's body is larger than the backend accepts."),
    415: (
        "Unsupported media type",
        "Compare “consumes” in the definition with the formats the backend reads.",
    ),
    422: ("Not processable", "Well-formed but with values that the backend refuses."),
    426: ("Upgrade required", "The backend asks for another protocol, usually a newer TLS version."),
    429: ("Throttled", "The user or connector called too often. Left out of the success rate."),
    500: ("Backend error", "The backend failed. Its own log, at the same minute, tells why."),
    501: ("Not implemented", "The backend does not offer what the definition promises."),
    502: ("Bad gateway", "A proxy in front of the backend got no usable answer from it."),
    503: ("Unavailable", "The backend is overloaded or in maintenance."),
    504: ("Gateway timeout", "A proxy gave up waiting for the backend."),
    522: (
        "Connection timed out",
        "The edge in front of the backend could not connect. Are the region's addresses let in?",
    ),
    523: ("Origin unreachable", "The edge finds no route to the backend. Check DNS and routing."),
    524: ("Answer timed out", "The edge connected, but the backend did not answer in time."),
}
_CLASSES = {
    4: ("Refused by the backend", "The caller's side has to change something."),
    5: ("Failed at the backend", "The backend's side has to change something."),
}


def every_meaning() -> dict[int, tuple[str, str]]:
    """Status -> short name and one sentence, of all that are known by themselves."""
    return dict(_MEANINGS)


def meaning_of(status: int) -> tuple[str, str]:
    """A short name, and one sentence on where to look."""
    return _MEANINGS.get(status) or _CLASSES.get(status // 100, ("", ""))
