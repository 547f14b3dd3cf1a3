"""One walk over a document: every object is visited once and named by its kind; rules are dispatched by kind,
member names and type.

References are not followed (a shared schema is visited where it is written), so a walk is linear in the size
of the document, whatever cycles its references form, and uses no recursion, whatever its depth.

Objects with the same member names and the same `type` have the same *shape*. What is to be done with a shape
is worked out once: which checks fit it, which members lead on. A real definition has a few dozen shapes and
thousands of objects, so a rule costs nothing where its members are absent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, cast

from certification.rules.findings import Frame, Hit, Key, path_of
from certification.rules.registry import Binding, Check, Rule

if TYPE_CHECKING:
    from certification.rules.engine import Run

How = Literal["one", "flag-or-one", "each", "named", "map", "items", "raw", "shared-schemas"]
Step = tuple[How, str]

_PARAMETERS: Step = ("each", "parameter")
_OPERATION: Step = ("one", "operation")
_NOTIFICATION: Step = ("one", "notification")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch")
_CONNECTION_PARAMETERS: Step = ("named", "connection-parameter")

# kind -> member -> how to go on. "one": an object; "flag-or-one": an object or a boolean; "each": objects in
# an array; "named": objects in a map; "map": the same, without the x- members; "items": an object or objects
# in an array; "raw": any value; "shared-schemas": as "named", the side of each found from its references.
# The member "" stands for the value itself. Schemas are added below, once for each of their sides.
GRAMMAR: dict[str, Mapping[str, Step]] = {
    "definition": {
        "info": ("one", "info"),
        "paths": ("one", "paths"),
        "definitions": ("one", "definitions"),
        "parameters": ("named", "parameter"),
        "responses": ("named", "response"),
        "securityDefinitions": ("named", "security-scheme"),
        "tags": ("each", "tag"),
        "x-ms-connector-metadata": ("raw", "metadata"),
    },
    "info": {"contact": ("one", "contact"), "license": ("one", "license")},
    "paths": {"": ("map", "path-item")},
    "definitions": {"": ("shared-schemas", "schema/")},
    "path-item": dict.fromkeys(METHODS, _OPERATION)
    | {"parameters": _PARAMETERS, "x-ms-notification-content": _NOTIFICATION},
    "operation": {
        "parameters": _PARAMETERS,
        "responses": ("one", "responses"),
        "x-ms-notification-content": _NOTIFICATION,
    },
    "responses": {"": ("map", "response")},
    "parameter": {"schema": ("one", "schema/input"), "items": ("one", "items")},
    "items": {"items": ("one", "items")},
    "response": {"schema": ("one", "schema/output"), "headers": ("named", "header")},
    "header": {"items": ("one", "items")},
    "notification": {"schema": ("one", "schema/output")},
    "properties": {"properties": ("one", "connector")},
    "connector": {
        "connectionParameters": _CONNECTION_PARAMETERS,
        "connectionParameterSets": ("one", "parameter-sets"),
        "policyTemplateInstances": ("each", "policy"),
    },
    "parameter-sets": {"values": ("each", "parameter-set"), "uiDefinition": ("one", "ui-definition")},
    "parameter-set": {"parameters": _CONNECTION_PARAMETERS, "uiDefinition": ("one", "ui-definition")},
    "connection-parameter": {
        "uiDefinition": ("one", "ui-definition"),
        "oAuthSettings": ("one", "oauth-settings"),
    },
}
# These hold names that the publisher chose: their members are no shape, and `key` does not apply to them.
_OPEN = frozenset(("paths", "responses", "definitions"))
_ONCE = frozenset(
    ("upload", "package", "definition-file", "definition", "info", "paths", "definitions", "properties")
)
"""A package has one of each, so whether to run a check costs nothing to ask when it is reached."""
_PLAIN = ("upload", "package", "file", "definition-file", "json-file", "script", "update", "policy")
SIDES = ("", "input", "output", "both")
_ROLES = ("schema", "property", "element")


def _schema_members(side: str) -> Mapping[str, Step]:
    element = f"element/{side}"
    return {
        "properties": ("named", f"property/{side}"),
        "items": ("items", element),
        "additionalProperties": ("flag-or-one", element),
        "allOf": ("each", element),
        "anyOf": ("each", element),
        "oneOf": ("each", element),
        "not": ("one", element),
    }


GRAMMAR |= {f"{role}/{side}": _schema_members(side) for role in _ROLES for side in SIDES}


def _all_kinds() -> tuple[str, ...]:
    reached = [kind for members in GRAMMAR.values() for _, kind in members.values()]
    return tuple(dict.fromkeys([*GRAMMAR, *reached, *_PLAIN]))


def _names(kind: str) -> frozenset[str]:
    """The names under which `on` reaches a kind."""
    role, slash, side = kind.partition("/")
    if not slash:
        return frozenset((kind,))
    found = {"schema"} | ({"property"} if role == "property" else set())
    for name in ("input", "output"):
        if side in (name, "both"):
            found |= {f"{name}-{found_name}" for found_name in tuple(found) if "-" not in found_name}
    return frozenset(found)


_KIND_NAMES: Mapping[str, frozenset[str]] = {kind: _names(kind) for kind in _all_kinds()}
KINDS: frozenset[str] = frozenset().union(*_KIND_NAMES.values()) | {"misfit"}
"""What `on` may name. "schema" is every schema, "property" one in a `properties` map; "input-schema",
"input-property" and the same with "output" are those that a request or a response contains, directly or
through references. "misfit" is whatever stands where an object is expected: see `Node.expected`."""


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
            value = _member(self.value, keys)
        return Hit(self.file, None, value, facts, cause=cause, at_key=at_key, frame=self._frame, keys=keys)

    def hit_span(self, start: int, end: int, *, value: object = None, **facts: object) -> Hit:
        """A hit at characters `start` to `end` of the text of the node's file."""
        return Hit(self.file, None, value, facts, span=(start, end))

    def text(self, key: str) -> str:
        """The member as a string; "" when it is absent or no string."""
        member = self.value.get(key) if isinstance(self.value, dict) else None
        return member if isinstance(member, str) else ""


