"""What must hold at the end of a fault campaign of what the portal told others and took from them.

Mail and webhooks by the ledgers of those who got them; uploads and telemetry by the ledgers of those who sent them;
gates by what the regions had told. Pure functions like those of `invariants`.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.faults.invariants import Act


@dataclass(frozen=True)
class Mail:
    """A mail as the mail server took it. Without `is_answered` the portal never learned of it."""

    id: str
    is_answered: bool = True


@dataclass(frozen=True)
class Letter:
    """A message of the portal that goes by mail. `claims` counts who began to send it, `failures` those who wrote
    down that it did not work."""

    id: str
    state: str
    claims: int = 1
    failures: int = 0


@dataclass(frozen=True)
class Reception:
    """A webhook as its receiver got it. `fault` is what the receiver did instead of taking it."""

    path: str
    id: str
    digest: str
    is_signed: bool = True
    fault: str = ""


@dataclass(frozen=True)
class Delivery:
    """A webhook as the portal has it. `statuses` are those of its attempts, 0 for none."""

    path: str
    id: str
    sequence: int
    state: str
    statuses: tuple[int, ...] = ()


@dataclass(frozen=True)
class Endpoint:
    path: str
    is_active: bool
    disabled_because: str = ""


@dataclass(frozen=True)
class Told:
    """What a program read as the answer to an upload, under its key."""

    key: str
    status: int
    id: str
    digest: str


@dataclass(frozen=True)
class Stored:
    """An upload as the portal has it; `version` is the digest of the package made of it."""

    id: str
    filename: str
    digest: str
    version: str


@dataclass(frozen=True)
class Batch:
    """Telemetry that a region was told is taken in."""

    id: str
    place: tuple[str, str, str]
    status: int
    calls: int


@dataclass(frozen=True)
class Gate:
    """The last look of one stretch: the verdict of all, and that of the success rate alone."""

    rollout: str
    wave: int
    verdict: str
    success: str
    calls: int


@dataclass(frozen=True)
class Exchanges:
    mails: tuple[Mail, ...] = ()
    letters: tuple[Letter, ...] = ()
    receptions: tuple[Reception, ...] = ()
    deliveries: tuple[Delivery, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    events: tuple[int, ...] = ()
    """Places in the log of what receivers are told of."""
    told: tuple[Told, ...] = ()
    stored: tuple[Stored, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    """Name -> SHA-256 of the bytes of every stored file."""
    batches: tuple[Batch, ...] = ()
    taken: Mapping[str, int] = field(default_factory=dict)
    """Batch -> events that the portal says it took."""
    counted: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """(region, connector, version) -> calls that the portal counts."""
    sums: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    """The same by the raw samples."""
    gates: tuple[Gate, ...] = ()
    ill: frozenset[str] = frozenset()
    """Rollouts whose new version fails more often."""
    acts: tuple[Act, ...] = ()


def mail_arrives(facts: Exchanges) -> list[str]:
    """Every letter was taken by the mail server, and nobody got one that the portal does not know."""
    got = {mail.id for mail in facts.mails}
    found = [f"{one.id} is {one.state}" for one in facts.letters if one.state != "sent"]
    found += [f"{one.id} is sent, and nobody got it" for one in facts.letters if one.id not in got]
    return found + [f"{name} is no letter of the portal" for name in got - {one.id for one in facts.letters}]


def mail_once(facts: Exchanges) -> list[str]:
    """A letter comes again only where an answer was lost: by the server, or with the worker who waited for it."""
    got = Counter(mail.id for mail in facts.mails)
    lost = Counter(mail.id for mail in facts.mails if not mail.is_answered)
    found = []
    for one in facts.letters:
        died = max(0, one.claims - 1 - one.failures)
        if got[one.id] > 1 + lost[one.id] + died:
            found.append(f"{one.id} came {got[one.id]} times: {lost[one.id]} answers were lost, {died} died")
    return found


def hooks_arrive(facts: Exchanges) -> list[str]:
    """A receiver that is on gets every event, under one id; what waits for one that is off is given up."""
    active = {one.path for one in facts.endpoints if one.is_active}
    by_path: dict[str, list[Delivery]] = defaultdict(list)
    for one in facts.deliveries:
        by_path[one.path].append(one)
    taken = {(one.path, one.id) for one in facts.receptions if not one.fault}
    found = []
    for path in sorted(active):
        counts = Counter(one.sequence for one in by_path[path])
        found += [f"{path} was told of {at} {counts[at]} times" for at in facts.events if counts[at] != 1]
        found += [f"{one.id} for {path} is {one.state}" for one in by_path[path] if one.state != "delivered"]
    for one in facts.deliveries:
        if one.state == "delivered" and (one.path, one.id) not in taken:
            found.append(f"{one.id} is delivered, and {one.path} never took it")
        if one.state == "waiting":
            found.append(f"{one.id} for {one.path} still waits")
    return found


def hooks_whole(facts: Exchanges) -> list[str]:
    """Each attempt of a message is signed and says the same; after it was taken nobody tries again."""
    bodies: dict[str, set[str]] = defaultdict(set)
    for one in facts.receptions:
        bodies[one.id].add(one.digest)
    known = {one.id for one in facts.deliveries}
    found = [f"{one.id} came unsigned" for one in facts.receptions if not one.is_signed]
    found += [f"{name} came with {len(some)} bodies" for name, some in bodies.items() if len(some) > 1]
    found += [f"{name} is no message of the portal" for name in bodies.keys() - known]
    for one in facts.deliveries:
        at = next((at for at, status in enumerate(one.statuses) if 200 <= status < 300), None)
        if at is not None and at != len(one.statuses) - 1:
            found.append(f"{one.id} was tried again after it was taken: {one.statuses}")
        if one.state == "failed" and 410 not in one.statuses and len(one.statuses) < 10:
            found.append(f"{one.id} was given up after {len(one.statuses)} attempts")
    return found


def gone_is_gone(facts: Exchanges) -> list[str]:
    """410 switches a receiver off, and so does one that never takes anything; then nothing is sent there."""
    found = []
    for one in facts.endpoints:
        answers = [delivery for delivery in facts.deliveries if delivery.path == one.path]
        told = sum(reception.fault == "410" for reception in facts.receptions if reception.path == one.path)
        recorded = sum(410 in delivery.statuses for delivery in answers)
        if told and one.is_active:
            found.append(f"{one.path} said that it is gone, and is still on")
        if recorded > 1:
            found.append(f"{one.path} was asked again after it said that it is gone")
        given_up = sum(delivery.state == "failed" for delivery in answers)
        if given_up and one.is_active and not any(delivery.state == "delivered" for delivery in answers):
            found.append(f"{one.path} never took anything, and is still on")
    return found


def uploads_once(facts: Exchanges) -> list[str]:
    """What a program was told is there, once and with its bytes; nothing is there without its bytes."""
    rows = {one.id: one for one in facts.stored}
    names = Counter(one.filename for one in facts.stored)
    found = [f"{name} was taken in {count} times" for name, count in names.items() if count > 1]
    for one in facts.told:
        row = rows.get(one.id)
        if one.status != 201 or row is None:
            found.append(f"{one.key} was answered with {one.status}, and is {'' if row else 'not '}there")
        elif row.digest != one.digest:
            found.append(f"{one.key} has other bytes than were sent")
    for row in facts.stored:
        for digest in filter(None, (row.digest, row.version)):
            if facts.files.get(digest) != digest:
                found.append(f"the bytes {digest[:12]} of {row.filename} are damaged or missing")
    return found


def telemetry_once(facts: Exchanges) -> list[str]:
    """Every batch that a region was told is taken in counts, once, however often and late it came."""
    found = [f"{one.id} was answered with {one.status}" for one in facts.batches if one.status >= 300]
    found += [f"{one.id} was taken in and is not there" for one in facts.batches if one.id not in facts.taken]
    for one in facts.batches:
        if facts.sums.get(one.place) != one.calls:
            found.append(
                f"{'/'.join(one.place)}: {facts.sums.get(one.place, 0)} of {one.calls} calls are kept"
            )
    for place in facts.sums.keys() | facts.counted.keys():
        if facts.sums.get(place, 0) != facts.counted.get(place, 0):
            found.append(
                f"{'/'.join(place)}: {facts.counted.get(place, 0)} counted of {facts.sums.get(place, 0)}"
            )
    return found


def gates_tell(facts: Exchanges) -> list[str]:
    """Nothing ill passes, nothing well fails for its success rate, and nobody passes without calls."""
    found = []
    for one in facts.gates:
        place = f"the gate after wave {one.wave} of {one.rollout}"
        if one.verdict == "pass" and one.rollout in facts.ill:
            found.append(f"{place} passed with an ill version")
        if one.verdict == "pass" and not one.calls:
            found.append(f"{place} passed without a call")
        if one.success == "fail" and one.rollout not in facts.ill:
            found.append(f"{place} failed with a well version")
    return found


def failed_gates_halt(facts: Exchanges) -> list[str]:
    """A gate that fails halts the rollout before anything else is sent or begun."""
    failed: dict[str, int] = {}
    found = []
    for act in sorted(facts.acts, key=lambda one: one.order):
        if act.action == "gatecheck.fail":
            failed[act.rollout] = act.order
        elif act.action in ("rollout.halt", "rollout.start_rollback"):
            failed.pop(act.rollout, None)
        elif act.action in ("deployment.intend", "deployment.resend", "wave.start") and act.rollout in failed:
            found.append(f"{act.action} at {act.order}, after the gate failed at {failed[act.rollout]}")
    return found + [
        f"{rollout} went on after its gate failed at {order}" for rollout, order in failed.items()
    ]


INVARIANTS: dict[str, Callable[[Exchanges], list[str]]] = {
    "mail arrives": mail_arrives,
    "mail once": mail_once,
    "hooks arrive": hooks_arrive,
    "hooks whole": hooks_whole,
    "gone is gone": gone_is_gone,
    "uploads once": uploads_once,
    "telemetry once": telemetry_once,
    "gates tell": gates_tell,
    "failed gates halt": failed_gates_halt,
}


def violations(facts: Exchanges) -> dict[str, list[str]]:
    """Every invariant that does not hold, with what violates it."""
    return {name: found for name, check in INVARIANTS.items() if (found := check(facts))}


def looked_at(facts: Exchanges) -> dict[str, int]:
    """Of how many things each invariant was asked."""
    return {
        "mail arrives": len(facts.letters),
        "mail once": len(facts.mails),
        "hooks arrive": len(facts.deliveries),
        "hooks whole": len(facts.receptions),
        "gone is gone": len(facts.endpoints),
        "uploads once": len(facts.told) + len(facts.stored),
        "telemetry once": len(facts.batches),
        "gates tell": len(facts.gates),
        "failed gates halt": sum(act.action == "gatecheck.fail" for act in facts.acts),
    }
