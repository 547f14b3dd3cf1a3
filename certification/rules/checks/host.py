"""Where the service is reached: host, basePath, schemes, and addresses without encryption."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import re2

from certification.rules.findings import Hit, Key
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_HOST = re.compile(r"(?P<name>[^\W_](?:[\w.-]*\w)?)\.?(?::(?P<port>\d{1,5}))?", re.ASCII)
_PORT = re.compile(r":(\d{1,5})\Z")
# A word of a label: "dev" in "dev", "api-dev" and "dev2", not in "device".
_NON_PRODUCTION = re.compile(
    r"(?<![^._-])(dev|devel|develop|development|test|testing|tst|staging|stage|stg|qa|uat|sandbox|sbx"
    r"|preprod|preproduction|nonprod|demo|ngrok)\d*(?![^._:-])",
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(
    r"(?<![^.])localhost(?![^:])|^127\.|^0\.0\.0\.0|^10\.[\d.]+(?![^:])|^192\.168\.[\d.]+(?![^:])"
    r"|^172\.(?:1[6-9]|2\d|3[01])\.[\d.]+(?![^:])|ngrok|(?<![^.])example\.(?:com|net|org)(?![^:])|contoso",
    re.IGNORECASE,
)
_BAD_IN_PATH = re.compile(r"[?#{}*\s]")
_SCHEMES = ("http", "https")
_SOCKETS = ("ws", "wss")
# What an address starts with in the file; a slash may be written as \/.
_PLAIN_ADDRESS = re2.compile(r'(?i)"http:[\\/]')
# Names of XML and JSON vocabularies are identifiers, never fetched.
_VOCABULARY = re.compile(r"http://(?:[^/?#]*schema|(?:[^/?#]*\.)?w3\.org(?![^/?#:]))", re.IGNORECASE)
_VOCABULARY_IN_FILE = re.compile(
    rb'"http://(?:[^/?#"\\]*schema|(?:[^/?#"\\]*\.)?w3\.org[/?#:"])', re.IGNORECASE
)
_METADATA = "x-ms-connector-metadata"


@rule("HST-001", on="definition")
def host_missing(definition: Node) -> Iterator[Hit]:
    root = definition.value
    if isinstance(root, dict) and definition.run.is_definition_whole and not definition.text("host").strip():
        yield definition.hit("host") if "host" in root else definition.hit()


@rule("HST-002", on="definition", key="host")
def host_invalid(definition: Node, key: str) -> Iterator[Hit]:
    host = definition.text(key)
    if host.strip() and not _HOST.fullmatch(host):
        yield definition.hit(key)


@rule("HST-003", on="definition", key="host")
def host_without_domain(definition: Node, key: str) -> Iterator[Hit]:
    host = definition.text(key)
    if host.strip() and "." not in host and not _is_host_dynamic(definition):
        yield definition.hit(key)


@rule("HST-004", on="definition", key="host")
def host_not_for_production(definition: Node, key: str) -> Iterator[Hit]:
    match = _NON_PRODUCTION.search(definition.text(key))
    if match and not _is_host_dynamic(definition):
        yield definition.hit(key, word=match[1])


@rule("HST-005", on="definition", key="host")
def host_is_placeholder(definition: Node, key: str) -> Iterator[Hit]:
    if _PLACEHOLDER.search(definition.text(key)) and not _is_host_dynamic(definition):
        yield definition.hit(key)


@rule("HST-006", on="definition", key="host")
def host_is_ip_address(definition: Node, key: str) -> Iterator[Hit]:
    name = _PORT.sub("", definition.text(key).strip())
    if "." in name and name.isascii() and name.replace(".", "").isdigit():
        yield definition.hit(key)


@rule("HST-007", on="definition", key="host")
def host_with_port(definition: Node, key: str) -> Iterator[Hit]:
    match = _PORT.search(definition.text(key).strip())
    if match and int(match[1]) != 443:
        yield definition.hit(key, port=match[1])


def _is_host_dynamic(definition: Node) -> bool:
    """The host that stands in the file is replaced at run time: it may be any placeholder."""
    return definition.run.api.has_policy("dynamichosturl")


@rule("HST-010", on="definition", without="basePath")
def base_path_missing(definition: Node) -> Iterator[Hit]:
    if isinstance(definition.value, dict) and definition.run.is_definition_whole:
        yield definition.hit()


@rule("HST-011", on="definition", key="basePath")
def base_path_without_slash(definition: Node, key: str) -> Iterator[Hit]:
    if not definition.text(key).startswith("/"):
        yield definition.hit(key)


@rule("HST-012", on="definition", key="basePath")
def base_path_ends_with_slash(definition: Node, key: str) -> Iterator[Hit]:
    path = definition.text(key)
    if path != "/" and path.endswith("/"):
        yield definition.hit(key)


@rule("HST-013", on="definition", key="basePath")
def base_path_with_bad_character(definition: Node, key: str) -> Iterator[Hit]:
    """A policy that replaces the host replaces basePath as well: a text in its place, as in
    "/app/<your app>", may then have blanks.
    """
    match = _BAD_IN_PATH.search(definition.text(key))
    if match and not (match[0].isspace() and _is_host_dynamic(definition)):
        yield definition.hit(key, character="a blank" if match[0].isspace() else f'"{match[0]}"')


@rule("HST-020", on="definition", without="schemes")
def schemes_missing(definition: Node) -> Iterator[Hit]:
    if isinstance(definition.value, dict) and definition.run.is_definition_whole:
        yield definition.hit()


@rule("HST-021", on="definition", key="schemes")
def schemes_empty(definition: Node, key: str) -> Iterator[Hit]:
    schemes = definition.value[key]
    if not isinstance(schemes, list) or not schemes:
        yield definition.hit(key)


@rule("HST-022", on="definition", key="schemes")
def scheme_unknown(definition: Node, key: str) -> Iterator[Hit]:
    for index, scheme in enumerate(_items(definition.value[key])):
        if scheme not in _SCHEMES and scheme not in _SOCKETS:
            yield definition.hit(key, index)


@rule("HST-023", on="definition", key="schemes")
def scheme_of_web_sockets(definition: Node, key: str) -> Iterator[Hit]:
    for index, scheme in enumerate(_items(definition.value[key])):
        if scheme in _SOCKETS:
            yield definition.hit(key, index)


@rule("HST-024", on="definition", key="schemes")
def plain_http_allowed(definition: Node, key: str) -> Iterator[Hit]:
    schemes = _items(definition.value[key])
    if "http" in schemes:
        yield definition.hit(key, schemes.index("http"))


@rule("HST-025", on="definition", key="schemes")
def https_missing(definition: Node, key: str) -> Iterator[Hit]:
    schemes = _items(definition.value[key])
    if schemes and "https" not in schemes:
        yield definition.hit(key, value=", ".join(item for item in schemes if isinstance(item, str)))


@rule("HST-026", on="definition", needles=('"http:',))
def address_without_encryption(definition: Node) -> Iterator[Hit]:
    """Any string of the definition; addresses in the metadata of the connector are left to INF-037."""
    document = definition.run.package.definition
    if document is None or not _has_plain_address(document.file.text.encode()):
        return
    for value, way in _strings(definition.value):
        if value[:7].lower() == "http://" and not _VOCABULARY.match(value):
            keys = _keys(way)
            if keys[:1] != (_METADATA,):
                yield definition.hit(*keys)


def _has_plain_address(content: bytes) -> bool:
    """Whether any string of a file begins as an address without encryption that is no name."""
    found = _PLAIN_ADDRESS.finditer(content)
    return any(not _VOCABULARY_IN_FILE.match(content, match.start()) for match in found)


_Way = tuple["_Way | None", Key]


def _strings(root: Any) -> Iterator[tuple[str, _Way | None]]:
    """Every string below a value that may be an address, in document order, with the way to it."""
    pending: list[tuple[Any, _Way | None]] = [(root, None)]
    while pending:
        value, way = pending.pop()
        if value.__class__ is str:
            yield value, way
            continue
        members = value.items() if value.__class__ is dict else enumerate(value)
        below = [
            (one, (way, key))
            for key, one in members
            if one.__class__ is dict or one.__class__ is list or (one.__class__ is str and one[:1] in "hH")
        ]
        pending += reversed(below)


def _keys(way: _Way | None) -> tuple[Key, ...]:
    keys: list[Key] = []
    while way is not None:
        way, key = way
        keys.append(key)
    return tuple(reversed(keys))


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@fix("HST-002")
def drop_scheme_and_slash(place: Place) -> Patch:
    host = place.value.strip()
    bare = re.sub(r"^https?://", "", host, flags=re.IGNORECASE).removesuffix("/")
    return place.replace(bare) if _HOST.fullmatch(bare) else ()


@fix("HST-010")
def add_base_path(place: Place) -> Patch:
    return place.add("basePath", "/")


@fix("HST-011")
def prefix_slash(place: Place) -> Patch:
    path = place.value
    if not isinstance(path, str) or _BAD_IN_PATH.search(path.strip()) or ":" in path:
        return ()
    return place.replace("/" + path.strip())


@fix("HST-012")
def drop_final_slash(place: Place) -> Patch:
    return place.replace(place.value.rstrip("/") or "/")


@fix("HST-013")
def drop_outer_blanks(place: Place) -> Patch:
    path = place.value.strip()
    return () if _BAD_IN_PATH.search(path) else place.replace(path)


@fix("HST-020")
def add_schemes(place: Place) -> Patch:
    return place.add("schemes", ["https"])


@fix("HST-021")
def give_https(place: Place) -> Patch:
    scheme = place.value.strip().lower() if isinstance(place.value, str) else "https"
    return place.replace(["https"]) if scheme in ("", *_SCHEMES) else ()


@fix("HST-022")
def correct_or_drop_scheme(place: Place) -> Patch:
    scheme = place.value.strip().lower() if isinstance(place.value, str) else ""
    scheme = scheme.removesuffix("://")
    if scheme in _SCHEMES and scheme not in place.parent.value:
        return place.replace(scheme)
    return place.remove() if "https" in place.parent.value else ()


@fix("HST-023")
def drop_web_sockets(place: Place) -> Patch:
    return place.remove() if "https" in place.parent.value else ()


@fix("HST-024")
def drop_plain_http(place: Place) -> Patch:
    return place.remove() if "https" in place.parent.value else place.replace("https")


@fix("HST-025")
def put_https_for_http(place: Place) -> Patch:
    schemes = place.value
    if "http" not in schemes:
        return ()
    return place.at(schemes.index("http")).replace("https")


@fix("HST-026")
def encrypt_address(place: Place) -> Patch:
    return place.replace("https://" + place.value[7:])
