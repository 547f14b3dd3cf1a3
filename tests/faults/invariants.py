"""What must hold at the end of a fault campaign, as pure functions over what portal and regions wrote down.

Each returns its violations as sentences; none is a pass. Facts come from the portal's audit trail and tables and
from the regions' own ledgers, so neither side is believed alone.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

SETTLED = frozenset({"verified", "skipped", "cancelled"})
_SENDING = ("deployment.intend", "deployment.resend")


@dataclass(frozen=True)
class Act:
    """One audit record, in the order in which records were written. `subject` is the row it is about."""

    order: int
    action: str
    subject: str
    rollout: str
    source: str = ""
    target: str = ""
    wave: int = 0
    actor: str = ""


@dataclass(frozen=True)
class Effect:
    """One line of a region's ledger, in the order in which deployments took effect there."""

    region: str
    key: str
    connector: str
    number: int
    action: str
    digest: str


@dataclass(frozen=True)
class Row:
    """A deployment as the portal has it. `has_due` says that somebody will look at it again by itself."""

    id: str
    rollout: str
    region: str
    connector: str
    action: str
    state: str
    key: str
    number: int
    digest: str
    wave: int
    has_due: bool = False


@dataclass(frozen=True)
class Facts:
    acts: tuple[Act, ...]
    effects: tuple[Effect, ...]
    rows: tuple[Row, ...]
    rollouts: Mapping[str, str] = field(default_factory=dict)
    held: Mapping[tuple[str, str], str] = field(default_factory=dict)
    gated: frozenset[str] = frozenset()
    """Rollouts with gates between their waves."""
    jobs: tuple[tuple[str, str], ...] = ()
    """(handler, state) of every job that followed from an event."""
    chain_faults: tuple[str, ...] = ()
    """What the portal's own check finds wrong with the chain of audit records."""
    catch_ups: Mapping[str, str] = field(default_factory=dict)
    late: str = ""
    """The region that opened late, if it did."""
    caught_up: frozenset[tuple[str, int]] = frozenset()
    """(rollout, number) of waves that catch-ups added, behind the gates of the plan."""


def none_twice(facts: Facts) -> list[str]:
    """An intent takes effect once; more effects than intents mean that a repetition acted again."""
    keys = Counter((effect.region, effect.key) for effect in facts.effects)
    found = [
        f"{key} took effect {count} times in {region}" for (region, key), count in keys.items() if count > 1
    ]
    retries = Counter(act.subject for act in facts.acts if act.action == "deployment.retry")
    for row in facts.rows:
        prefix = row.key.rpartition(":")[0] + ":"
        count = sum(1 for one in facts.effects if one.region == row.region and one.key.startswith(prefix))
        if count > 1 + retries[row.id]:
            found.append(f"{row.id} took effect {count} times with {retries[row.id]} retries")
    return found


def none_skipped(facts: Facts) -> list[str]:
    """What the portal calls verified, the region has carried out, with these bytes and under this number."""
    effects = {(one.region, one.key): one for one in facts.effects}
    found = []
    for row in facts.rows:
        if row.state != "verified":
            continue
        effect = effects.get((row.region, row.key))
        if effect is None:
            found.append(f"{row.id} is verified, and {row.region} never did it")
        elif ("" if effect.action == "remove" else effect.digest, effect.number) != (row.digest, row.number):
            found.append(f"{row.id} is verified, and {row.region} did something else")
    return found


def none_unasked(facts: Facts) -> list[str]:
    """A region acts only on keys that the portal handed out."""
    known = {row.key.rpartition(":")[0] for row in facts.rows}
    return [
        f"{one.region} carried out {one.key}, which the portal never sent"
        for one in facts.effects
        if one.key.rpartition(":")[0] not in known
    ]


