"""The audit trail: append-only records, sealed into a hash chain behind the transactions that write them.

Sealing is a separate step so that two business transactions never wait for each other's place in the chain.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db import connection, models, transaction
from django.db.models import Exists, OuterRef
from structlog.contextvars import get_contextvars

from portal.shared.actors import Actor
from portal.shared.audit_chain import (
    ERASING,
    FORMAT,
    GENESIS,
    Erasures,
    chain_hash,
    commit,
    is_as_sealed,
    parts_of,
)
from portal.shared.models import AuditRecord, AuditSeal

LATE_RECORDS = 10_000
_SEAL_LOCK = 0x5EA1


def key_of(obj: models.Model) -> str:
    """`<noun>:<id>`, the way records name objects."""
    return f"{obj._meta.model_name}:{obj.pk}"


def record(
    action: str,
    obj: models.Model,
    *,
    actor: Actor,
    reason: str = "",
    about: Iterable[models.Model] = (),
    data: Mapping[str, Any] | None = None,
) -> AuditRecord:
    """Write one record in the caller's transaction, so that the deed and its trace share their fate.

    `action` is `<noun>.<verb>`; `about` are further objects whose history shows it; `data` is plain JSON
    without secrets.
    """
    if not connection.in_atomic_block:
        raise RuntimeError(f"{action}: an audit record belongs to the transaction of the deed")
    keys = dict.fromkeys([key_of(obj), *(key_of(other) for other in about)])
    # As the database gives it back, which is what is verified later.
    said = json.loads(json.dumps(dict(data or {})))
    commitments, salts = commit(parts_of(reason, said))
    return AuditRecord.objects.create(
        actor_id=actor.pk,
        action=action,
        object_key=key_of(obj),
        about=list(keys),
        reason=reason,
        data=said,
        request_id=str(get_contextvars().get("request_id", "")),
        commitments=commitments,
        salts=salts,
    )


def history(obj: models.Model) -> models.QuerySet[AuditRecord]:
    """Everything recorded about `obj`, newest first, with its actors."""
    return AuditRecord.objects.filter(about__contains=[key_of(obj)]).select_related("actor").order_by("-id")


def newest_of(actions: Iterable[str]) -> models.QuerySet[AuditRecord]:
    """The newest record of each of these actions, with its actor."""
    newest = AuditRecord.objects.filter(action__in=list(actions)).values("action")
    ids = newest.annotate(newest=models.Max("id")).values("newest")
    return AuditRecord.objects.filter(pk__in=ids).select_related("actor").order_by("-id")


def of_nouns(nouns: Iterable[str]) -> models.QuerySet[AuditRecord]:
    """Everything recorded of these kinds of objects, the newest first, with its actors."""
    wanted = models.Q()
    for noun in nouns:
        wanted |= models.Q(action__startswith=f"{noun}.")
    return AuditRecord.objects.filter(wanted).select_related("actor").order_by("-id")


def body_of(record: AuditRecord, *, sequence: int, version: int) -> dict[str, Any]:
    """What is under the seal of a record, as plain JSON, in the format of that seal."""
    body: dict[str, Any] = {
        "sequence": sequence,
        "id": record.pk,
        "at": record.at.isoformat(),
        "actor": str(record.actor_id) if record.actor_id else None,
        "action": record.action,
        "object": record.object_key,
        "about": record.about,
        "request_id": record.request_id,
    }
    if version == 1:
        return {**body, "reason": record.reason, "data": record.data}
    return {**body, "format": version, "commitments": record.commitments}


def _line_of(seal: AuditSeal) -> dict[str, Any]:
    """A sealed record with its words, as an export has it and the verifier reads it."""
    record, version = seal.record, seal.format
    line = body_of(record, sequence=seal.sequence, version=version)
    if version != 1:
        line |= {"reason": record.reason, "data": record.data, "salts": record.salts}
    if record.erased:
        line["erased"] = record.erased
    return {**line, "previous_hash": seal.previous_hash, "hash": seal.hash}


def seal(*, limit: int = 5_000, everything: bool = False) -> int:
    """Chain the committed records that have no seal yet; returns how many. Safe to run in parallel.

    Looks back over the latest `LATE_RECORDS` seals, so its cost does not grow with the trail; with
    `everything` from the first record on, for one whose transaction outlasted as many others.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_SEAL_LOCK])
            if not cursor.fetchone()[0]:
                return 0
        newest_first = AuditSeal.objects.order_by("-sequence")
        head = newest_first.first()
        sequence, previous = (head.sequence, head.hash) if head else (0, GENESIS)
        looked_back = newest_first.values_list("record_id", flat=True)[LATE_RECORDS:][:1]
        floor = 0 if everything else next(iter(looked_back), 0)
        seals = []
        # The bound stands on both sides, or the planner reads every seal there is to find those without.
        sealed = AuditSeal.objects.filter(record=OuterRef("pk"), record_id__gt=floor)
        unsealed = AuditRecord.objects.filter(~Exists(sealed), pk__gt=floor)
        for record in unsealed.order_by("id")[:limit]:
            sequence += 1
            # Without commitments: a worker of the release before wrote it.
            version = 1 if record.commitments is None else 2
            value = chain_hash(body_of(record, sequence=sequence, version=version), previous)
            seals.append(
                AuditSeal(
                    sequence=sequence, record=record, previous_hash=previous, hash=value, format=version
                )
            )
            previous = value
        AuditSeal.objects.bulk_create(seals)
        return len(seals)