_Signature = tuple[str | None, ...]
_Bound = tuple[Binding, Rule]
# A check, its rule, and the member that it looks at; None: the whole node.
_Call = tuple[Check, Rule, str | None]
_Calls = tuple[_Call, ...]


class Gate:
    """The checks of one member that have a question about its value first (`unless` and `when` of `rule`).

    What is to be run for a text or a truth value is remembered: the same labels and words stand at thousands
    of places.
    """

    __slots__ = ("_kept", "_questions", "known")

    _MOST_TEXTS = 2_000
    _LONGEST_TEXT = 160

    def __init__(self, key: str, bound: Iterable[_Bound]) -> None:
        questions: dict[tuple[Callable[[Any], object], bool], list[_Call]] = {}
        for binding, rule in bound:
            guard = binding.unless or binding.when
            assert guard is not None
            questions.setdefault((guard, binding.unless is None), []).append((binding.check, rule, key))
        self._questions = [(*question, tuple(calls)) for question, calls in questions.items()]
        self._kept: dict[str | bool, _Calls] = {}
        self.known: Callable[[Any], _Calls | None] = self._kept.get

    def calls_for(self, value: Any) -> _Calls:
        """The checks that have something to look at in this value."""
        found: _Calls = ()
        for guard, wanted, calls in self._questions:
            try:
                answer = bool(guard(value))
            except TypeError:
                answer = False
            if answer is wanted:
                found += calls
        if value.__class__ is bool or (value.__class__ is str and len(value) <= self._LONGEST_TEXT):
            if len(self._kept) >= self._MOST_TEXTS:
                self._kept.clear()
            self._kept[value] = found
        return found


def leaves_out(binding: Binding, absent: frozenset[str]) -> bool:
    """Whether a plan for definitions without these words is better made without a check."""
    return (
        bool(binding.needles) and not _ONCE.issuperset(binding.kinds) and absent.issuperset(binding.needles)
    )


