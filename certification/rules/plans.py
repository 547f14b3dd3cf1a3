"""What is to be done with an object, worked out once for every shape: which checks fit it, what leads on.

Objects with the same member names and the same `type` have the same *shape*. A real definition has a few
dozen shapes and thousands of objects, so a rule costs nothing where its members are absent.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from certification.rules.findings import Hit
from certification.rules.grammar import GRAMMAR, KIND_NAMES, ONCE, OPEN, SIDES, How
from certification.rules.registry import Binding, Check, Rule

if TYPE_CHECKING:
    from certification.rules.walk import Node

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
                answer = True if guard(value) else False  # noqa: SIM210 - a call of bool costs as much as a guard
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
    return bool(binding.needles) and not ONCE.issuperset(binding.kinds) and absent.issuperset(binding.needles)


def _check(binding: Binding) -> Check:
    """The check of a binding, which asks itself for its needles where that is cheap."""
    if not binding.needles or not ONCE.issuperset(binding.kinds):
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
        self.is_open = kind in OPEN
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
        kinds = {kind: KindPlan(kind) for kind in KIND_NAMES}
        misfits: list[_Bound] = []
        by_name: dict[str, list[KindPlan]] = {}
        for kind, names in KIND_NAMES.items():
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
