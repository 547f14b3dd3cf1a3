"""The state machines as a document: a diagram and the tables of each, from the same data that runs them."""

from __future__ import annotations

from collections.abc import Iterator

from certification import forgetting, treating
from certification import lifecycle as certification
from connectors import lifecycle as connectors
from portal.shared.transitions import Lifecycle

_HEAD = """# Lifecycles

Written by `manage.py lifecycles > docs/lifecycles.md` from `connectors/lifecycle.py`,
`certification/lifecycle.py`, `certification/treating.py` and `certification/forgetting.py`; a test fails
when it is out of date. A move that is not listed is refused with `IllegalTransition` (409). Every move is
one transaction: state, audit record and the event `<noun>.<move>`.
"""


def every_lifecycle() -> list[Lifecycle]:
    """All state machines, in the order in which they are written down."""
    return [
        value
        for module in (connectors, certification, treating, forgetting)
        for value in vars(module).values()
        if isinstance(value, Lifecycle)
    ]


def document() -> str:
    """The Markdown of docs/lifecycles.md."""
    machines = every_lifecycle()
    contents = "\n".join(f"- [{_title(one)}](#{_title(one).lower().replace(' ', '-')})" for one in machines)
    return "\n".join([_HEAD, contents, *(_section(one) for one in machines)])


_TITLES = {
    "guesttester": "Guest tester",
    "regiontask": "Task in a region",
    "ruletreatment": "Treatment of a rule",
    "override": "Exception for two people",
    "thread": "Review thread",
}


def _title(machine: Lifecycle) -> str:
    return _TITLES.get(machine.noun, machine.noun.capitalize())


def _section(machine: Lifecycle) -> str:
    lines = [f"\n## {_title(machine)}\n", *_diagram(machine), "", *_moves(machine)]
    if machine is certification.SUBMISSION:
        lines += ["", *_turns()]
    return "\n".join(lines)


def _diagram(machine: Lifecycle) -> Iterator[str]:
    """One arrow for each source; a move from many states would hide the way, so it is in the table only."""
    yield "```mermaid"
    yield "stateDiagram-v2"
    for value, label in machine.states.choices:
        yield f'  state "{label}" as {value}'
    yield f"  [*] --> {machine.states.values[0]}"
    for event, move in machine.moves.items():
        if len(move.sources) <= _MOST_ARROWS:
            yield from (f"  {source} --> {move.target}: {event}" for source in move.sources)
    for value in machine.states.values:
        if value in machine.terminal:
            yield f"  {value} --> [*]"
    yield "```"
    wide = [event for event, move in machine.moves.items() if len(move.sources) > _MOST_ARROWS]
    if wide:
        yield ""
        yield f"Not drawn, because they start in many states: {', '.join(f'`{event}`' for event in wide)}."


_MOST_ARROWS = 6


def _moves(machine: Lifecycle) -> Iterator[str]:
    labels = {value: str(label) for value, label in machine.states.choices}
    yield "| move | button | from | to |"
    yield "|---|---|---|---|"
    for event, move in machine.moves.items():
        sources = ", ".join(str(labels[source]) for source in move.sources)
        yield f"| `{event}` | {move.label} | {sources} | {labels[move.target]} |"
    ends = [str(labels[value]) for value in machine.states.values if value in machine.terminal]
    yield ""
    yield f"Ends: {', '.join(ends)}." if ends else "No state is final."


def _turns() -> Iterator[str]:
    yield "Whose turn it is, and what happens next:"
    yield ""
    yield "| state | turn | next |"
    yield "|---|---|---|"
    for value, label in certification.SUBMISSION.states.choices:
        yield f"| {label} | {certification.TURNS[value].label} | {certification.NEXT_STEPS[value]} |"
