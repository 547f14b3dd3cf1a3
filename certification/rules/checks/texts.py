"""Texts that makers read: summaries and descriptions of operations, parameters and schemas."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from certification.rules import wording
from certification.rules.findings import Hit
from certification.rules.registry import rule
from certification.rules.walk import Node

_TEXTS = ("summary", "x-ms-summary", "description")
_PLACEHOLDER = re.compile(r"\bTODO\b|(?i:lorem ipsum dolor|^\s*lorem ipsum\b)")
_TEMPLATE = re.compile(
    r"Title cannot include words 'API'|Short description of the connecting service, between"
    r"|^Contact email address$|^Contact URL$|^Full name$|The hostname of the API, e\.g\."
)
NOT_BLANK = re.compile(r"\s*+\S").match
_SAMPLE_COMPANY = re.compile(r"contoso", re.IGNORECASE)
_HEAD = ("title", "description", "name", "email", "url", "host")
# Every match of these patterns contains one of the words; looking for them is much faster.
_WORDS_IN_HEAD = (
    "todo", "ipsum", "contoso", "title cannot", "short description", "contact ", "full name", "the hostname",
)  # fmt: skip


@rule("DEF-008", on=("schema", "parameter"), key="description", unless=NOT_BLANK)
def description_empty(node: Node, key: str) -> Iterable[Hit]:
    """Blank texts of operations, responses and info are found by rules of their own; body parameters are not
    shown.
    """
    text = node.value[key]
    if isinstance(text, str) and text and not text.isspace():
        return ()
    if node.kind == "parameter" and node.value.get("in") == "body":
        return ()
    return (node.hit(key, value="blank" if isinstance(text, str) else "not a string"),)


@rule(
    "DEF-009",
    on=("operation", "schema", "parameter"),
    key=_TEXTS,
    when=wording.RESTRICTED_PRODUCTS.search,
    needles=("power apps", "power automate", "logic apps"),
)
def product_name(node: Node, key: str) -> Iterator[Hit]:
    text = node.text(key)
    if match := wording.RESTRICTED_PRODUCTS.search(text):
        yield node.hit(key, value=match[0], cause=text)


@rule(
    "DEF-014",
    on=("operation", "schema", "parameter", "response", "tag"),
    key=_TEXTS,
    when=_PLACEHOLDER.search,
    needles=("todo", "ipsum"),
)
def placeholder_left(node: Node, key: str) -> Iterator[Hit]:
    """Sample names in examples and hosts are no placeholders; `contoso` counts only where the connector
    itself speaks.
    """
    if match := _PLACEHOLDER.search(node.text(key)):
        yield node.hit(key, value=match[0].strip())


@rule("DEF-014", on=("info", "contact", "definition"))
def placeholder_left_in_head(node: Node) -> Iterator[Hit]:
    texts = [(key, text) for key in _HEAD if (text := node.text(key))]
    together = "\n".join([text for _, text in texts]).lower()
    if not any(word in together for word in _WORDS_IN_HEAD):
        return
    for key, text in texts:
        match = _PLACEHOLDER.search(text) or _TEMPLATE.search(text)
        if match is None and key != "host":
            match = _SAMPLE_COMPANY.search(text)
        if match:
            yield node.hit(key, value=match[0].strip())
