"""A document as Markdown that no text of a package can break out of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from markdown_it import MarkdownIt

from connectors.definitions.documentation.shape import Connection, Contact, Document, Operation, Row, Type

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~&!])")
_OPENS_A_BLOCK = re.compile(r"^(?:(?=[-+=:])|(\d+)(?=[.)]))")


def as_markdown(document: Document) -> str:
    """The whole document; tables as GitHub writes them."""
    blocks = [
        f"# {_escaped(document['title']) or 'Connector'}",
        _paragraphs(document["text"]),
        *(["## Introduction", _introduction(document["intro"])] if document["intro"] else []),
        *_connections(document["connections"]),
        *_operations("Triggers", document["triggers"], document),
        *_operations("Actions", document["actions"], document),
        *_types(document["types"], document),
        *_limits(document),
        *_contact(document["contact"]),
    ]
    return "\n\n".join(block for block in blocks if block) + "\n"


def _escaped(text: str) -> str:
    """One line in which nothing means anything."""
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))


def _paragraphs(text: str) -> str:
    found = [_escaped(each) for each in re.split(r"\n\s*\n", text)]
    return "\n\n".join(_OPENS_A_BLOCK.sub(r"\1\\", each) for each in found if each)


def _introduction(text: str) -> str:
    """The publisher's own Markdown. Where it holds HTML, its signs are written out."""
    tokens = MarkdownIt("commonmark", {"html": True, "maxNesting": 30}).parse(text)
    inner = [child for token in tokens for child in token.children or ()]
    has_html = any(token.type in ("html_block", "html_inline") for token in (*tokens, *inner))
    return text.replace("<", "&lt;") if has_html else text


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    lines += [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    return "\n".join(lines) if len(lines) > 2 else ""


def _connections(connections: Sequence[Connection]) -> list[str]:
    blocks = ["## Connection"] if connections else []
    for each in connections:
        blocks += [f"### {_escaped(each['name'])}" if each["name"] else "", _paragraphs(each["text"])]
        blocks.append(_inputs(each["rows"], {}))
    return blocks


def _operations(title: str, operations: Sequence[Operation], document: Document) -> list[str]:
    names = {each["anchor"]: each["name"] for each in document["types"]}
    blocks = [f"## {title}"] if operations else []
    for each in operations:
        mark = " (deprecated)" if each["is_deprecated"] else ""
        blocks += [
            f"### {_escaped(each['name'])}{mark}",
            f"Operation: {_escaped(each['id'] or each['path'])}",
        ]
        blocks.append(_paragraphs(each["text"]))
        if each["inputs"]:
            blocks += ["#### Parameters", _inputs(each["inputs"], names), _more(each["inputs_more"])]
        if each["outputs"]:
            blocks += ["#### Returns", _outputs(each["outputs"], names), _more(each["outputs_more"])]
    return blocks


def _more(has_more: bool) -> str:
    return "There are more fields than are listed here." if has_more else ""


def _types(types: Sequence[Type], document: Document) -> list[str]:
    names = {each["anchor"]: each["name"] for each in document["types"]}
    blocks = ["## Types"] if types else []
    for each in types:
        blocks += [f"### {_escaped(each['name'])}", _paragraphs(each["text"]), _outputs(each["rows"], names)]
        blocks.append(_more(each["rows_more"]))
    return blocks


def _inputs(rows: Sequence[Row], names: dict[str, str]) -> str:
    return _table(
        ("Name", "Key", "Required", "Type", "Description"),
        (
            (
                _escaped(row["name"]),
                _escaped(row["path"]),
                "yes" if row["is_required"] else "",
                _type(row, names),
                _said(row),
            )
            for row in rows
        ),
    )


def _outputs(rows: Sequence[Row], names: dict[str, str]) -> str:
    return _table(
        ("Name", "Path", "Type", "Description"),
        ((_escaped(row["name"]), _escaped(row["path"]), _type(row, names), _said(row)) for row in rows),
    )


def _type(row: Row, names: dict[str, str]) -> str:
    word = _escaped(names.get(row["ref"], "") or row["type"])
    return f"array of {word}" if row["is_list"] else word


def _said(row: Row) -> str:
    parts = [_escaped(row["text"])]
    if row["choices"]:
        more = f" and {row['more_choices']} more" if row["more_choices"] else ""
        parts.append(f"One of: {', '.join(_escaped(each) for each in row['choices'])}{more}.")
    if row["default"]:
        parts.append(f"Default: {_escaped(row['default'])}.")
    if row["dynamic"]:
        what = "fields" if row["dynamic"] == "fields" else "choices"
        source = f" {_escaped(row['source'])} tells which." if row["source"] else ""
        parts.append(f"Its {what} depend on what you chose before.{source}")
    return " ".join(part for part in parts if part)


def _limits(document: Document) -> list[str]:
    lines = [f"- {_escaped(each['text'])}" for each in document["limits"]]
    return ["## Limits", "\n".join(lines)] if lines else []


def _contact(contact: Contact) -> list[str]:
    told = (
        ("Publisher", contact["publisher"]),
        ("Contact", contact["name"]),
        ("E-mail", contact["email"]),
        ("Page", contact["url"]),
        ("Website", contact["website"]),
        ("Privacy policy", contact["privacy_policy"]),
    )
    lines = [f"- {label}: {_escaped(value)}" for label, value in told if value]
    return ["## Contact", "\n".join(lines)] if lines else []
