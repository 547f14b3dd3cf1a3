"""Canned replies: written, changed and retired by those who review, every wording kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction
from django.utils.formats import number_format
from django.utils.translation import gettext as _

from certification.models import CannedReply
from certification.policies import can_manage_replies
from certification.reviewing.replies import unknown_variables
from certification.rules.rulebook import rule_info
from certification.services.clock import database_now
from portal.accounts.models import User
from portal.shared import audit
from portal.shared.errors import Conflict, InvalidInput
from portal.shared.policy import require
from portal.shared.words import lazy as _lazy

LONGEST_TITLE = 80
LONGEST_BODY = 5_000
MOST_RULES = 20
_OTHERS = _lazy("Reviewers keep the canned replies.")


def create_reply(*, title: str, body: str, rules: Iterable[str] = (), actor: User) -> CannedReply:
    """A new reply. Raises InvalidInput for an unknown variable or rule, or a title that is in use."""
    require(can_manage_replies, actor, None, otherwise=_OTHERS)
    reply = CannedReply()
    _fill(reply, title, body, rules, actor)
    with _unique_title(), transaction.atomic():
        reply.save(force_insert=True)
        audit.record("cannedreply.create", reply, actor=actor, data=_data(reply))
    return reply


def change_reply(
    reply: CannedReply, *, title: str, body: str, rules: Iterable[str], edit_count: int, actor: User
) -> CannedReply:
    """Another wording. `edit_count` is the one the writer started from: Conflict when somebody was faster."""
    require(can_manage_replies, actor, None, otherwise=_OTHERS)
    with _unique_title(), transaction.atomic():
        row = CannedReply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
        if row.edit_count != edit_count:
            raise Conflict(_("Somebody changed this reply while you were writing: compare, then save again."))
        before = _data(row)
        _fill(row, title, body, rules, actor)
        if _data(row) != before:
            row.edit_count += 1
            row.save()
            data = {**_data(row), "before": before}
            audit.record("cannedreply.change", row, actor=actor, data=data)
    return row


def retire_reply(reply: CannedReply, *, actor: User) -> CannedReply:
    """It is not offered any more; its history stays."""
    return _switch(reply, is_active=False, actor=actor)


def restore_reply(reply: CannedReply, *, actor: User) -> CannedReply:
    return _switch(reply, is_active=True, actor=actor)


def _switch(reply: CannedReply, *, is_active: bool, actor: User) -> CannedReply:
    require(can_manage_replies, actor, None, otherwise=_OTHERS)
    with _unique_title(), transaction.atomic():
        row = CannedReply.objects.select_for_update(of=("self",)).get(pk=reply.pk)
        if row.is_active != is_active:
            row.is_active, row.changed_by, row.changed_at = is_active, actor, database_now()
            row.save(update_fields=["is_active", "changed_by", "changed_at"])
            action = "cannedreply.restore" if is_active else "cannedreply.retire"
            audit.record(action, row, actor=actor, data=_data(row))
    return row


@contextmanager
def _unique_title() -> Iterator[None]:
    try:
        yield
    except IntegrityError as error:
        if "cannedreply_title_once" not in str(error):
            raise
        words = _("Another reply has this title.")
        raise InvalidInput(words, fields={"title": [words]}) from error


def _fill(reply: CannedReply, title: str, body: str, rules: Iterable[str], actor: User) -> None:
    title, body = " ".join(title.split()), body.replace("\r\n", "\n").replace("\0", "").strip()
    wanted = list(dict.fromkeys(_rule_id(rule.strip()) for rule in rules if rule.strip()))
    problems: dict[str, list[str]] = {}
    if not title or len(title) > LONGEST_TITLE:
        problems["title"] = [_("A title of at most %(most)s characters.") % {"most": LONGEST_TITLE}]
    if not body or len(body) > LONGEST_BODY:
        problems["body"] = [
            _("A text of at most %(most)s characters.")
            % {"most": number_format(LONGEST_BODY, force_grouping=True)}
        ]
    elif unknown := unknown_variables(body):
        problems["body"] = [_("There is no variable {%(unknown)s}.") % {"unknown": unknown[0]}]
    strange = [rule for rule in wanted if rule_info(rule) is None]
    if strange:
        problems["rules"] = [_("There is no rule %(strange)s.") % {"strange": strange[0][:20]}]
    elif len(wanted) > MOST_RULES:
        problems["rules"] = [_("At most %(most)s rules.") % {"most": MOST_RULES}]
    if problems:
        raise InvalidInput(_("The reply cannot be saved as it is."), fields=problems)
    reply.title, reply.body, reply.rules = title, body, wanted
    reply.changed_by, reply.changed_at = actor, database_now()


def _rule_id(name: str) -> str:
    info = rule_info(name)
    return info.id if info else name


def _data(reply: CannedReply) -> dict[str, object]:
    return {"title": reply.title, "body": reply.body, "rules": list(reply.rules)}
