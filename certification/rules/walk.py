"""One walk over a document: every object is visited once and named by its kind; rules are dispatched by kind
and member.

References are not followed (a shared schema is visited where it is written), so a walk is linear in the size
of the document, whatever cycles its references form, and uses no recursion, whatever its depth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from certification.rules.findings import Hit, Key
from certification.rules.registry import Binding, Check, Rule

if TYPE_CHECKING:
    from certification.rules.engine import Run

Step = tuple[Literal["one", "each", "named", "items", "raw"], str]

_PARAMETERS: Step = ("each", "parameter")
_OPERATION: Step = ("one", "operation")
_NOTIFICATION: Step = ("one", "notification")
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch")

# kind -> member -> how to go on. "one": an object; "each": objects in an array; "named": objects in a map;
# "items": an
# object or objects in an array; "raw": any value. The member "" stands for every member that is not listed.
GRAMMAR: Mapping[str, Mapping[str, Step]] = {
    "definition": {
        "info": ("one", "info"),
        "paths": ("one", "paths"),
        "definitions": ("named", "schema"),
        "parameters": ("named", "parameter"),
        "responses": ("named", "response"),
        "securityDefinitions": ("named", "security-scheme"),
        "tags": ("each", "tag"),
        "x-ms-connector-metadata": ("raw", "metadata"),
    },
    "info": {"contact": ("one", "contact"), "license": ("one", "license")},
    "paths": {"": ("one", "path-item")},
    "path-item": dict.fromkeys(_METHODS, _OPERATION)
    | {"parameters": _PARAMETERS, "x-ms-notification-content": _NOTIFICATION},
    "operation": {
        "parameters": _PARAMETERS,
        "responses": ("named", "response"),
        "x-ms-notification-content": _NOTIFICATION,
    },
    "parameter": {"schema": ("one", "schema"), "items": ("one", "items")},
    "items": {"items": ("one", "items")},
    "response": {"schema": ("one", "schema"), "headers": ("named", "header")},
    "header": {"items": ("one", "items")},
    "notification": {"schema": ("one", "schema")},
    "schema": {
        "properties": ("named", "schema"),
        "items": ("items", "schema"),
        "additionalProperties": ("one", "schema"),
        "allOf": ("each", "schema"),
        "anyOf": ("each", "schema"),
        "oneOf": ("each", "schema"),
        "not": ("one", "schema"),
    },
    "properties": {},
    "upload": {},
    "package": {},
    "file": {},
    "definition-file": {},
    "json-file": {},
    "script": {},
}


# A visited value on the stack: the value, its kind, its keys under the parent's value, the parent's frame.
# A tuple costs a sixth of an object, so a Node is made only where a rule looks.
Frame = tuple[Any, str, tuple[Key, ...], "Frame | None"]


class Node:
    """A visited value as a rule sees it: `value`, its `kind`, the `file` it stands in and the `run`."""

    __slots__ = ("_frame", "file", "kind", "run", "value")

    def __init__(self, run: Run, file: str, frame: Frame) -> None:
        self.run = run
        self.file = file
        self.value: Any = frame[0]
        self.kind = frame[1]
        self._frame = frame

    @property
    def parent(self) -> Node | None:
        above = self._frame[3]
        return Node(self.run, self.file, above) if above else None

    def path(self) -> tuple[Key, ...]:
        """The keys from the root of the document; worked out only when something is found."""
        parts: list[tuple[Key, ...]] = []
        frame: Frame | None = self._frame
        while frame is not None:
            parts.append(frame[2])
            frame = frame[3]
        return tuple(key for part in reversed(parts) for key in part)

    def hit(
        self,
        *keys: Key,
        value: object = None,
        cause: str | None = None,
        at_key: bool = False,
        **facts: object,
    ) -> Hit:
        """A hit at this node or at a member below it; `value` is by default what stands there."""
        if value is None and keys:
            value = _member(self.value, keys)
        return Hit(self.file, self.path() + keys, value, facts, cause=cause, at_key=at_key)

    def hit_span(self, start: int, end: int, *, value: object = None, **facts: object) -> Hit:
        """A hit at characters `start` to `end` of the text of the node's file."""
        return Hit(self.file, None, value, facts, span=(start, end))

    def text(self, key: str) -> str:
        """The member as a string; "" when it is absent or no string."""
        member = self.value.get(key) if isinstance(self.value, dict) else None
        return member if isinstance(member, str) else ""


