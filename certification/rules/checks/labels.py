"""What makers see of a parameter or property: its label (x-ms-summary), its description, or nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable

from certification.rules.checks.parameters import (
    NOT_BODY,
    NOT_OUTSIDE_BODY,
    is_body,
    is_met,
    is_visible,
    make_required,
    name_of,
)
from certification.rules.checks.texts import NOT_BLANK
from certification.rules.findings import Hit
from certification.rules.fixes import Patch, Place, fix
from certification.rules.registry import rule
from certification.rules.walk import Node

_LONGEST_LABEL = 80
_LONGEST_DESCRIPTION = 500
_LABELLED = ("parameter", "items", "schema")
_SENTENCE_ENDS = ".!?)"
_SYMBOLS = re.compile(r"[/\\<>*%&?]")
_IDENTIFIER = re.compile(r"\b[a-z]++[A-Z]\w*+|\b(?=_*+[^\W_])\w+_\w+")

# With these labels nothing can be wrong for any of the rules here. Of the words between the signs only those
# that begin with a small letter and go on with a capital are identifiers.
_SIGNS = r" \-.,:;'\"()#+=@!$\[\]"
_WORD = r"(?:[A-Z0-9][A-Za-z0-9]*+|[a-z]++(?:[0-9][A-Za-z0-9]*+)?)"
_PLAIN_LABEL = re.compile(
    rf"(?![a-z ])(?=.{{1,40}}\Z)[{_SIGNS}]*+{_WORD}(?:[{_SIGNS}]++{_WORD})*+\)*+"
).fullmatch
# A description that may say the same as a plain label, and its opposite.
_NO_LABEL = re.compile(rf"(?s:(?!\s*+[{_SIGNS}A-Za-z0-9]{{1,44}}+[.\s]*+\Z).*+)").fullmatch
_SCALARS = ("string", "number", "integer", "boolean")
_NOT_INTERNAL = re.compile(r"(?!internal\Z)[A-Za-z]*+").fullmatch
_NOT_ADVANCED = re.compile(r"(?!advanced\Z)[A-Za-z]*+").fullmatch
_SHORT = re.compile(r"(?s:.{0,500})").fullmatch
_SHORT_SENTENCE = re.compile(r"(?s:.{0,499})[.!?)]").fullmatch


@rule("PRM-020", on="parameter", key="in", without=("$ref", "x-ms-summary"), unless=NOT_OUTSIDE_BODY)
@rule("PRM-020", on="parameter", key="x-ms-summary", without="$ref", unless=_PLAIN_LABEL)
def label_missing(parameter: Node, _: str) -> Iterable[Hit]:
    """A blank label labels nothing: the form shows the technical name then, as without one."""
    if is_body(parameter) or not _is_blank(parameter, "x-ms-summary") or not is_visible(parameter):
        return ()
    return (parameter.hit(value=name_of(parameter)),)


@rule("PRM-020c", on="parameter", key="in", without=("$ref", "x-ms-summary"), unless=NOT_BODY)
@rule("PRM-020c", on="parameter", key="x-ms-summary", without="$ref", unless=_PLAIN_LABEL)
def label_of_body_missing(parameter: Node, _: str) -> Iterable[Hit]:
    if not is_body(parameter) or not _is_blank(parameter, "x-ms-summary") or not is_met(parameter):
        return ()
    return (parameter.hit(value=name_of(parameter)),)


@rule("PRM-021", on="parameter", key="in", without=("$ref", "description"), unless=NOT_OUTSIDE_BODY)
@rule("PRM-021", on="parameter", key="description", without="$ref", unless=NOT_BLANK)
def description_missing(parameter: Node, _: str) -> Iterable[Hit]:
    if is_body(parameter) or not _is_blank(parameter, "description") or not is_visible(parameter):
        return ()
    return (parameter.hit(value=name_of(parameter)),)


@rule("PRM-021c", on="parameter", key="in", without=("$ref", "description"), unless=NOT_BODY)
@rule("PRM-021c", on="parameter", key="description", without="$ref", unless=NOT_BLANK)
def description_of_body_missing(parameter: Node, _: str) -> Iterable[Hit]:
    if not is_body(parameter) or not _is_blank(parameter, "description") or not is_met(parameter):
        return ()
    return (parameter.hit(value=name_of(parameter)),)


@rule("PRM-022", on="parameter", key="description", without="$ref", unless=_SHORT_SENTENCE)
def description_without_full_stop(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    text = value[key].rstrip() if value[key].__class__ is str else ""
    if text and text[-1] not in _SENTENCE_ENDS and value.get("in") != "body" and is_met(parameter):
        return (parameter.hit(key),)
    return ()


@fix("PRM-022")
def add_full_stop(place: Place) -> Patch:
    text = place.value.rstrip()
    return place.replace(text + ".") if text[-1].isalnum() or text[-1] in "\"']%" else ()


@rule("PRM-023", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_too_long(node: Node, key: str) -> Iterable[Hit]:
    length = len(_label(node))
    return (node.hit(key, length=length),) if length > _LONGEST_LABEL and _is_shown(node) else ()


@rule("PRM-024", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_ends_with_sign(node: Node, key: str) -> Iterable[Hit]:
    label = _label(node)
    if label and not label[-1].isalnum() and label[-1] != ")" and _is_shown(node):
        sign = "a blank" if label[-1].isspace() else f'"{label[-1]}"'
        return (node.hit(key, sign=sign),)
    return ()


@fix("PRM-024")
def drop_final_signs(place: Place) -> Patch:
    """A question mark or a bracket belongs to what the label says; a stop, a colon or a blank does not."""
    bare = place.value.rstrip(" \t\r\n.:;,!-*\N{EN DASH}\N{HORIZONTAL ELLIPSIS}")
    return place.replace(bare) if bare and (bare[-1].isalnum() or bare[-1] == ")") else ()


@rule("PRM-025", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_starts_lower_case(node: Node, key: str) -> Iterable[Hit]:
    label = _label(node).lstrip()
    return (node.hit(key),) if label and label[0].islower() and _is_shown(node) else ()


@fix("PRM-025")
def start_with_capital(place: Place) -> Patch:
    """Identifiers need words of their own, which no machine can find."""
    label = place.value.lstrip()
    return () if _IDENTIFIER.search(label) else place.replace(label[0].upper() + label[1:])


@rule("PRM-026", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_is_identifier(node: Node, key: str) -> Iterable[Hit]:
    match = _IDENTIFIER.search(_label(node))
    return (node.hit(key, word=match[0]),) if match and _is_shown(node) else ()


@rule("PRM-027", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_with_symbol(node: Node, key: str) -> Iterable[Hit]:
    match = _SYMBOLS.search(_label(node))
    return (node.hit(key, symbol=match[0]),) if match and _is_shown(node) else ()


@rule(
    "PRM-028",
    on=_LABELLED,
    key="description",
    shape=lambda names: "x-ms-summary" in names,
    unless=_NO_LABEL,
)
def description_repeats_plain_label(node: Node, key: str) -> Iterable[Hit]:
    if _says_the_same(node) and _PLAIN_LABEL(_label(node)) and _is_shown(node):
        return (node.hit(key),)
    return ()


@rule(
    "PRM-028",
    on=_LABELLED,
    key="x-ms-summary",
    shape=lambda names: "description" in names,
    unless=_PLAIN_LABEL,
)
def description_repeats_label(node: Node, key: str) -> Iterable[Hit]:
    return (node.hit("description"),) if _says_the_same(node) and _is_shown(node) else ()


@rule("PRM-029", on=_LABELLED, key="x-ms-summary", unless=_PLAIN_LABEL)
def label_blank(node: Node, key: str) -> Iterable[Hit]:
    if _label(node) or not _is_shown(node):
        return ()
    return (node.hit(key, value="blank" if isinstance(node.value[key], str) else "not a string"),)


@fix("PRM-029")
def remove_blank_label(place: Place) -> Patch:
    """A parameter must have a label: there a person has to fill it in."""
    is_blank = place.value is None or (isinstance(place.value, str) and not place.value.strip())
    return place.remove() if is_blank and "in" not in place.parent.value else ()


@rule("PRM-035", on="parameter", key="description", unless=_SHORT_SENTENCE)
@rule("PRM-035", on="schema", key="description", unless=_SHORT)
def description_too_long(node: Node, key: str) -> Iterable[Hit]:
    text = node.value[key]
    if text.__class__ is str and len(text) > _LONGEST_DESCRIPTION and _is_shown(node):
        return (node.hit(key, length=len(text)),)
    return ()


@rule(
    "PRM-030",
    on="parameter",
    key="x-ms-visibility",
    without=("$ref", "default"),
    shape=lambda names: "required" in names,
    unless=_NOT_INTERNAL,
)
def internal_without_default(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    if value[key] == "internal" and value["required"] is True and not is_body(parameter):
        return (parameter.hit(value=name_of(parameter)),)
    return ()


@rule(
    "PRM-031",
    on="input-property",
    key="x-ms-visibility",
    without=("default", "x-ms-notification-url"),
    type=_SCALARS,
    unless=_NOT_INTERNAL,
)
def internal_property_without_default(node: Node, key: str) -> Iterable[Hit]:
    """Objects and arrays need no default: a maker's value is built of the defaults below them."""
    if node.value[key] != "internal" or not _is_required_property(node):
        return ()
    return (node.hit(value=node.name),)