def _check(binding: Binding) -> Check:
    """The check of a binding, which asks itself for its needles where that is cheap."""
    if not binding.needles or not _ONCE.issuperset(binding.kinds):
        return binding.check
    check, needles = binding.check, binding.needles

    def check_if_mentioned(node: Node, *key: str) -> Iterable[Hit] | None:
        return None if node.run.absent.issuperset(needles) else check(node, *key)

    return check_if_mentioned


@functools.lru_cache(maxsize=4096)
def _gate(key: str, bound: tuple[_Bound, ...]) -> Gate:
    """One gate for all shapes whose member has the same checks."""
    return Gate(key, bound)


class Shape:
    """What is to be done with objects of one shape: the checks that always run, the members with a gate, and
    the members that lead on, last first.
    """

    __slots__ = ("calls", "gates", "has_reference", "steps")

    def __init__(
        self,
        calls: _Calls,
        gates: tuple[tuple[str, Gate], ...],
        steps: tuple[tuple[str, How, KindPlan], ...],
        has_reference: bool,
    ) -> None:
        self.calls = calls
        self.gates = gates
        self.steps = steps
        self.has_reference = has_reference


class KindPlan:
    """The rules of one run for one kind of node.

    A plan that leaves out some checks (`without`) shares with its `origin` what was learned about shapes.
    """

    _MOST_SHAPES = 20_000
    _MOST_MEMBERS = 64

    def __init__(self, kind: str, expected: str = "") -> None:
        role, slash, self.side = kind.partition("/")
        self.name = "schema" if slash else role
        self.role = role
        self.expected = expected
        self.is_open = kind in _OPEN
        self.always: list[_Bound] = []
        self.keyed: dict[str, list[_Bound]] = {}
        self.members: dict[str, tuple[How, KindPlan]] = {}
        self.misfit: KindPlan | None = None
        self.by_side: Mapping[str, KindPlan] = {}
        self._origin: KindPlan | None = None
        self._left_out: frozenset[Binding] = frozenset()
        self._fitting: dict[_Signature, tuple[list[_Bound], list[tuple[str, list[_Bound]]]]] = {}
        self._shapes: dict[_Signature, Shape] = {}
        self.known = self._shapes.get

    def add(self, binding: Binding, rule: Rule) -> None:
        if not binding.keys:
            self.always.append((binding, rule))
        for key in binding.keys:
            self.keyed.setdefault(key, []).append((binding, rule))

    def without(self, left_out: frozenset[Binding]) -> KindPlan:
        """This plan without some checks; where its members lead is still to be told."""
        plan = KindPlan(f"{self.role}/{self.side}" if self.name == "schema" else self.name, self.expected)
        plan._origin, plan._left_out = self, left_out
        return plan

    def shape(self, signature: _Signature) -> Shape:
        """The shape of objects with this type (None: not a text) and these member names."""
        always, keyed = (self._origin or self)._fit(signature)
        left_out = self._left_out
        calls: list[_Call] = [(_check(one), rule, None) for one, rule in always if one not in left_out]
        gates: list[tuple[str, Gate]] = []
        for name, bound in keyed:
            kept = [(binding, rule) for binding, rule in bound if binding not in left_out]
            calls += [(_check(binding), rule, name) for binding, rule in kept if not binding.has_question]
            asking = tuple((binding, rule) for binding, rule in kept if binding.has_question)
            if asking and name == "type" and signature[0] is not None:
                calls += _gate(name, asking).calls_for(signature[0])
            elif asking:
                gates.append((name, _gate(name, asking)))
        has_reference = self.name == "schema" and "$ref" in signature
        shape = Shape(tuple(calls), tuple(gates), self._steps(signature), has_reference)
        self._remember(self._shapes, signature, shape)
        return shape

    def _fit(self, signature: _Signature) -> tuple[list[_Bound], list[tuple[str, list[_Bound]]]]:
        """The checks that have something to look at in objects of this signature."""
        known = self._fitting.get(signature)
        if known is None:
            type_name, names = signature[0], cast("tuple[str, ...]", signature[1:])
            always = [one for one in self.always if one[0].fits(type_name, names)]
            keyed = [
                (name, found)
                for name in names
                if name in self.keyed
                and (found := [one for one in self.keyed[name] if one[0].fits(type_name, names)])
            ]
            known = always, keyed
            self._remember(self._fitting, signature, known)
        return known

    def _steps(self, signature: _Signature) -> tuple[tuple[str, How, KindPlan], ...]:
        members = self.members
        steps = [(name, *members[name]) for name in signature[1:] if name in members]
        if "" in members:
            steps.append(("", *members[""]))
        # Shared schemas come last, when every reference from the operations has been seen.
        steps.sort(key=lambda step: step[2].name == "definitions")
        return tuple(reversed(steps))

    def _remember(self, kept: dict[_Signature, Any], signature: _Signature, value: object) -> None:
        if len(signature) <= self._MOST_MEMBERS:
            if len(kept) >= self._MOST_SHAPES:
                kept.clear()
            kept[signature] = value


