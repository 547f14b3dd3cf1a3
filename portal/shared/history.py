"""Audit records as sentences: what the history of an object shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.shared.models import AuditRecord

# action -> (sentence after the actor's name, icon, tone). `{x}` is filled from the record's data.
SENTENCES: dict[str, tuple[str, str, str]] = {
    "publisher.create": ("founded the team", "users", "info"),
    "publisher.update": ("changed the team's profile", "pencil", "neutral"),
    "publisher.verify": ("changed the publisher's kind to {kind}", "shield-check", "success"),
    "invitation.invite": ("invited {email} as {role}", "mail", "info"),
    "invitation.accept": ("accepted the invitation", "user-plus", "success"),
    "invitation.decline": ("declined the invitation", "x", "neutral"),
    "invitation.revoke": ("took an invitation back", "x", "neutral"),
    "membership.change_role": ("changed the role of {email} from {from} to {to}", "user", "neutral"),
    "membership.remove": ("removed {email} from the team", "x", "warning"),
    "membership.leave": ("left the team", "x", "neutral"),
    "connector.register": ("registered the connector", "plug", "info"),
    "connector.update": ("changed the connector", "pencil", "neutral"),
    "connector.tick": ("ticked “{item}” in the planning checklist", "square-check", "neutral"),
    "connector.untick": ("unticked “{item}” in the planning checklist", "circle-dashed", "neutral"),
    "connector.assign_contact": ("assigned a contact from the reviewers", "user", "info"),
    "connector.activate": ("made the connector active", "check", "success"),
    "connector.deprecate": ("deprecated the connector: it retires on {on}", "alert-triangle", "warning"),
    "connector.reinstate": ("took the deprecation back", "arrow-back-up", "success"),
    "connector.retire": ("retired the connector", "archive", "neutral"),
    "notice.announce": ("announced a {kind} for {on}", "bell", "warning"),
    "notice.cancel": ("called the announcement off", "x", "neutral"),
    "notice.complete": ("carried out what was announced", "check", "neutral"),
    "connector.cancel": ("gave up the reserved name", "x", "neutral"),
    "connector.mark_version": ("set the {pointer} version to {label}", "tag", "neutral"),
    "version.create": ("uploaded a package", "file-zip", "info"),
    "upload.refuse": ("uploaded a package that was refused", "alert-triangle", "danger"),
    "submission.create": ("started the draft", "file-text", "info"),
    "submission.start_again": ("started it again from {from}", "copy", "info"),
    "submission.choose_package": ("chose package {version}", "file-zip", "neutral"),
    "submission.take_receipt": (
        "brought a receipt of package {version}: its verdict was taken over",
        "award",
        "success",
    ),
    "submission.outdated_receipt": (
        "brought a receipt of package {version}: it is checked anew",
        "award",
        "neutral",
    ),
    "submission.keep_operation": ("kept {operation} beside {successor} in {version}", "versions", "neutral"),
    "submission.note_warning": ("answered the warnings of {rule}", "note", "neutral"),
    "submission.submit": ("submitted it", "send", "progress"),
    "submission.resubmit": ("resubmitted it", "send", "progress"),
    "submission.start_validation": ("started the validation", "refresh", "progress"),
    "submission.pass_validation": ("passed it to review: no rule blocks it", "check", "success"),
    "submission.fail_validation": ("found errors in the package", "x", "danger"),
    "submission.request_changes": ("requested changes", "message", "warning"),
    "submission.approve": ("approved it", "check", "success"),
    "submission.reject": ("rejected it", "x", "danger"),
    "suggestion.propose": ("suggested a change at {pointer}", "pencil", "info"),
    "suggestion.accept": ("accepted a suggestion into package {version}", "check", "success"),
    "suggestion.decline": ("declined a suggestion", "x", "neutral"),
    "suggestion.withdraw": ("took a suggestion back", "x", "neutral"),
    "condition.set": ("asked for: {condition}", "flag", "warning"),
    "condition.meet": ("found met: {condition}", "check", "success"),
    "condition.drop": ("asks no more for: {condition}", "x", "neutral"),
    "appeal.raise": ("appealed against the rejection", "flag", "warning"),
    "appeal.uphold": ("let the rejection stand", "x", "danger"),
    "appeal.overturn": ("overturned the rejection", "check", "success"),
    "appeal.withdraw": ("withdrew the appeal", "x", "neutral"),
    "cannedreply.create": ("wrote the reply “{title}”", "note", "info"),
    "cannedreply.change": ("changed the reply “{title}”", "pencil", "neutral"),
    "cannedreply.retire": ("retired the reply “{title}”", "archive", "neutral"),
    "cannedreply.restore": ("took the reply “{title}” into use again", "refresh", "neutral"),
    "submission.withdraw": ("withdrew it", "arrow-left", "neutral"),
    "submission.start_preview": ("sent it to the Preview region", "rocket", "progress"),
    "submission.reach_preview": ("opened the Preview for testing", "eye", "info"),
    "submission.fail_preview": ("could not deploy it to Preview", "alert-triangle", "danger"),
    "submission.sign_off": ("signed it off in Preview", "check", "success"),
    "submission.refuse": ("refused it in Preview", "x", "danger"),
    "submission.expire": ("let the Preview expire unanswered", "clock", "warning"),
    "submission.reopen": ("reopened the Preview", "refresh", "info"),
    "submission.schedule": ("scheduled the rollout", "calendar", "info"),
    "submission.unschedule": ("took it off the schedule", "calendar", "neutral"),
    "submission.start_rollout": ("started the rollout", "rocket", "progress"),
    "submission.hold": ("held the rollout", "player-pause", "warning"),
    "submission.resume": ("resumed the rollout", "player-play", "progress"),
    "submission.halt": ("stopped the rollout", "hand-stop", "danger"),
    "submission.release": ("released the halt", "player-play", "progress"),
    "submission.complete": ("is live in every region", "check", "success"),
    "submission.start_rollback": ("started the rollback", "arrow-back-up", "warning"),
    "submission.complete_rollback": ("finished the rollback", "arrow-back-up", "neutral"),
    "submission.supersede": ("replaced it by a newer version", "arrow-up", "neutral"),
    "credential.add": ("added test credentials ({purpose})", "key", "neutral"),
    "credential.replace": ("replaced test credentials ({purpose})", "key", "neutral"),
    "credential.remove": ("removed test credentials ({purpose})", "key", "neutral"),
    "credential.reveal": ("looked at test credentials ({purpose})", "eye", "warning"),
    "waiver.acknowledge": ("acknowledged the errors of {rule}", "flag", "neutral"),
    "waiver.request": ("asked for a waiver of {rule}", "flag", "neutral"),
    "waiver.approve": ("approved the waiver of {rule}", "check", "success"),
    "waiver.decline": ("declined the waiver of {rule}", "x", "danger"),
    "waiver.withdraw": ("withdrew the waiver of {rule}", "x", "neutral"),
    "claim.take": ("took the review", "user", "info"),
    "claim.extend": ("held on to the review", "clock", "neutral"),
    "claim.release": ("gave the review back to the queue", "arrow-left", "neutral"),
    "claim.hand_over": ("handed the review over", "arrow-right", "info"),
    "claim.expire": ("let the review go back to the queue", "clock", "neutral"),
    "thread.open": ("opened a thread", "message", "neutral"),
    "thread.resolve": ("resolved a thread", "check", "success"),
    "thread.reopen": ("reopened a thread", "message", "warning"),
    "comment.add": ("wrote a comment", "message", "neutral"),
    "preview.start": ("began to deploy to Preview", "rocket", "progress"),
    "preview.open": ("has the Preview ready for testing", "test-pipe", "info"),
    "preview.fail": ("could not deploy to Preview", "alert-triangle", "danger"),
    "preview.retry": ("deploys to Preview again", "refresh", "progress"),
    "preview.sign_off": ("signed the Preview off", "checklist", "success"),
    "preview.refuse": ("refused the Preview", "hand-stop", "danger"),
    "preview.remind": ("reminded the team of the deadline", "bell", "neutral"),
    "preview.extend": ("gave more time to test", "calendar-time", "info"),
    "preview.expire": ("let the Preview expire", "hourglass", "warning"),
    "preview.reopen": ("reopened the Preview", "refresh", "info"),
    "preview.pause": ("stopped the clock: {cause}", "player-pause", "warning"),
    "preview.resume": ("let the clock run again", "player-play", "info"),
    "preview.cancel": ("ended the Preview", "ban", "neutral"),
    "guesttester.invite": ("invited {email} to test as a guest", "mail", "info"),
    "guesttester.send_again": ("sent {email} another invitation to test", "mail", "neutral"),
    "guesttester.accept": ("accepted the invitation to test as a guest", "user-plus", "success"),
    "guesttester.prolong": ("lets {email} test until {until}", "calendar-time", "info"),
    "guesttester.revoke": ("took back the access of {email}", "ban", "warning"),
    "preview.check": ("filled in the checklist of {product}: {works} fine, {fails} not", "checklist", "info"),
    "rollout.schedule": ("scheduled the rollout by “{plan}”", "calendar-event", "info"),
    "rollout.reschedule": ("moved dates of waves", "calendar-time", "warning"),
    "rollout.take_turn": ("let it go: its turn had come", "player-play", "progress"),
    "rollout.supersede": ("ended the rollout: {by} took its place", "versions", "neutral"),
    "rollout.choose_opt_in": ("added opt-in waves: {waves}", "plus", "info"),
    "rollout.end_opt_in": ("ended the opt-in waves", "player-skip-forward", "warning"),
    "rollout.start": ("started the rollout", "rocket", "progress"),
    "rollout.hold": ("held the rollout", "player-pause", "warning"),
    "rollout.resume": ("resumed the rollout", "player-play", "progress"),
    "rollout.halt": ("stopped the rollout", "hand-stop", "danger"),
    "rollout.release": ("released the halt", "lock-open", "progress"),
    "documentation.publish": ("published the documentation of {version}", "book", "success"),
    "documentation.republish": ("published the documentation of {version} again", "refresh", "info"),
    "documentation.withdraw": ("took the documentation of {version} back", "arrow-back-up", "neutral"),
    "rollout.complete": ("has the version live in every region", "world-check", "success"),
    "rollout.start_rollback": ("started the rollback", "arrow-back-up", "warning"),
    "rollout.complete_rollback": ("finished the rollback", "arrow-back-up", "neutral"),
    "rollout.cancel": ("cancelled the rollout", "ban", "neutral"),
    "wave.start": ("started wave {wave}", "rocket", "progress"),
    "wave.verify": ("verified wave {wave}", "circle-check", "success"),
    "wave.skip": ("left wave {wave} out", "player-skip-forward", "neutral"),
    "deployment.intend": ("sends it to {region}", "send", "progress"),
    "deployment.resend": ("sends it to {region} again, which never heard of it", "send", "progress"),
    "deployment.accept": ("was told that {region} works on it", "circle-half-2", "progress"),
    "deployment.lose": ("does not know what {region} did", "help-circle", "warning"),
    "deployment.forget": ("took back what {region} had not received", "arrow-back-up", "neutral"),
    "deployment.report": ("was told by {region} that it is done", "circle-dot", "info"),
    "deployment.verify": ("verified it in {region}", "circle-check", "success"),
    "deployment.fail": ("saw it fail in {region}", "circle-x", "danger"),
    "deployment.retry": ("tries {region} again", "refresh", "progress"),
    "deployment.skip": ("left {region} out", "player-skip-forward", "neutral"),
    "deployment.cancel": ("took {region} off the list", "ban", "neutral"),
    "deployment.overdue": ("has waited too long for a result", "clock", "warning"),
    "connector.ask_ownership": ("asked for a proof of the host", "shield-check", "neutral"),
    "connector.drop_ownership": ("wants no proof of the host any more", "shield-check", "neutral"),
    "healthalert.fire": ("raised an alert: {kind}", "alert-triangle", "danger"),
    "healthalert.acknowledge": ("looks after the alert: {kind}", "eye", "warning"),
    "healthalert.resolve": ("ended the alert: {kind}", "circle-check", "success"),
    "metricssource.save": ("described the metrics source {name}", "database", "neutral"),
    "metricssource.start": ("began to fetch figures from {name}", "player-play", "success"),
    "metricssource.stop": ("stopped fetching figures from {name}", "player-stop", "warning"),
    "healthobjective.set": ("set the objective to {success_percent}% of calls", "target", "neutral"),
    "knownissue.tell": ("published “{title}” among the known issues", "info-circle", "info"),
    "knownissue.change": ("changed the known issue “{title}”", "pencil", "neutral"),
    "knownissue.resolve": ("resolved the known issue “{title}”", "check", "success"),
    "availabilityrequest.request": ("asked for general availability", "send", "progress"),
    "availabilityrequest.grant": ("made it generally available", "world-check", "success"),
    "availabilityrequest.decline": ("declined general availability for now", "x", "warning"),
    "availabilityrequest.withdraw": (
        "withdrew the request for general availability",
        "arrow-left",
        "neutral",
    ),
    "placement.disagree": ("found something else than was reported", "git-compare", "danger"),
    "placement.agree": ("found what was reported again", "check", "success"),
    "regiontask.open": ("asks somebody to deploy it in {region} by hand", "hand-stop", "info"),
    "regiontask.take": ("is at the deployment in {region}", "user-check", "info"),
    "regiontask.give_back": ("gave back the deployment in {region}", "user", "neutral"),
    "regiontask.finish": ("deployed by hand in {region}", "check", "success"),
    "regiontask.fail": ("could not deploy by hand in {region}", "x", "danger"),
    "regiontask.overtake": ("does not want the deployment in {region} any more", "x", "neutral"),
    "sighting.add": ("looked at what runs in {region}", "eye", "neutral"),
    "gatecheck.pass": ("found the version good enough after wave {wave}", "circle-check", "success"),
    "gatecheck.fail": ("found the version worse after wave {wave}", "circle-x", "danger"),
    "gatecheck.wait": ("cannot tell after wave {wave}: waits for a person", "help-circle", "warning"),
    "gatecheck.let_through": ("let the gate after wave {wave} pass", "user-check", "info"),
    "rehearsal.start": ("rehearses the rollback in Preview", "test-pipe", "info"),
    "rehearsal.succeed": ("proved the rollback in Preview", "circle-check", "success"),
    "rehearsal.fail": ("could not rehearse the rollback", "circle-x", "danger"),
    "incident.open": ("opened an incident", "alert-triangle", "warning"),
    "incident.close": ("closed the incident", "circle-check", "success"),
    "skiprequest.request": ("asks to leave {region} out", "player-skip-forward", "info"),
    "skiprequest.approve": ("agreed to leave {region} out", "check", "neutral"),
    "skiprequest.decline": ("declined to leave {region} out", "x", "neutral"),
    "override.request": ("asks to {doing}", "help-circle", "info"),
    "override.half_approve": ("agreed to {doing}, one more has to", "check", "neutral"),
    "override.approve": ("agreed to {doing}", "check", "neutral"),
    "override.decline": ("declined to {doing}", "x", "neutral"),
    "override.withdraw": ("took back the request to {doing}", "arrow-back-up", "neutral"),
    "override.expire": ("let the exception to {doing} expire", "clock", "neutral"),
    "override.use": ("used the permission to {doing}", "player-skip-forward", "neutral"),
    "rollout.board": ("boards {train} with wave {wave}", "route", "info"),
    "ruletreatment.request": ("asks to treat {rule} as: {as}, for {for}", "help-circle", "info"),
    "ruletreatment.plan": ("decided to treat {rule} as: {as}, for {for}", "adjustments", "info"),
    "ruletreatment.approve": ("agreed", "check", "success"),
    "ruletreatment.decline": ("declined", "x", "neutral"),
    "ruletreatment.withdraw": ("took it back", "arrow-back-up", "neutral"),
    "ruletreatment.start": ("began to treat {rule} as: {as}", "player-play", "success"),
    "ruletreatment.end": ("ended it: a newer treatment takes its place", "archive", "neutral"),
    "mailtext.change": ("gave the mail {mail} other words", "pencil", "info"),
    "mailtext.restore": ("took an earlier wording of the mail {mail}", "arrow-back-up", "info"),
    "mailtext.reset": ("took the default words of the mail {mail} again", "arrow-back-up", "neutral"),
    "train.create": ("made the train", "plus", "info"),
    "train.change": ("changed the train", "pencil", "info"),
    "train.retire": ("retired the train", "archive", "neutral"),
    "freeze.change": ("changed it", "pencil", "info"),
    "plan.create": ("created the plan", "calendar", "info"),
    "plan.revise": ("made revision {revision}", "pencil", "info"),
    "plan.make_default": ("made it the default plan", "star", "info"),
    "plan.retire": ("retired the plan", "archive", "neutral"),
    "freeze.create": ("planned “{name}”", "snowflake", "info"),
    "freeze.cancel": ("took “{name}” back", "x", "neutral"),
    "region.add": ("added the region", "plus", "info"),
    "region.change": ("changed the region", "pencil", "neutral"),
    "region.activate": ("activated the region", "check", "success"),
    "region.deactivate": ("deactivated the region", "ban", "warning"),
    "region.renew_telemetry_token": ("made a new telemetry token", "key", "neutral"),
    "token.create": ("made an API token", "key", "neutral"),
    "calendarfeed.make": ("made a new address for the calendar", "calendar", "neutral"),
    "calendarfeed.drop": ("took the address of the calendar away", "calendar", "neutral"),
    "token.revoke": ("revoked an API token", "key", "neutral"),
    "user.set_staff_role": ("changed the staff role from “{from}” to “{to}”", "user", "warning"),
}


@dataclass(frozen=True)
class HistoryEntry:
    """One line of a history, in the form `_timeline.html` shows. `changes` says what became what."""

    at: datetime
    actor: str
    text: str
    detail: str
    icon: str
    tone: str
    id: int = 0
    changes: tuple[str, ...] = ()


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(record: AuditRecord) -> tuple[str, str, str]:
    """Words, icon and tone of a record; an action nobody worded yet is shown by its verb."""
    noun, _, verb = record.action.partition(".")
    words, icon, tone = SENTENCES.get(
        record.action, (f"{noun}: {verb.replace('_', ' ')}", "circle", "neutral")
    )
    return words.format_map(_Lenient(record.data)), icon, tone


def entries(records: Iterable[AuditRecord]) -> list[HistoryEntry]:
    """Records (with their actors selected) as lines. Reads no further rows."""
    lines = []
    for record in records:
        words, icon, tone = sentence(record)
        actor = record.actor.name if record.actor else "Portal"
        changes = _changes(record.data)
        lines.append(HistoryEntry(record.at, actor, words, record.reason, icon, tone, record.pk, changes))
    return lines


_LONGEST_VALUE = 120


def _changes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What is different now, of a record that kept how it was `before`."""
    before = data.get("before")
    if not isinstance(before, Mapping):
        return ()
    names = [name for name, old in before.items() if data.get(name) != old]
    return tuple(
        f"{name.replace('_', ' ')}: {_shown(before[name])} → {_shown(data.get(name))}" for name in names
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value in (None, "", [], {}):
        return "nothing"
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
