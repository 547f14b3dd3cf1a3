"""What breaks programs between two versions of the API's schema. Plain Python, knows only OpenAPI 3.

Programs bear what they do not know: new fields, operations and words in answers break nothing. What they send
must still be taken, and what they read must still be there and of its kind.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Schema = dict[str, Any]
_METHODS = ("get", "post", "put", "patch", "delete")
# Keyword -> whether a higher number takes less.
_LIMITS = {
    "minLength": True,
    "maxLength": False,
    "minimum": True,
    "maximum": False,
    "minItems": True,
    "maxItems": False,
}


@dataclass(frozen=True, order=True)
class Breach:
    """`operation` is "GET /api/v1/…/"; `text` says what is different there."""

    operation: str
    text: str

    def __str__(self) -> str:
        return f"{self.operation}: {self.text}"


@dataclass(frozen=True)
class _Pair:
    """Both documents, and which way the content goes."""

    old: Schema
    new: Schema
    is_input: bool
    seen: frozenset[tuple[str, str]] = frozenset()


def breaches(old: Schema, new: Schema) -> list[Breach]:
    """Everything in `new` that breaks a program written for `old`, in the order of operations."""
    found: set[Breach] = set()
    for path, operations in old["paths"].items():
        for method in (each for each in _METHODS if each in operations):
            name = f"{method.upper()} {path}"
            now = new["paths"].get(path, {}).get(method)
            texts = _operation(old, new, operations[method], now) if now else ["is gone"]
            found.update(Breach(name, text) for text in texts)
    return sorted(found)


def _operation(old: Schema, new: Schema, was: Schema, now: Schema) -> Iterator[str]:
    yield from _parameters(old, new, was, now)
    yield from _body(_Pair(old, new, True), was.get("requestBody"), now.get("requestBody"))
    pair = _Pair(old, new, False)
    for status, answer in was["responses"].items():
        if not status.startswith("2"):
            continue
        if status not in now["responses"]:
            yield f"does not answer {status} any more"
            continue
        answers = _resolved(old, answer), _resolved(new, now["responses"][status])
        yield from _contents(pair, *answers, f"answer {status}")


def _parameters(old: Schema, new: Schema, was: Schema, now: Schema) -> Iterator[str]:
    before, after = (
        {(each["in"], each["name"]): each for each in (_resolved(doc, item) for item in of)}
        for doc, of in ((old, was.get("parameters", [])), (new, now.get("parameters", [])))
    )
    pair = _Pair(old, new, True)
    for key, parameter in before.items():
        where = f"{key[0]} parameter {key[1]}"
        if key not in after:
            yield f"{where} is gone"
            continue
        if after[key].get("required") and not parameter.get("required"):
            yield f"{where} is required now"
        yield from _schema(pair, parameter.get("schema", {}), after[key].get("schema", {}), where)
    for key, parameter in after.items():
        if key not in before and parameter.get("required"):
            yield f"{key[0]} parameter {key[1]} is new and required"


def _body(pair: _Pair, was: Schema | None, now: Schema | None) -> Iterator[str]:
    if now and now.get("required") and not (was or {}).get("required"):
        yield "needs a body now"
    if was and not now:
        yield "takes no body any more"
    elif was and now:
        yield from _contents(pair, was, now, "body")


def _contents(pair: _Pair, was: Schema, now: Schema, where: str) -> Iterator[str]:
    for kind, content in was.get("content", {}).items():
        if kind not in now.get("content", {}):
            yield f"{where} is not {kind} any more"
        else:
            schemas = content.get("schema", {}), now["content"][kind].get("schema", {})
            yield from _schema(pair, *schemas, where)


def _resolved(document: Schema, schema: Schema) -> Schema:
    while "$ref" in schema:
        found: Any = document
        for name in schema["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        schema = found
    parts = schema.get("allOf", [])
    if len(parts) == 1:
        return {**_resolved(document, parts[0]), **{k: v for k, v in schema.items() if k != "allOf"}}
    return schema


def _schema(pair: _Pair, was: Schema, now: Schema, where: str) -> Iterator[str]:
    names = str(was.get("$ref", "")), str(now.get("$ref", ""))
    if any(names):
        if names in pair.seen:
            return
        pair = _Pair(pair.old, pair.new, pair.is_input, pair.seen | {names})
    was, now = _resolved(pair.old, was), _resolved(pair.new, now)
    yield from _kinds(pair, was, now, where)
    yield from _objects(pair, was, now, where)
    for inner in ("items", "additionalProperties"):
        both = was.get(inner), now.get(inner)
        if isinstance(both[0], dict) and isinstance(both[1], dict):
            yield from _schema(pair, both[0], both[1], f"{where}[]")


def _kinds(pair: _Pair, was: Schema, now: Schema, where: str) -> Iterator[str]:
    before, after = was.get("type"), now.get("type")
    # An integer is a number: more is taken, or more exactly answered.
    wider = ("integer", "number") if pair.is_input else ("number", "integer")
    if after != before and (before, after) != wider and (before or (pair.is_input and after)):
        yield f"{where} is {after or 'anything'} instead of {before or 'anything'}"
    gone, fewer = (was, now) if pair.is_input else (now, was)
    if gone.get("nullable") and not fewer.get("nullable"):
        yield f"{where} {'does not take' if pair.is_input else 'can be'} null{' any more' * pair.is_input}"
    words = _words(pair.old, was), _words(pair.new, now)
    if pair.is_input and words[1] and (not words[0] or words[0] - words[1]):
        lost = ", ".join(sorted(words[0] - words[1])) or "other words"
        yield f"{where} does not take {lost} any more"
    if was.get("format") != now.get("format") and (was.get("format") or pair.is_input):
        yield f"{where} has the format {now.get('format')} instead of {was.get('format')}"
    yield from _limits(was, now, where) if pair.is_input else ()


def _words(document: Schema, schema: Schema) -> set[str]:
    parts = [_resolved(document, each) for each in schema.get("oneOf", [])]
    return {str(word) for each in (schema, *parts) for word in each.get("enum", ())}


def _limits(was: Schema, now: Schema, where: str) -> Iterator[str]:
    for keyword, higher_is_less in _LIMITS.items():
        before, after = was.get(keyword), now.get(keyword)
        if after is not None and (before is None or (after > before if higher_is_less else after < before)):
            yield f"{where} has the {keyword} {after} instead of {before}"
    if now.get("pattern") and now.get("pattern") != was.get("pattern"):
        yield f"{where} has another pattern"


def _objects(pair: _Pair, was: Schema, now: Schema, where: str) -> Iterator[str]:
    before, after = was.get("properties", {}), now.get("properties", {})
    needed, needs = set(was.get("required", ())), set(now.get("required", ()))
    for name, schema in before.items():
        if name not in after:
            yield f"{where} has no field {name} any more"
            continue
        yield from _schema(pair, schema, after[name], f"{where}.{name}")
    if pair.is_input:
        yield from (f"{where} needs the field {name} now" for name in sorted(needs - needed))
    else:
        yield from (
            f"{where} may lack the field {name} now" for name in sorted((needed - needs) & set(after))
        )