def none_after_halt(facts: Facts) -> list[str]:
    """Between a halt and its release nothing is sent: the audit trail orders them."""
    halted: dict[str, int] = {}
    found = []
    for act in sorted(facts.acts, key=lambda one: one.order):
        if act.action == "rollout.halt":
            halted[act.rollout] = act.order
        elif act.action in ("rollout.release", "rollout.start_rollback"):
            halted.pop(act.rollout, None)
        elif act.action in _SENDING and act.rollout in halted:
            found.append(f"{act.subject} was sent at {act.order}, after the halt at {halted[act.rollout]}")
    return found


def waves_in_order(facts: Facts) -> list[str]:
    """A wave's first intent comes after the verification of the wave before it."""
    verified: dict[tuple[str, int], int] = {}
    first: dict[tuple[str, int], int] = {}
    for act in sorted(facts.acts, key=lambda one: one.order):
        if act.action == "wave.verify":
            verified[act.rollout, act.wave] = act.order
        elif act.action == "deployment.intend" and act.wave:
            first.setdefault((act.rollout, act.wave), act.order)
    waves = sorted({wave for _, wave in first})
    found = []
    for rollout, wave in first:
        before = max((one for one in waves if one < wave and (rollout, one) in first), default=None)
        if before is not None and verified.get((rollout, before), 1 << 62) > first[rollout, wave]:
            found.append(f"wave {wave} of {rollout} began before wave {before} was verified")
    return found


def gates_hold(facts: Facts) -> list[str]:
    """Behind a gate a wave begins only after the gate of the wave before has passed or a person let it through."""
    opened: set[tuple[str, int]] = set()
    begun: set[tuple[str, int]] = set()
    found = []
    for act in sorted(facts.acts, key=lambda one: one.order):
        if act.action in ("gatecheck.pass", "gatecheck.let_through"):
            opened.add((act.rollout, act.wave))
        elif act.action == "wave.start" and act.rollout in facts.gated:
            before = max((wave for rollout, wave in begun if rollout == act.rollout), default=None)
            is_behind = (act.rollout, act.wave) in facts.caught_up
            if before is not None and not is_behind and (act.rollout, before) not in opened:
                found.append(
                    f"wave {act.wave} of {act.rollout} began through the closed gate of wave {before}"
                )
            begun.add((act.rollout, act.wave))
    return found


def jobs_done(facts: Facts) -> list[str]:
    """What follows from an event was done, whatever the broker forgot."""
    return [f"{handler} is {state}" for handler, state in facts.jobs if state != "done"]


def chain_whole(facts: Facts) -> list[str]:
    """No audit record was altered, removed or put elsewhere."""
    return list(facts.chain_faults)


def numbers_rise(facts: Facts) -> list[str]:
    """In a region, later effects of a connector have higher numbers: nothing late undoes something newer."""
    newest: dict[tuple[str, str], int] = defaultdict(int)
    found = []
    for one in facts.effects:
        place = (one.region, one.connector)
        if one.number <= newest[place]:
            found.append(f"{one.region} went from {newest[place]} back to {one.number} for {one.connector}")
        newest[place] = max(newest[place], one.number)
    return found


def moves_are_legal(facts: Facts) -> list[str]:
    """Every step of a deployment is a move of its lifecycle, and begins where the one before ended."""
    # Imported here: the campaign sets Django up only when it has a database.
    from certification.lifecycle import DEPLOYMENT

    states: dict[str, str] = {}
    found = []
    for act in sorted(facts.acts, key=lambda one: one.order):
        noun, _, event = act.action.partition(".")
        if noun != "deployment" or event not in DEPLOYMENT.moves:
            continue
        move = DEPLOYMENT.moves[event]
        if act.source not in move.sources or act.target != move.target:
            found.append(f"{act.subject}: {event} from {act.source} to {act.target} is no move")
        if act.source != states.get(act.subject, "pending"):
            found.append(f"{act.subject}: {event} begins at {act.source}, not where it was left")
        states[act.subject] = act.target
    found += [
        f"{row.id} is {row.state}, its trail ends at {states[row.id]}"
        for row in facts.rows
        if states.get(row.id, row.state) != row.state
    ]
    return found


