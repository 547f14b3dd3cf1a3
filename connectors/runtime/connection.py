"""A connection: which secrets and other values there are, and how a definition wants them sent."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

from connectors.definitions.openapi import mapping, sequence, text
from connectors.runtime.drafting import Draft, check_header
from connectors.runtime.errors import CallImpossible
from connectors.runtime.operations import CallableOperation

SECRET_FIELDS = frozenset({"key", "password", "client_secret", "access_token", "second_factor"})
_ACCOUNT_FIELDS = frozenset({"username", "client_id"})
_DISTINCTIVE = 8
_USER_WORDS = ("user", "login", "account", "email")


class Sealed(Protocol):
    """A secret that only `reveal()` gives away."""

    def reveal(self) -> str: ...


@dataclass(frozen=True, slots=True)
class Connection:
    """`kind` is "none", "api_key", "basic", "oauth2" or "account". `secrets` are by the credential's fields,
    `values` the other values that a connection asks for, by the names of the definition."""

    kind: str = "none"
    secrets: Mapping[str, Sealed] = field(default_factory=dict, repr=False)
    values: Mapping[str, str] = field(default_factory=dict)

    def secret(self, name: str) -> str:
        sealed = self.secrets.get(name)
        return sealed.reveal() if sealed is not None else ""

    def every_secret(self) -> Iterator[str]:
        """All that must never be shown, names of accounts included when they are distinctive."""
        for name, sealed in self.secrets.items():
            value = sealed.reveal()
            if name in SECRET_FIELDS or (name in _ACCOUNT_FIELDS and len(value) >= _DISTINCTIVE):
                yield value
        if self.kind in ("basic", "account"):
            yield f"{self.secret('username')}:{self.secret('password')}"


@dataclass(frozen=True, slots=True)
class Scheme:
    """One way to sign in, as the definition declares it."""

    name: str
    kind: str
    place: str
    parameter: str
    token_url: str
    flow: str


def schemes_of(definition: Any) -> dict[str, Scheme]:
    """The security definitions by name."""
    return {
        name: Scheme(
            name, text(value, "type"), text(value, "in"), text(value, "name"),
            text(value, "tokenUrl"), text(value, "flow"),
        )
        for name, value in mapping(definition, "securityDefinitions").items()
        if isinstance(value, dict)
    }  # fmt: skip


def parameters_of(properties: Any) -> dict[str, dict[str, Any]]:
    """The connection parameters of the properties file, of every parameter set."""
    root = mapping(properties, "properties")
    found = {
        name: value
        for name, value in mapping(root, "connectionParameters").items()
        if isinstance(value, dict)
    }
    for each in sequence(root, "connectionParameterSets", "values"):
        for name, value in mapping(each, "parameters").items():
            if isinstance(value, dict):
                found.setdefault(name, value)
    return found


def token_url_of(definition: Any, properties: Any, connection: Connection) -> str:
    """Where a client gets its token: the credential's word, the properties file's, the definition's."""
    given = connection.secret("token_url")
    if given:
        return given
    for parameter in parameters_of(properties).values():
        custom = mapping(parameter, "oAuthSettings", "customParameters")
        by_name = {name.lower(): value for name, value in custom.items()}
        for name in ("tokenurl", "tokenurltemplate", "refreshurl"):
            url = text(by_name.get(name), "value")
            if urlsplit(url).scheme == "https":
                return url
    declared = [scheme.token_url for scheme in schemes_of(definition).values() if scheme.kind == "oauth2"]
    return next((url for url in declared if url), "")


def needs_sign_in(definition: Any, operation: CallableOperation | None = None) -> bool:
    """Whether calls carry a credential, as far as the definition says."""
    if operation is not None and operation.security is not None:
        return bool(operation.security) and () not in operation.security
    return bool(schemes_of(definition))


def connection_values(properties: Any, connection: Connection) -> dict[str, str]:
    """The value of every connection parameter that is known, by its lower-cased name.

    Secret parameters get the credential's fields: those of the same name first, then by what they are for.
    """
    found = {name.lower(): str(value) for name, value in connection.values.items()}
    for name, declared in parameters_of(properties).items():
        key = name.lower()
        if key in found:
            continue
        value = _value_for(name, text(declared, "type").lower() == "securestring", connection)
        if value:
            found[key] = value
    return found


def _value_for(name: str, is_secret: bool, connection: Connection) -> str:
    lowered = name.lower()
    exact = {field.lower(): field for field in connection.secrets}
    for candidate in (lowered, lowered.replace("_", ""), lowered.replace("-", "_")):
        if candidate in exact:
            return connection.secret(exact[candidate])
    match connection.kind:
        case "api_key" if is_secret:
            return connection.secret("key")
        case "basic" | "account":
            if is_secret:
                return connection.secret("password")
            return connection.secret("username") if any(word in lowered for word in _USER_WORDS) else ""
        case "oauth2" if is_secret:
            return connection.secret("client_secret")
        case _:
            return ""


def sign(draft: Draft, operation: CallableOperation, connection: Connection, token: str | None) -> str:
    """Put the credential where the definition wants it; returns the scheme's name, "" when none applies.

    Raises `CallImpossible` when the definition asks for another kind of credential.
    """
    schemes = schemes_of(operation.definition)
    if not schemes or not needs_sign_in(operation.definition, operation):
        return ""
    alternatives = operation.security or tuple((name,) for name in schemes)
    for names in alternatives:
        wanted = [schemes[name] for name in names if name in schemes]
        if wanted and all(_fits(scheme, connection, token) for scheme in wanted):
            for scheme in wanted:
                _apply(draft, scheme, connection, token)
            return wanted[0].name
    kinds = ", ".join(sorted({_KIND_NAMES.get(scheme.kind, scheme.kind) for scheme in schemes.values()}))
    if connection.kind == "none":
        raise CallImpossible(f"The definition asks for a credential ({kinds}): choose one.")
    raise CallImpossible(f"This credential does not fit: the definition asks for {kinds}.")


_KIND_NAMES = {"apiKey": "an API key", "basic": "user name and password", "oauth2": "OAuth 2.0"}


def _fits(scheme: Scheme, connection: Connection, token: str | None) -> bool:
    match scheme.kind:
        case "apiKey":
            return bool(connection.kind == "api_key" and connection.secret("key"))
        case "basic":
            return connection.kind in ("basic", "account")
        case "oauth2":
            return connection.kind == "oauth2" and token is not None
        case _:
            return False


def _apply(draft: Draft, scheme: Scheme, connection: Connection, token: str | None) -> None:
    match scheme.kind:
        case "apiKey":
            key = connection.secret("key").strip()
            if scheme.place == "query":
                draft.set_query(scheme.parameter, key)
                return
            problem = check_header(scheme.parameter, key)
            if problem:
                raise CallImpossible(problem)
            draft.set_header(scheme.parameter, key)
        case "basic":
            pair = f"{connection.secret('username')}:{connection.secret('password')}".encode()
            draft.set_header("Authorization", f"Basic {base64.b64encode(pair).decode()}")
        case "oauth2":
            if check_header("Authorization", token or ""):
                raise CallImpossible("The token holds characters that cannot be sent: get a new one.")
            draft.set_header("Authorization", f"Bearer {token}")
