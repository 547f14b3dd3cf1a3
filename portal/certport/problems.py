"""What can go wrong, each with one sentence that says what to do, and how the command ends then."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any

_LONGEST_SHOWN = 60
# Answers that say “not now”: of the portal, or of what stands before it.
PASSING = frozenset({429, 502, 503, 504})
_LOOK_FIRST = "Look at it (certport status), then run the command again: it starts from what is there."


class Exit(IntEnum):
    """Exit codes. 2 is what the parser of arguments ends with, too; 130 is an interruption."""

    OK = 0
    FINDINGS = 1
    USAGE = 2
    SIGNED_OUT = 3
    NOT_FOUND = 4
    CONFLICT = 5
    SERVER = 6
    INTERRUPTED = 130


# What programs read in `error.code` where the portal did not give one.
_CODES = {
    Exit.OK: "ok",
    Exit.FINDINGS: "findings",
    Exit.USAGE: "usage",
    Exit.SIGNED_OUT: "signed-out",
    Exit.NOT_FOUND: "not-found",
    Exit.CONFLICT: "conflict",
    Exit.SERVER: "unreachable",
    Exit.INTERRUPTED: "interrupted",
}


class CommandFailed(Exception):
    """Ends the command. `details` are further lines for people, `data` further members for programs."""

    def __init__(
        self,
        message: str,
        exit_code: Exit,
        *,
        details: Sequence[str] = (),
        data: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.exit_code = exit_code
        self.details = list(details)
        self.data = {"code": _CODES[exit_code], **(data or {})}

    @property
    def is_passing(self) -> bool:
        """Whether the same may work in a moment: who waits for something goes on waiting."""
        return False


class Unreachable(CommandFailed):
    """No answer that can be used came back."""

    def __init__(self, message: str) -> None:
        super().__init__(message, Exit.SERVER)

    @property
    def is_passing(self) -> bool:
        return True


class Problem(CommandFailed):
    """The portal said no (RFC 9457)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        self.status = status
        self.code = str(body.get("code", "") or body.get("error", ""))
        message = str(body.get("detail") or body.get("error_description") or _said(status))
        details = [str(each) for each in body.get("blockers", [])]
        # A field's text that is the sentence itself is said once.
        details += [line for line in _fields(body.get("errors", {})) if not line.endswith(message)]
        if status >= 500 and body.get("request_id"):
            details.append(f"Request {body['request_id']}: name it when you ask an operator.")
        data = {"status": status, "code": self.code}
        data |= {name: body[name] for name in ("blockers", "errors", "request_id") if body.get(name)}
        super().__init__(
            message, _exit(status, self.code), details=[*details, *_advice(status, self.code)], data=data
        )

    @property
    def is_passing(self) -> bool:
        return self.status in PASSING


class Changed(CommandFailed):
    """Somebody changed it between the reading and the writing: nothing was written (412)."""

    def __init__(self, before: Mapping[str, Any], current: Any) -> None:
        now = current if isinstance(current, Mapping) else {}
        differing = [name for name, value in now.items() if name in before and before[name] != value]
        changes = {name: {"before": before[name], "now": now[name]} for name in differing}
        super().__init__(
            "Somebody changed it meanwhile, so nothing was written.",
            Exit.CONFLICT,
            details=[
                *(f"{name}: {_short(before[name])} is {_short(now[name])} now" for name in differing),
                _LOOK_FIRST,
            ],
            data={"status": 412, "code": "precondition-failed", "changed": changes},
        )


def _said(status: int) -> str:
    if status == 429:
        return "The portal was asked too often."
    if status in PASSING:
        return f"The portal cannot answer at the moment ({status})."
    return f"The portal answered {status}."


def _short(value: Any) -> str:
    text = " ".join(str(value).split()) if value not in (None, "", [], {}) else "nothing"
    return text if len(text) <= _LONGEST_SHOWN else f"{text[: _LONGEST_SHOWN - 1]}…"


def _exit(status: int, code: str) -> Exit:
    if status == 401 or code == "second-factor-required":
        return Exit.SIGNED_OUT
    if status in (403, 404):
        return Exit.NOT_FOUND
    if code == "blocked":
        return Exit.FINDINGS
    if status in (409, 412):
        return Exit.CONFLICT
    return Exit.SERVER if status >= 500 or status == 429 else Exit.USAGE


def _advice(status: int, code: str) -> list[str]:
    if status == 401:
        if os.environ.get("CERTPORT_TOKEN"):
            return ["It came from CERTPORT_TOKEN: put another one there, made under API tokens."]
        return ["Sign in: certport login"]
    if code == "illegal-transition":
        return ["Where it stands: certport status"]
    if status == 403 and code == "permission-denied":
        return ["Your sign-in lacks this right; certport login asks for it anew."]
    return []


def _fields(errors: Any, name: str = "") -> list[str]:
    """DRF's full details, and ours, as lines `field: text`."""
    if isinstance(errors, Mapping):
        if "message" in errors and "code" in errors:
            return [f"{name}: {errors['message']}" if name else str(errors["message"])]
        return [line for key, inner in errors.items() for line in _fields(inner, str(key))]
    if isinstance(errors, list):
        return [line for inner in errors for line in _fields(inner, name)]
    return [f"{name}: {errors}" if name else str(errors)]
