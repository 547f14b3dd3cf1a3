"""The documents of a package: readme.md for the repository and intro.md for the gallery."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import unquote

from certification.rules.checks.encoding import hit_of
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node
from connectors.definitions import CANONICAL_NAMES, Package, Role, SourceFile

if TYPE_CHECKING:
    from certification.rules.engine import Run

README, INTRO = CANONICAL_NAMES[Role.README], CANONICAL_NAMES[Role.INTRO]
_DOCUMENTS = frozenset((README, INTRO))
_SHORTEST = 200
_SHOWN = 3

# What the official templates of the readme say where a publisher should write.
_TEMPLATE_SENTENCES = (
    "two to three sentences about the service and the connector",
    "it should be the company or organization name",
    "should be a first and last name of an individual or it can be a company name",
    "any plans or licenses, tools required from the connector",
    "any plans or licenses, tools requried from the connector",
    "describe actions, triggers, and other endpoints",
    "description of operation 1",
    "explain the authentication method and how to get the credentials",
    "optional. how to get started with your connector",
    "include any known issues and limitations a user may encounter",
    "include frequently asked questions by your customer",
    "answer to question 1",
    "add instructions on how to deploy this connector as custom connector",
)
_TEMPLATE = re.compile(
    "|".join(re.escape(sentence).replace(r"\ ", r"\s") + r"\b" for sentence in _TEMPLATE_SENTENCES),
    re.IGNORECASE,
)
_PLACEHOLDER = re.compile(r"lorem ipsum|\bTBD\b|\bTODO\b|\[insert\b", re.IGNORECASE)
_PLACEHOLDER_WORDS = ("lorem ipsum", "tbd", "todo", "[insert")
_ACTIVE = re.compile(
    r"<script\b|(?:[(<\"'=]|\]:)\s{0,9}javascript:|\bonerror\s{0,9}="
    r"|<[a-z][^<>]{0,500}?\son(?:load|click|mouseover|focus|toggle)\s{0,9}=",
    re.IGNORECASE,
)
_ACTIVE_WORDS = (
    "<script",
    "javascript:",
    "onerror",
    "onload",
    "onclick",
    "onmouseover",
    "onfocus",
    "ontoggle",
)
_PICTURE = re.compile(
    r"!\[[^\[\]\n]{0,500}+\]\(\s{0,9}<?(?P<link>[^)\s>]{1,1000})"
    r"|<img\b[^<>]{0,500}?\bsrc\s{0,9}=\s{0,9}[\"']?(?P<src>[^\"'\s>]{1,1000})",
    re.IGNORECASE,
)
_NOT_RELATIVE = re.compile(r"[a-z][a-z0-9+.-]{0,30}:|/|#", re.IGNORECASE)
_OAUTH = re.compile(
    r"oauth|app(?:lication)? registration|\bregist(?:er|ering|ration)\b[^\n]{0,80}\bapp"
    r"|client[ _-]?(?:id|secret)|\bentra\b|azure (?:ad|active directory)\b|\bcreate an? (?:new )?app",
    re.IGNORECASE,
)
# So many characters are searched for the summaries of operations; more than any readme and API need.
_MOST_SEARCHED = 100_000_000


def document_of(package: Package) -> SourceFile | None:
    """The readme, or else the introduction."""
    return package.readme or package.intro


@rule("DOC-001", on="package")
def no_document(package: Node) -> Iterator[Hit]:
    if document_of(package.value) is None:
        yield Hit("")


@rule("DOC-002", on="package")
def intro_missing(package: Node) -> Iterator[Hit]:
    if package.value.intro is None:
        yield Hit("")


@rule("DOC-003", on="package")
def several_readmes(package: Node) -> Iterator[Hit]:
    paths = [entry.path for entry in package.value.tree if "/" not in entry.path]
    found = [path for path in paths if path.casefold().startswith("readme")]
    if len(found) > 1:
        others = [path for path in found if path.casefold() != README]
        yield Hit((others or found)[0], value=", ".join(found))


@rule("DOC-004", on="file")
def not_utf8(file: Node) -> Iterator[Hit]:
    if file.file in _DOCUMENTS:
        for problem in file.run.problems_of(file.file):
            if problem.code == "not-utf8":
                yield hit_of(problem, value=problem.message.rstrip("."))


@rule("DOC-005", on="package")
def very_short(package: Node) -> Iterator[Hit]:
    document = document_of(package.value)
    if document is not None and len(document.text.strip()) < _SHORTEST:
        yield Hit(document.name, value=len(document.text.strip()))


@rule("DOC-020", on="file")
def template_text(file: Node) -> Iterator[Hit]:
    return _found(file, _TEMPLATE, _TEMPLATE_SENTENCES)


@rule("DOC-021", on="file")
def placeholder(file: Node) -> Iterator[Hit]:
    return _found(file, _PLACEHOLDER, _PLACEHOLDER_WORDS)


@rule("DOC-022", on="file")
def picture_missing(file: Node) -> Iterator[Hit]:
    if file.file not in _DOCUMENTS:
        return
    text = file.value.text
    there = {entry.path for entry in file.run.package.tree} if "![" in text or "<" in text else set()
    for match in _PICTURE.finditer(text) if there else ():
        kind = match.lastgroup or "link"
        path = match[kind]
        if not _NOT_RELATIVE.match(path) and _in_package(path) not in there:
            yield file.hit_span(*match.span(kind), value=path)


@rule("DOC-023", on="file")
def active_content(file: Node) -> Iterator[Hit]:
    return _found(file, _ACTIVE, _ACTIVE_WORDS)


@rule("DOC-024", on="package")
def oauth_not_explained(package: Node) -> Iterator[Hit]:
    document = document_of(package.value)
    types = [parameter.get("type") for _, parameter, _ in package.run.api.connection_parameters]
    if document and "oauthSetting" in types and not _OAUTH.search(document.text):
        yield Hit(document.name)


@rule("DOC-025", on="package")
def operations_not_documented(package: Node) -> Iterator[Hit]:
    document, missing, count = _undocumented(package)
    if document and 0 < len(missing) < count:
        named = ", ".join(f'"{name}"' for name in missing[:_SHOWN])
        rest = f" and {len(missing) - _SHOWN} more" if len(missing) > _SHOWN else ""
        yield Hit(document.name, value=named + rest, facts={"missing": len(missing), "count": count})


@rule("DOC-026", on="package")
def no_operation_documented(package: Node) -> Iterator[Hit]:
    document, missing, count = _undocumented(package)
    if document and count and len(missing) == count:
        yield Hit(document.name, value=count)


@rule("DOC-027", on="package")
def only_a_proposal(package: Node) -> Iterator[Hit]:
    """The proposal of an independent publisher is a readme alone; a submission has the artifacts too."""
    paths = [entry.path.casefold() for entry in package.value.tree if entry.role is not Role.JUNK]
    if paths == [README]:
        yield Hit(README)


def _found(file: Node, pattern: re.Pattern[str], words: tuple[str, ...]) -> Iterator[Hit]:
    """The matches of a pattern, which always contain one of these words: looking for words is much faster."""
    if file.file not in _DOCUMENTS:
        return
    text = _lower(file.run, file.value)
    if any(word in text for word in words):
        for match in pattern.finditer(file.value.text):
            yield file.hit_span(*match.span(), value=match[0])


def _lower(run: Run, file: SourceFile) -> str:
    """The text in lower case, its blanks plain; a place in it may differ from that in the file."""
    cache: dict[str, str] = run.cache.setdefault("documents", {})
    if file.name not in cache:
        cache[file.name] = file.text.lower().replace("\N{NO-BREAK SPACE}", " ").replace("\n", " ")
    return cache[file.name]


def _in_package(path: str) -> str:
    """A relative address as a path inside the package; what leads out of it stays as it is."""
    bare = unquote(path.partition("#")[0].partition("?")[0], errors="replace")
    parts = [part for part in bare.split("/") if part not in ("", ".")]
    return "/".join(parts)


def _undocumented(package: Node) -> tuple[SourceFile | None, list[str], int]:
    """The document, the summaries it does not contain, and the number of summaries looked for: those of the
    operations that makers see and that are not deprecated.
    """
    cache = package.run.cache
    if "undocumented" not in cache:
        document = document_of(package.value)
        text = _lower(package.run, document) if document else ""
        summaries = [
            summary.strip()
            for operation in package.run.api.operations
            if not operation.is_internal and not operation.is_deprecated
            and isinstance(summary := operation.value.get("summary"), str) and summary.strip()
        ]  # fmt: skip
        summaries = summaries[: max(1, _MOST_SEARCHED // (len(text) + 1))]
        missing = [summary for summary in summaries if summary.lower() not in text]
        cache["undocumented"] = document, missing, len(summaries)
    found: tuple[SourceFile | None, list[str], int] = cache["undocumented"]
    return found