@dataclass(frozen=True, slots=True)
class Plan:
    """The rules of one run, sorted for the walk. Shapes are learned while walking and shared by all runs."""

    kinds: Mapping[str, KindPlan]

    @classmethod
    def of(cls, rules: Iterable[Rule]) -> Plan:
        kinds = {kind: KindPlan(kind) for kind in _KIND_NAMES}
        misfits: list[_Bound] = []
        by_name: dict[str, list[KindPlan]] = {}
        for kind, names in _KIND_NAMES.items():
            for name in names:
                by_name.setdefault(name, []).append(kinds[kind])
        for rule in rules:
            for binding in rule.bindings:
                reached = (plan for name in binding.kinds for plan in by_name.get(name, ()))
                for plan in {id(plan): plan for plan in reached}.values():
                    plan.add(binding, rule)
                if "misfit" in binding.kinds:
                    misfits.append((binding, rule))
        for plan in kinds.values() if misfits else ():
            plan.misfit = KindPlan("misfit", plan.name)
            for bound in misfits:
                plan.misfit.add(*bound)
        return cls._joined(kinds)

    def without(self, left_out: frozenset[Binding]) -> Plan:
        """The same plan without some checks."""
        kinds = {kind: plan.without(left_out) for kind, plan in self.kinds.items()}
        for kind, plan in self.kinds.items():
            kinds[kind].misfit = plan.misfit.without(left_out) if plan.misfit else None
        return self._joined(kinds)

    @classmethod
    def _joined(cls, kinds: Mapping[str, KindPlan]) -> Plan:
        sides = {side: kinds[f"schema/{side}"] for side in SIDES}
        for kind, plan in kinds.items():
            plan.by_side = sides
            plan.members = {key: (how, kinds[child]) for key, (how, child) in GRAMMAR.get(kind, {}).items()}
        return cls(kinds)


_NO_MEMBERS = (None,)
_REMEMBERED = frozenset((str, bool))
Collect = Callable[[Rule, Hit], None]
Crashed = Callable[[Rule, Node, Exception], None]


def walk(run: Run, file: str, value: Any, kind: KindPlan, collect: Collect, crashed: Crashed) -> int:
    """Visit the tree below `value` in document order; returns the number of values visited.

    A check that raises is given to `crashed`, and the walk goes on with the next rule.
    """
    visited = 0
    stack: list[Frame] = [(value, kind, None, "", None)]
    referred = run.references_from
    while stack:
        frame = stack.pop()
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
                    for hit in (check(node) if about is None else check(node, about)) or ():
                        collect(rule, hit)
                except MemoryError:
                    raise
                except Exception as error:  # noqa: BLE001 - a rule's bug must not hide what the others find
                    crashed(rule, node, error)
        for key, how, below in shape.steps:
            _descend(stack, frame, key, how, below, run)
    return visited


def _descend(stack: list[Frame], frame: Frame, key: str, how: How, kind: KindPlan, run: Run) -> None:
    """Put what a member leads to on the stack, the last first."""
    child = frame[0][key] if key else frame[0]
    if child.__class__ is dict:
        if how in ("one", "items", "flag-or-one"):
            stack.append((child, kind, frame, key, None))
        elif how in ("named", "map", "shared-schemas"):
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