@fix("PRM-030")
@fix("PRM-031")
def take_only_value(place: Place) -> Patch:
    """A value that is the only one allowed is the default."""
    values = place.value.get("enum")
    return place.add("default", values[0]) if isinstance(values, list) and len(values) == 1 else ()


@rule(
    "PRM-032",
    on="parameter",
    key="x-ms-visibility",
    without="$ref",
    shape=lambda names: "default" in names,
    unless=_NOT_INTERNAL,
)
def internal_default_never_sent(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    if value[key] == "internal" and value.get("required", False) is False and not is_body(parameter):
        return (parameter.hit(*("required",) if "required" in value else (), value=name_of(parameter)),)
    return ()


@fix("PRM-032")
def send_default(place: Place) -> Patch:
    return make_required(place)


@rule(
    "PRM-033",
    on="parameter",
    key="x-ms-visibility",
    without=("$ref", "default"),
    shape=lambda names: "required" in names,
    unless=_NOT_ADVANCED,
)
def required_but_advanced(parameter: Node, key: str) -> Iterable[Hit]:
    value = parameter.value
    if value[key] == "advanced" and value["required"] is True and not is_body(parameter):
        return (parameter.hit(key, value=name_of(parameter)),)
    return ()


@fix("PRM-033")
def show_at_once(place: Place) -> Patch:
    return place.replace("important")


def _is_required_property(node: Node) -> bool:
    above = node.parent
    names = above.value.get("required") if above else None
    return isinstance(names, list) and node.name in names


def _is_blank(node: Node, key: str) -> bool:
    """Absent or without a visible character; what is no text at all is another fault."""
    text = node.value.get(key, "")
    return isinstance(text, str) and not text.strip()


def _label(node: Node) -> str:
    """The label; "" when it is blank."""
    label = node.text("x-ms-summary")
    return "" if label.isspace() else label


def _is_shown(node: Node) -> bool:
    """Body parameters are not shown, their properties are; shared parameters only where they are used. What
    stands beside the reference to a parameter does not count.
    """
    return node.kind != "parameter" or (not is_body(node) and is_met(node) and "$ref" not in node.value)


def _says_the_same(node: Node) -> bool:
    """Letter case and a full stop after the description make no difference. A label with a full stop is a
    sentence in the wrong place, which PRM-024 says; the two texts can be compared when it is mended.
    """
    label, description = node.value["x-ms-summary"], node.value["description"]
    if label.__class__ is not str or description.__class__ is not str or not label:
        return False
    # Nearly all differ at once.
    one, other = label[0], description[:1]
    if one != other and one.isalnum() and other.isalnum() and one.lower() != other.lower():
        return False
    return bool(label.strip().lower() == description.strip().rstrip(".").lower() != "")
