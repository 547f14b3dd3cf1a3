"""Builds the request of an operation out of its inputs, before authentication and policies."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode

from connectors.definitions import openapi
from connectors.runtime import values
from connectors.runtime.checking import Checker
from connectors.runtime.errors import InputsInvalid
from connectors.runtime.operations import CallableOperation, Input

JSON = "application/json"
_FORM = "application/x-www-form-urlencoded"
_MULTIPART = "multipart/form-data"
# They belong to the connection or say where the request goes: a definition does not set them.
_RESERVED_HEADERS = frozenset(
    {"host", "content-length", "transfer-encoding", "connection", "upgrade", "te", "trailer", "expect"}
    | {"proxy-authorization", "proxy-connection", "keep-alive", "accept-encoding"}
)
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")


@dataclass(slots=True)
class Draft:
    """A request that authentication and policies still change. `path` is below `base`."""

    method: str
    base: str
    path: str
    query: list[tuple[str, str]] = field(default_factory=list)
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes = b""
    body_value: Any = None
    path_values: dict[str, str] = field(default_factory=dict)
    # Set when the host came out of an input: secrets do not follow it anywhere.
    host_from_input: bool = False

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    def set_header(self, name: str, value: str) -> None:
        """Set it, replacing what has the same name."""
        self.headers = [pair for pair in self.headers if pair[0].lower() != name.lower()]
        self.headers.append((name, value))

    def set_query(self, name: str, value: str) -> None:
        self.query = [pair for pair in self.query if pair[0] != name]
        self.query.append((name, value))

    @property
    def url(self) -> str:
        """The address with its query, percent-encoded."""
        path = "/" + self.path.lstrip("/") if self.path else ""
        address = self.base.rstrip("/") + quote(path, safe="/%:@!$&'()*+,;=~-._")
        if not self.query:
            return address
        mark = "&" if "?" in address else "?"
        return address + mark + urlencode(self.query, quote_via=quote)


def check_header(name: str, value: str) -> str:
    """Why a header cannot be sent; "" when it can."""
    if not name or not set(name) <= _TOKEN:
        return f"“{name[:60]}” is no valid header name."
    if name.lower() in _RESERVED_HEADERS:
        return f"The header “{name}” is set by the connection itself: a definition cannot set it."
    if any(ord(character) < 32 or ord(character) > 126 for character in value):
        return f"The header “{name}” can hold printable ASCII characters only."
    return ""


def draft_of(operation: CallableOperation, base: str, given: Mapping[str, Any], *, lenient: bool) -> Draft:
    """The request. Raises `InputsInvalid` with every problem at once.

    With `lenient` wrong and missing inputs are sent as they are, to see what the service says: only what
    makes no request at all is refused.
    """
    return _Drafting(operation, base, given, lenient).run()


class _Drafting:
    def __init__(
        self, operation: CallableOperation, base: str, given: Mapping[str, Any], lenient: bool
    ) -> None:
        self._operation = operation
        self._given = given
        self._lenient = lenient
        self._problems: dict[str, list[str]] = {}
        self._draft = Draft(operation.method.upper(), base, operation.path)
        self._form: list[tuple[Input, Any]] = []

    def run(self) -> Draft:
        unknown = set(self._given) - {each.key for each in self._operation.inputs}
        for key in sorted(unknown):
            self._problems[key] = [f"The operation has no input “{key[:60]}”."]
        for declared in self._operation.inputs:
            self._place(declared)
        if self._form or any(each.place == "formData" for each in self._operation.inputs):
            self._fill_form()
        if self._problems:
            raise InputsInvalid(self._problems)
        self._accept()
        return self._draft

    def _problem(self, declared: Input, message: str) -> None:
        self._problems.setdefault(declared.key, []).append(message)

    def _place(self, declared: Input) -> None:
        value = self._given.get(declared.key)
        is_empty = value is None or (isinstance(value, str) and not value)
        if is_empty and declared.has_default and (declared.is_required or declared.is_internal):
            value, is_empty = declared.default, False
        if is_empty:
            self._miss(declared)
            return
        try:
            getattr(self, f"_to_{declared.place.lower()}")(declared, value)
        except values.Unfit as error:
            if not self._lenient or declared.place == "path":
                self._problem(declared, str(error))
            else:
                self._send_anyway(declared, value)

    def _miss(self, declared: Input) -> None:
        if not declared.is_required or (self._lenient and declared.place != "path"):
            return
        if declared.is_internal:
            self._problem(
                declared,
                f"“{declared.name}” is required and hidden (x-ms-visibility: internal) but has no default: "
                "give it one in the definition.",
            )
        else:
            self._problem(declared, f"{declared.label}: a value is required.")

    def _send_anyway(self, declared: Input, value: Any) -> None:
        text = value if isinstance(value, str) else json.dumps(value)
        if declared.place == "query":
            self._draft.query.append((declared.name, text))
        elif declared.place == "header" and not check_header(declared.name, text):
            self._draft.set_header(declared.name, text)
        elif declared.place == "formData":
            self._form.append((declared, text))
        elif declared.place == "body":
            self._draft.body = text.encode()
            self._draft.set_header("Content-Type", self._media_type())

    def _to_path(self, declared: Input, value: Any) -> None:
        text = values.once(declared, value)
        if not text or text in (".", ".."):
            raise values.Unfit("A part of the path cannot be empty, “.” or “..”.")
        encoded = quote(text, safe="")
        if declared.is_double_encoded:
            encoded = quote(encoded, safe="")
        self._draft.path_values[declared.name] = encoded
        self._draft.path = self._draft.path.replace("{" + declared.name + "}", encoded)

    def _to_query(self, declared: Input, value: Any) -> None:
        self._draft.query += [(declared.name, text) for text in values.repeated(declared, value)]

    def _to_header(self, declared: Input, value: Any) -> None:
        text = values.once(declared, value)
        problem = check_header(declared.name, text)
        if problem:
            raise values.Unfit(problem)
        self._draft.set_header(declared.name, text)

    def _to_formdata(self, declared: Input, value: Any) -> None:
        if declared.type == "file":
            self._form.append((declared, value))
            return
        self._form += [(declared, text) for text in values.repeated(declared, value)]

    def _to_body(self, declared: Input, value: Any) -> None:
        media_type = self._media_type()
        if "json" not in media_type:
            self._draft.body = _raw(value)
        else:
            parsed = self._json(value)
            parsed = with_internal_defaults(self._operation.definition, declared.schema, parsed)
            if not self._lenient:
                self._check_body(declared, parsed)
            self._draft.body_value = parsed
            self._draft.body = json.dumps(parsed, ensure_ascii=False).encode()
        self._draft.set_header("Content-Type", media_type)

    def _json(self, value: Any) -> Any:
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError as error:
            raise values.Unfit(f"This is not valid JSON: {error}.") from None

    def _check_body(self, declared: Input, value: Any) -> None:
        for problem in Checker(self._operation.definition).problems(declared.schema, value, most=5):
            place = f" at {problem.pointer}" if problem.pointer else ""
            self._problem(declared, f"The body does not fit the definition{place}: {problem.message}")

    def _media_type(self) -> str:
        declared = self._operation.consumes
        return next((each for each in declared if "json" in each.lower()), declared[0] if declared else JSON)

    def _fill_form(self) -> None:
        has_file = any(each.type == "file" for each, _ in self._form)
        only_multipart = _MULTIPART in self._operation.consumes and _FORM not in self._operation.consumes
        if has_file or only_multipart:
            boundary = "part-" + secrets.token_hex(12)
            self._draft.body = b"".join(_parts(self._form, boundary))
            self._draft.set_header("Content-Type", f"{_MULTIPART}; boundary={boundary}")
        else:
            pairs = [(declared.name, value) for declared, value in self._form]
            self._draft.body = urlencode(pairs).encode()
            self._draft.set_header("Content-Type", _FORM)

    def _accept(self) -> None:
        if self._draft.header("Accept") is None:
            produced = [each for each in self._operation.produces if not check_header("Accept", each)]
            self._draft.set_header("Accept", ", ".join(produced[:5]) or JSON)


def _raw(value: Any) -> bytes:
    if isinstance(value, bytes):
        return value
    return value.encode() if isinstance(value, str) else json.dumps(value).encode()


def _parts(form: Iterable[tuple[Input, Any]], boundary: str) -> Iterable[bytes]:
    for declared, value in form:
        name = quote(declared.name, safe=" []-_.")
        disposition = f'Content-Disposition: form-data; name="{name}"'
        if declared.type == "file":
            disposition += '; filename="test.txt"\r\nContent-Type: application/octet-stream'
        yield f"--{boundary}\r\n{disposition}\r\n\r\n".encode() + _raw(value) + b"\r\n"
    yield f"--{boundary}--\r\n".encode()


def with_internal_defaults(definition: Any, schema: Any, value: Any, depth: int = 0) -> Any:
    """The body with the defaults of its hidden properties filled in, as the platform does it."""
    resolved = openapi.follow(definition, schema).value
    if depth > 20 or not isinstance(resolved, dict):
        return value
    if isinstance(value, list):
        return [with_internal_defaults(definition, resolved.get("items"), each, depth + 1) for each in value]
    if not isinstance(value, dict):
        return value
    filled = dict(value)
    for part in (resolved, *openapi.sequence(resolved, "allOf")):
        part = openapi.follow(definition, part).value
        for name, child in openapi.mapping(part, "properties").items():
            child = openapi.follow(definition, child).value
            if name in filled:
                filled[name] = with_internal_defaults(definition, child, filled[name], depth + 1)
            elif openapi.text(child, "x-ms-visibility") == "internal" and "default" in child:
                filled[name] = child["default"]
    return filled
