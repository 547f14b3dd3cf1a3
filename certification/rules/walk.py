"""One walk over a document: every object is visited once and named by its kind; rules are dispatched by kind,
member names and type.

References are not followed (a shared schema is visited where it is written), so a walk is linear in the size
of the document, whatever cycles its references form, and uses no recursion, whatever its depth.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from certification.rules.findings import Frame, Hit, Key, path_of
from certification.rules.grammar import How
from certification.rules.plans import KindPlan
from certification.rules.registry import Rule

if TYPE_CHECKING:
    from certification.rules.engine import Run


class Node:
    """A visited value as a rule sees it.

    `value` is what stands there, `kind` one of KINDS ("schema" for every schema), `file` the file's name,
    `run` the check under way. Of schemas, `role` is "schema" (of a body, a response, a shared definition),
    "property" or "element" (items, additionalProperties, allOf), and `is_input`/`is_output` tell where makers
    meet it. Of a misfit, `expected` is the kind of object that should stand there.
    """

    __slots__ = ("_frame", "file", "run", "value")

    def __init__(self, run: Run, file: str, frame: Frame) -> None:
        self.run = run
        self.file = file
        self.value: Any = frame[0]
        self._frame = frame

    @property
    def kind(self) -> str:
        return self._kind.name

    @property
    def role(self) -> str:
        return self._kind.role

    @property
    def is_input(self) -> bool:
        return self._kind.side in ("input", "both")

    @property
    def is_output(self) -> bool:
        return self._kind.side in ("output", "both")

    @property
    def expected(self) -> str:
        return self._kind.expected

    @property
    def _kind(self) -> KindPlan:
        kind: KindPlan = self._frame[1]
        return kind

    @property
    def parent(self) -> Node | None:
        """The visited object around this one: of a parameter its operation, path item or the definition."""
        above = self._frame[2]
        return Node(self.run, self.file, above) if above else None

    @property
    def name(self) -> Key:
        """The last key of the path: the name of a property, the index of a parameter; "" of a root."""
        _, _, _, key, name = self._frame
        return key if name is None else name

    def path(self) -> tuple[Key, ...]:
        """The keys from the root of the document; worked out only when something is found."""
        return path_of(self._frame)

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
            holder = self.value
            # Nearly all name one member of an object.
            value = (
                holder.get(keys[0]) if len(keys) == 1 and holder.__class__ is dict else _member(holder, keys)
            )
        return Hit.below(self.file, self._frame, keys, value, facts, cause, at_key)

    def hit_span(self, start: int, end: int, *, value: object = None, **facts: object) -> Hit:
        """A hit at characters `start` to `end` of the text of the node's file."""
        return Hit(self.file, None, value, facts, span=(start, end))

    def text(self, key: str) -> str:
        """The member as a string; "" when it is absent or no string."""
        member = self.value.get(key) if isinstance(self.value, dict) else None
        return member if isinstance(member, str) else ""


_NO_MEMBERS = (None,)
_REMEMBERED = frozenset((str, bool))
_TO_ONE = frozenset(("one", "items", "flag-or-one"))
Collect = Callable[[Rule, tuple[Hit, ...]], None]
Crashed = Callable[[Rule, Node, Exception], None]


def walk(run: Run, file: str, value: Any, kind: KindPlan, collect: Collect, crashed: Crashed) -> int:
    """Visit the tree below `value` in document order; returns the number of values visited.

    A check that raises is given to `crashed`, and the walk goes on with the next rule.
    """
    visited = 0
    stack: list[Frame] = [(value, kind, None, "", None)]
    pop, push = stack.pop, stack.append
    referred = run.references_from
    while stack:
        frame = pop()
        visited += 1
        value, kind = frame[0], frame[1]
        if value.__class__ is dict and not kind.is_open:
            type_name = value.get("type")
            signature = (type_name if type_name.__class__ is str else None, *value)
            shape = kind.known(signature) or kind.shape(signature)
            if shape.has_reference:
                target = value["$ref"]
                if target.__class__ is str:
                    referred[kind.side].add(target)
        else:
            shape = kind.known(_NO_MEMBERS) or kind.shape(_NO_MEMBERS)
        calls = shape.calls
        for key, gate in shape.gates:
            member = value[key]
            passed = gate.known(member) if member.__class__ in _REMEMBERED else None
            if passed is None:
                passed = gate.calls_for(member)
            if passed:
                calls += passed
        if calls:
            node = Node(run, file, frame)
            for check, rule, about in calls:
                try:
                    found = check(node) if about is None else check(node, about)
                    if found.__class__ is tuple:
                        if found:
                            collect(rule, found)
                    elif found:
                        # One by one: a check that fails half-way loses nothing of what it found before.
                        for hit in found:
                            collect(rule, (hit,))
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - a rule's bug must not hide what the others find
                    crashed(rule, node, error)
        for key, how, below in shape.steps:
            child = value[key] if key else value
            # Nearly every member that leads on is one object or a map of objects, as it should be: no call
            # for those.
            if child.__class__ is not dict:
                _descend(stack, frame, key, child, how, below, run)
            elif how in _TO_ONE:
                push((child, below, frame, key, None))
            elif how == "named":
                misfit = below.misfit
                for name, item in reversed(child.items()):
                    if item.__class__ is dict:
                        push((item, below, frame, key, name))
                    elif misfit:
                        push((item, misfit, frame, key, name))
            else:
                _descend(stack, frame, key, child, how, below, run)
    return visited


def _descend(
    stack: list[Frame], frame: Frame, key: str, child: Any, how: How, kind: KindPlan, run: Run
) -> None:
    """Put what a member leads to on the stack, the last first; the commonest cases `walk` has done itself."""
    if child.__class__ is dict:
        if how in ("map", "shared-schemas"):
            sides = run.sides_of_schemas() if how == "shared-schemas" else None
            for name in reversed(child):
                item = child[name]
                if how == "map" and name[:2] == "x-":
                    continue
                if sides is not None:
                    kind = kind.by_side[sides.get(name, "")]
                if item.__class__ is dict:
                    stack.append((item, kind, frame, key, name))
                elif kind.misfit:
                    stack.append((item, kind.misfit, frame, key, name))
        elif how == "raw":
            stack.append((child, kind, frame, key, None))
        elif kind.misfit:
            stack.append((child, kind.misfit, frame, key, None))
    elif child.__class__ is list and how in ("each", "items"):
        for index in range(len(child) - 1, -1, -1):
            item = child[index]
            if item.__class__ is dict:
                stack.append((item, kind, frame, key, index))
            elif kind.misfit:
                stack.append((item, kind.misfit, frame, key, index))
    elif how == "raw":
        stack.append((child, kind, frame, key, None))
    elif kind.misfit and not (how == "flag-or-one" and child.__class__ is bool):
        stack.append((child, kind.misfit, frame, key, None))


def _member(value: Any, keys: tuple[Key, ...]) -> object:
    for key in keys:
        try:
            value = value[key]
        except (LookupError, TypeError):
            return None
    return value