def none_stuck(facts: Facts) -> list[str]:
    """At the end every rollout has ended, and nothing waits for nobody."""
    found = [
        f"rollout {rollout} is still {state}"
        for rollout, state in facts.rollouts.items()
        if state not in ("completed", "rolled_back", "cancelled")
    ]
    found += [
        f"catch-up {one} is still {state}"
        for one, state in facts.catch_ups.items()
        if state not in ("completed", "cancelled")
    ]
    found += [
        f"{row.id} is {row.state} and nobody will look at it"
        for row in facts.rows
        if row.state in ("intended", "deploying", "unknown", "reported") and not row.has_due
    ]
    found += [
        f"{row.id} of the completed rollout {row.rollout} is {row.state}"
        for row in facts.rows
        if facts.rollouts.get(row.rollout) == "completed"
        and row.action == "deploy"
        and row.state not in SETTLED
    ]
    return found


def none_left_behind(facts: Facts) -> list[str]:
    """What is live elsewhere is live in the region that opened late."""
    if not facts.late:
        return []
    there = {row.rollout for row in facts.rows if row.region == facts.late and row.state == "verified"}
    return [
        f"{facts.late} lacks what {rollout} made live elsewhere"
        for rollout, state in facts.rollouts.items()
        if state == "completed" and rollout not in there
    ]


def both_sides_agree(facts: Facts) -> list[str]:
    """What the portal believes a region holds is what the region's ledger says it holds."""
    holds: dict[tuple[str, str], str] = {}
    for one in facts.effects:
        holds[one.region, one.connector] = "" if one.action == "remove" else one.digest
    places = set(facts.held) | set(holds)
    return [
        f"{region} holds {holds.get((region, connector), '')[:12] or 'nothing'} of {connector}, "
        f"the portal believes {facts.held.get((region, connector), '')[:12] or 'nothing'}"
        for region, connector in sorted(places)
        if holds.get((region, connector), "") != facts.held.get((region, connector), "")
    ]


INVARIANTS: dict[str, Callable[[Facts], list[str]]] = {
    "none twice": none_twice,
    "none skipped": none_skipped,
    "none unasked": none_unasked,
    "none after a halt": none_after_halt,
    "waves in order": waves_in_order,
    "gates hold": gates_hold,
    "numbers rise": numbers_rise,
    "moves are legal": moves_are_legal,
    "none stuck": none_stuck,
    "none left behind": none_left_behind,
    "both sides agree": both_sides_agree,
    "jobs done": jobs_done,
    "chain whole": chain_whole,
}


def violations(facts: Facts) -> dict[str, list[str]]:
    """Every invariant that does not hold, with what violates it."""
    return {name: found for name, check in INVARIANTS.items() if (found := check(facts))}


def looked_at(facts: Facts) -> dict[str, int]:
    """Of how many things each invariant was asked."""
    acts = Counter(act.action for act in facts.acts)
    sent = sum(acts[action] for action in _SENDING)
    return {
        "none twice": len(facts.effects),
        "none skipped": sum(row.state == "verified" for row in facts.rows),
        "none unasked": len(facts.effects),
        "none after a halt": sent,
        "waves in order": acts["wave.start"],
        "gates hold": sum(act.action == "wave.start" and act.rollout in facts.gated for act in facts.acts),
        "numbers rise": len(facts.effects),
        "moves are legal": sum(act.action.startswith("deployment.") for act in facts.acts),
        "none stuck": len(facts.rollouts) + len(facts.rows) + len(facts.catch_ups),
        "none left behind": sum(state == "completed" for state in facts.rollouts.values()) * bool(facts.late),
        "both sides agree": len(set(facts.held) | {(one.region, one.connector) for one in facts.effects}),
        "jobs done": len(facts.jobs),
        "chain whole": len(facts.acts),
    }
