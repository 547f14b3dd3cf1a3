"""Custom code: the script of a connector and the operations it is listed for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, Role

SCRIPT = CANONICAL_NAMES[Role.SCRIPT]
_PROPERTIES = CANONICAL_NAMES[Role.PROPERTIES]
_LARGEST_BYTES = 1_048_576
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

# The namespaces that Microsoft's page on custom code lists.
_LISTED = """
    System System.Collections System.Collections.Generic System.Diagnostics System.IO System.IO.Compression
    System.Linq System.Net System.Net.Http System.Net.Http.Headers System.Net.Security
    System.Security.Authentication
    System.Security.Cryptography System.Text System.Text.RegularExpressions System.Threading
    System.Threading.Tasks
    System.Web System.Xml System.Xml.Linq System.Drawing System.Drawing.Drawing2D System.Drawing.Imaging
    Microsoft.Extensions.Logging Newtonsoft.Json Newtonsoft.Json.Linq
"""
NAMESPACES = frozenset(_LISTED.split())

# Every alternative ends somewhere, if only at the end of line or text: nothing is ever scanned twice.
_TOKENS = re.compile(
    r"(?P<comment>//[^\n]*+|/\*.*?(?:\*/|\Z))"
    r'|\$?@\$?"(?:[^"]|"")*+(?:"|\Z)'
    r'|"(?:\\[^\n]|[^"\\\n])*+\\?(?:"|(?=\n)|\Z)'
    r"|'(?:\\[^\n]|[^'\\\n])*+\\?(?:'|(?=\n)|\Z)",
    re.DOTALL,
)
_NOT_LINE_END = re.compile(r"[^\r\n]")
_SCRIPT_CLASS = re.compile(r"\bclass\s{1,20}Script\s{0,20}:\s{0,20}(?:[\w.]{1,200}\.)?ScriptBase\b")
_EXECUTE = re.compile(r"\bExecuteAsync\s{0,20}\(")
_CLIENT = re.compile(r"\bnew\s{1,20}(?:System\.Net\.Http\.)?HttpClient\s{0,20}\(")
_USING = re.compile(
    r"^[ \t]{0,80}(?:global[ \t]{1,20})?using[ \t]{1,20}"
    r"(?P<kind>static[ \t]{1,20}|\w{1,200}[ \t]{0,20}=[ \t]{0,20})?"
    r"(?P<name>[\w.]{1,200})[ \t]{0,20};",
    re.MULTILINE,
)
_COMPARED = re.compile(
    r'\bOperationId\s{0,20}[!=]=\s{0,20}"(?P<after>[^"\\\n]{1,200})"'
    r'|"(?P<before>[^"\\\n]{1,200})"\s{0,20}[!=]=\s{0,20}(?:this\.)?Context\.OperationId\b'
    r'|\bOperationId\.Equals\(\s{0,20}"(?P<equals>[^"\\\n]{1,200})"'
)
_SWITCH = re.compile(r"\bswitch\s{0,20}\(\s{0,20}(?:this\.)?Context\.OperationId\s{0,20}\)\s{0,20}\{")
_CASE = re.compile(r'\{|\}|\bcase\s{1,20}"(?P<name>[^"\\\n]{1,200})"\s{0,20}:')


@rule("PKG-030", on="package")
def script_missing(package: Node) -> Iterator[Hit]:
    listed = _script_operations(package)
    if isinstance(listed, list) and listed and not _is_script_there(package):
        yield Hit(_PROPERTIES, ("properties", "scriptOperations"), facts={"count": len(listed)})


@rule("PKG-031", on="package")
def script_operations_missing(package: Node) -> Iterator[Hit]:
    properties = package.run.properties
    if _is_script_there(package) and isinstance(properties, dict) and _script_operations(package) is None:
        yield Hit(_PROPERTIES, ("properties",) if "properties" in properties else ())


@rule("PKG-032", on="package")
def script_name(package: Node) -> Iterator[Hit]:
    for path in _script_paths(package):
        if path != SCRIPT:
            yield Hit(_canonical_name(package, path), value=path)


@rule("PKG-033", on="script")
def script_too_large(script: Node) -> Iterator[Hit]:
    if len(script.value.content) > _LARGEST_BYTES:
        yield Hit(script.file, value=f"{len(script.value.content):,}", cause="size")


@rule("PKG-034", on="script")
def script_class_missing(script: Node) -> Iterator[Hit]:
    if not _SCRIPT_CLASS.search(_code(script)):
        yield Hit(script.file)


@rule("PKG-035", on="script")
def execute_async_missing(script: Node) -> Iterator[Hit]:
    if not _EXECUTE.search(_code(script)):
        yield Hit(script.file)


@rule("PKG-036", on="script")
def unsupported_namespace(script: Node) -> Iterator[Hit]:
    for match in _USING.finditer(_code(script)):
        name = match["name"]
        # An alias and "using static" name a type: its namespace counts.
        known = name in NAMESPACES or (match["kind"] and name.rpartition(".")[0] in NAMESPACES)
        if not known:
            yield script.hit_span(*match.span("name"), value=name)


@rule("PKG-037", on="script")
def own_http_client(script: Node) -> Iterator[Hit]:
    for match in _CLIENT.finditer(_code(script)):
        yield script.hit_span(*match.span(), value="new HttpClient(")


@rule("PKG-038", on="package")
def more_than_one_script(package: Node) -> Iterator[Hit]:
    paths = _script_paths(package)
    if len(paths) > 1:
        other = next((path for path in paths if path != SCRIPT), paths[0])
        yield Hit(_canonical_name(package, other), value=", ".join(paths), facts={"count": len(paths)})


@rule("PKG-039", on="script")
def unknown_operation(script: Node) -> Iterator[Hit]:
    known = _operation_ids(script)
    if known is None:
        return
    seen: set[str] = set()
    for name, start, end in sorted(_compared_ids(_code(script)), key=lambda found: found[1]):
        if name not in known and name not in seen:
            seen.add(name)
            yield script.hit_span(start, end, value=name)


def _compared_ids(code: str) -> Iterator[tuple[str, int, int]]:
    for match in _COMPARED.finditer(code):
        group = match.lastgroup or "after"
        yield match[group], *match.span(group)
    end_of_last = 0
    for switch in _SWITCH.finditer(code):
        if switch.start() < end_of_last:
            continue
        depth = 1
        for token in _CASE.finditer(code, switch.end()):
            end_of_last = token.end()
            if token["name"] is not None:
                yield token["name"], *token.span("name")
            depth += {"{": 1, "}": -1}.get(token[0], 0)
            if not depth:
                break


def _code(script: Node) -> str:
    """The script with its comments blanked out, so that places stay where they are."""
    cache: dict[str, str] = script.run.cache.setdefault("code", {})
    if script.file not in cache:
        text: str = script.value.text
        cache[script.file] = _TOKENS.sub(_without_comment, text[: 2 * _LARGEST_BYTES])
    return cache[script.file]


def _without_comment(match: re.Match[str]) -> str:
    return _NOT_LINE_END.sub(" ", match[0]) if match["comment"] else match[0]


def _script_paths(package: Node) -> list[str]:
    """The C# files in the root of the package, as they are spelt in the upload."""
    return [
        entry.path
        for entry in package.value.tree
        if "/" not in entry.path and entry.path.casefold().endswith((".csx", ".cs"))
    ]


def _canonical_name(package: Node, path: str) -> str:
    """The name under which an entry is read; its own path when it is not read."""
    return next((entry.name for entry in package.value.tree if entry.path == path and entry.name), path)


def _is_script_there(package: Node) -> bool:
    return any(path.casefold() == SCRIPT for path in _script_paths(package))


def _script_operations(package: Node) -> Any:
    properties = package.run.properties
    inner = properties.get("properties") if isinstance(properties, dict) else None
    return inner.get("scriptOperations") if isinstance(inner, dict) else None


def _operation_ids(script: Node) -> set[str] | None:
    """The operationIds of the definition; None when they cannot be known."""
    definition = script.run.definition
    paths = definition.get("paths") if isinstance(definition, dict) else None
    if not isinstance(paths, dict):
        return None
    items = (item for item in paths.values() if isinstance(item, dict))
    operations = (item.get(method) for item in items for method in _METHODS)
    return {str(operation.get("operationId")) for operation in operations if isinstance(operation, dict)}