def seal_everything() -> int:
    """Every record without a seal, however old; returns how many."""
    return sum(iter(lambda: seal(everything=True), 0))


@dataclass(frozen=True)
class ChainReport:
    """`checked` records, the `head` hash, one sentence for each fault found, and how many records have lost
    words to an erasure."""

    checked: int
    head: str
    faults: list[str]
    erased: int = 0


def verify_chain() -> ChainReport:
    """Recompute the whole chain; every altered, removed or reordered record is named."""
    previous, checked, faults, erasures = GENESIS, 0, [], Erasures()
    seals = AuditSeal.objects.select_related("record").order_by("sequence")
    for expected, item in enumerate(seals.iterator(chunk_size=2_000), start=1):
        checked += 1
        if item.sequence != expected:
            faults.append(f"Seal {expected} is missing before seal {item.sequence}.")
            break
        if item.previous_hash != previous:
            faults.append(f"Seal {item.sequence} does not follow the seal before it.")
        line = _line_of(item)
        if not is_as_sealed(line):
            faults.append(f"Record {item.record_id} was altered after it was sealed.")
        erasures.note(line)
        previous = item.hash
    _note_unsealed(erasures)
    return ChainReport(checked, previous, [*faults, *erasures.faults()], len(erasures.missed))


def _note_unsealed(erasures: Erasures) -> None:
    """Words go in the transaction of the record that tells of it, which is sealed seconds later."""
    for record in AuditRecord.objects.filter(action=ERASING, seal=None):
        erasures.note({"action": record.action, "data": record.data})


def export_lines(*, after: int = 0) -> Iterator[str]:
    """The sealed records behind sequence `after` as lines of JSON, with the first and last line that
    `audit_chain.verify_lines` asks for. Raises AuditSeal.DoesNotExist when there is no such sequence.
    """
    previous = AuditSeal.objects.get(sequence=after).hash if after else GENESIS
    yield _line({"format": FORMAT, "after": after, "previous_hash": previous})
    count = 0
    seals = AuditSeal.objects.filter(sequence__gt=after).select_related("record").order_by("sequence")
    for item in seals.iterator(chunk_size=2_000):
        count, previous = count + 1, item.hash
        yield _line(_line_of(item))
    yield _line({"records": count, "head": previous})


def _line(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False, sort_keys=True) + "\n"