Member = tuple[tuple[tuple[Check, Rule], ...], Step | None]


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one run, sorted for the walk: by kind, and by kind and member (together with the step to
    take).
    """

    always: Mapping[str, tuple[tuple[Check, Rule], ...]]
    members: Mapping[str, Mapping[str, Member]]

    @classmethod
    def of(cls, rules: Iterable[Rule], left_out: frozenset[Binding] = frozenset()) -> Plan:
        always: dict[str, list[tuple[Check, Rule]]] = {kind: [] for kind in _kinds()}
        keyed: dict[str, dict[str, list[tuple[Check, Rule]]]] = {kind: {} for kind in always}
        bound = ((rule, binding) for rule in rules for binding in rule.bindings if binding not in left_out)
        for rule, binding in bound:
            for kind in binding.kinds:
                if not binding.keys:
                    always[kind].append((binding.check, rule))
                for key in binding.keys:
                    keyed[kind].setdefault(key, []).append((binding.check, rule))
        members = {
            kind: {
                key: (tuple(keyed[kind].get(key, ())), grammar.get(key) or grammar.get(""))
                for key in [*grammar, *keyed[kind]]
            }
            for kind, grammar in ((kind, GRAMMAR.get(kind, {})) for kind in always)
        }
        return cls({kind: tuple(entries) for kind, entries in always.items()}, members)


Collect = Callable[[Rule, Iterable[Hit]], None]
Crashed = Callable[[Rule, Node, Exception], None]


def walk(root: Node, plan: Plan, collect: Collect, crashed: Crashed) -> int:
    """Visit the tree below `root` in document order; returns the number of values visited.

    A check that raises is given to `crashed`, and the walk goes on with the next rule.
    """
    run, file = root.run, root.file
    always, members = plan.always, plan.members
    visited = 0
    stack: list[Frame] = [(root.value, root.kind, (), None)]
    while stack:
        frame = stack.pop()
        visited += 1
        value, kind, _, _ = frame
        node: Node | None = None
        for check, rule in always[kind]:
            node = node or Node(run, file, frame)
            try:
                if hits := check(node):
                    collect(rule, hits)
            except MemoryError:
                raise
            except Exception as error:  # noqa: BLE001 - a rule's bug must not hide what the other rules find
                crashed(rule, node, error)
        table = members[kind]
        if not table or not isinstance(value, dict):
            continue
        other = table.get("")
        below: list[Frame] = []
        known = table.get
        for key, child in value.items():
            member = known(key, other)
            if member is None:
                continue
            checks, step = member
            for check, rule in checks:
                node = node or Node(run, file, frame)
                try:
                    if hits := check(node, key):
                        collect(rule, hits)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - as above
                    crashed(rule, node, error)
            if step is not None:
                _descend(below, frame, key, child, step)
        if below:
            below.reverse()
            stack += below
    return visited


def _descend(below: list[Frame], frame: Frame, key: str, child: Any, step: Step) -> None:
    how, kind = step
    if isinstance(child, dict):
        if how == "named":
            below += [
                (item, kind, (key, name), frame) for name, item in child.items() if isinstance(item, dict)
            ]
        elif how != "each":
            below.append((child, kind, (key,), frame))
    elif how == "raw":
        below.append((child, kind, (key,), frame))
    elif isinstance(child, list) and how in ("each", "items"):
        below += [
            (item, kind, (key, index), frame) for index, item in enumerate(child) if isinstance(item, dict)
        ]


def _kinds() -> list[str]:
    reached = [kind for members in GRAMMAR.values() for _, kind in members.values()]
    return list(dict.fromkeys([*GRAMMAR, *reached]))


def _member(value: Any, keys: tuple[Key, ...]) -> object:
    for key in keys:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
    return value
