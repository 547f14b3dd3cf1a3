"""Audit records as sentences: what the history of an object shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from portal.shared.models import AuditRecord
from portal.shared.words import lazy as _

# action -> (sentence after the actor's name, icon, tone). `{x}` is filled from the record's data.
SENTENCES: dict[str, tuple[str, str, str]] = {
    "publisher.create": (_("founded the team"), "users", "info"),
    "publisher.update": (_("changed the team's profile"), "pencil", "neutral"),
    "publisher.verify": (_("changed the publisher's kind to {kind}"), "shield-check", "success"),
    "invitation.invite": (_("invited {email} as {role}"), "mail", "info"),
    "invitation.accept": (_("accepted the invitation"), "user-plus", "success"),
    "invitation.decline": (_("declined the invitation"), "x", "neutral"),
    "invitation.revoke": (_("took an invitation back"), "x", "neutral"),
    "membership.change_role": (_("changed the role of {email} from {from} to {to}"), "user", "neutral"),
    "membership.remove": (_("removed {email} from the team"), "x", "warning"),
    "membership.leave": (_("left the team"), "x", "neutral"),
    "connector.register": (_("registered the connector"), "plug", "info"),
    "connector.update": (_("changed the connector"), "pencil", "neutral"),
    "connector.tick": (_("ticked “{item}” in the planning checklist"), "square-check", "neutral"),
    "connector.untick": (_("unticked “{item}” in the planning checklist"), "circle-dashed", "neutral"),
    "connector.assign_contact": (_("assigned a contact from the reviewers"), "user", "info"),
    "connector.activate": (_("made the connector active"), "check", "success"),
    "connector.deprecate": (_("deprecated the connector: it retires on {on}"), "alert-triangle", "warning"),
    "connector.reinstate": (_("took the deprecation back"), "arrow-back-up", "success"),
    "connector.retire": (_("retired the connector"), "archive", "neutral"),
    "notice.announce": (_("announced a {kind} for {on}"), "bell", "warning"),
    "notice.cancel": (_("called the announcement off"), "x", "neutral"),
    "notice.complete": (_("carried out what was announced"), "check", "neutral"),
    "connector.cancel": (_("gave up the reserved name"), "x", "neutral"),
    "connector.mark_version": (_("set the {pointer} version to {label}"), "tag", "neutral"),
    "connector.import": (_("brought in the live version {version}, as told by {source}"), "download", "info"),
    "ownershipclaim.open": (_("claims “{connector}” for {team}"), "flag", "info"),
    "ownershipclaim.ask": (_("asked {to} to confirm the claim"), "mail", "neutral"),
    "ownershipclaim.grant": (_("gave “{connector}” to {team}: {proof}"), "shield-check", "success"),
    "ownershipclaim.refuse": (_("refused the claim of {team}"), "x", "warning"),
    "ownershipclaim.withdraw": (_("withdrew the claim"), "x", "neutral"),
    "ownershipclaim.expire": (_("let the claim of {team} expire"), "clock", "neutral"),
    "transfer.offer": (_("offered “{connector}” to {to_team}"), "send", "info"),
    "transfer.accept": (_("took “{connector}” over from {from_team}"), "check", "success"),
    "transfer.decline": (_("declined “{connector}”"), "x", "neutral"),
    "transfer.withdraw": (_("took the offer of “{connector}” back"), "arrow-back-up", "neutral"),
    "transfer.expire": (_("let the offer of “{connector}” expire"), "clock", "neutral"),
    "agreement.publish": (_("published version {version} of the contributor agreement"), "file-text", "info"),
    "agreementsignature.sign": (
        _("signed version {version} of the agreement for {for}"),
        "pencil",
        "success",
    ),
    "agreementsignature.withdraw": (_("withdrew a signature of version {version}"), "x", "warning"),
    "certificate.issue": (_("signed a certificate: {kind}"), "award", "success"),
    "trustedpublisher.trust": (_("trusts {workflow} of {repository}"), "shield-check", "info"),
    "trustedpublisher.distrust": (_("no longer trusts {workflow} of {repository}"), "x", "neutral"),
    "trustedpublisher.exchange": (_("gave {repository} at {ref} a token for minutes"), "key", "neutral"),
    "trustedpublisher.refuse": (_("gave {repository} no token: it is not what it was"), "ban", "warning"),
    "repository.bind": (_("bound the connector to {folder} of {address}"), "link", "info"),
    "repository.unbind": (_("took the connector off its repository"), "x", "neutral"),
    "repository.rotate_secret": (_("made a new secret for the webhook of the repository"), "key", "neutral"),
    "forge.connect": (_("has pull requests answered at {address}"), "git-merge", "info"),
    "forge.disconnect": (_("has pull requests answered nowhere any more"), "x", "neutral"),
    "pullrequest.check_again": (_("had {pull_request} checked again"), "refresh", "neutral"),
    "repository.start_submitting": (_("lets new commits be handed in by themselves"), "send", "info"),
    "repository.stop_submitting": (_("no longer lets commits be handed in by themselves"), "x", "neutral"),
    "repository.start_tagging": (_("lets certified commits be tagged"), "tag", "info"),
    "repository.stop_tagging": (_("no longer lets certified commits be tagged"), "x", "neutral"),
    "repository.start_mirroring": (
        _("lets threads of reviews be told at the pull request"),
        "message-circle",
        "info",
    ),
    "repository.stop_mirroring": (_("keeps threads of reviews on the portal again"), "x", "neutral"),
    "commitintake.submit": (_("handed in commit {commit} by itself"), "send", "success"),
    "commitintake.refuse": (_("did not hand in commit {commit} by itself"), "ban", "warning"),
    "certificationtag.push": (_("tagged the certified commit as {tag}"), "tag", "success"),
    "certificationtag.fail": (_("could not tag the certified commit as {tag}"), "alert-triangle", "warning"),
    "commit.take": (_("took the package from commit {commit}"), "download", "info"),
    "webhookendpoint.create": (_("made a webhook for {url}"), "link", "info"),
    "webhookendpoint.change": (_("changed the webhook for {url}"), "pencil", "neutral"),
    "webhookendpoint.rotate_secret": (_("made a new secret for a webhook"), "key", "neutral"),
    "webhookendpoint.start": (_("switched a webhook on"), "player-play", "success"),
    "webhookendpoint.stop": (_("switched a webhook off"), "player-pause", "neutral"),
    "webhookendpoint.disable": (_("switched a webhook off: nothing took its messages"), "ban", "warning"),
    "webhookendpoint.remove": (_("removed the webhook for {url}"), "x", "neutral"),
    "version.create": (_("uploaded a package"), "file-zip", "info"),
    "upload.refuse": (_("uploaded a package that was refused"), "alert-triangle", "danger"),
    "submission.create": (_("started the draft"), "file-text", "info"),
    "submission.start_again": (_("started it again from {from}"), "copy", "info"),
    "submission.choose_package": (_("chose package {version}"), "file-zip", "neutral"),
    "submission.take_receipt": (
        _("brought a receipt of package {version}: its verdict was taken over"),
        "award",
        "success",
    ),
    "submission.outdated_receipt": (
        _("brought a receipt of package {version}: it is checked anew"),
        "award",
        "neutral",
    ),
    "submission.keep_operation": (
        _("kept {operation} beside {successor} in {version}"),
        "versions",
        "neutral",
    ),
    "submission.note_warning": (_("answered the warnings of {rule}"), "note", "neutral"),
    "submission.submit": (_("submitted it"), "send", "progress"),
    "submission.resubmit": (_("resubmitted it"), "send", "progress"),
    "submission.start_validation": (_("started the validation"), "refresh", "progress"),
    "submission.pass_validation": (_("passed it to review: no rule blocks it"), "check", "success"),
    "submission.fail_validation": (_("found errors in the package"), "x", "danger"),
    "submission.request_changes": (_("requested changes"), "message", "warning"),
    "submission.approve": (_("approved it"), "check", "success"),
    "submission.reject": (_("rejected it"), "x", "danger"),
    "suggestion.propose": (_("suggested a change at {pointer}"), "pencil", "info"),
    "suggestion.accept": (_("accepted a suggestion into package {version}"), "check", "success"),
    "suggestion.decline": (_("declined a suggestion"), "x", "neutral"),
    "suggestion.withdraw": (_("took a suggestion back"), "x", "neutral"),
    "condition.set": (_("asked for: {condition}"), "flag", "warning"),
    "condition.meet": (_("found met: {condition}"), "check", "success"),
    "condition.drop": (_("asks no more for: {condition}"), "x", "neutral"),
    "appeal.raise": (_("appealed against the rejection"), "flag", "warning"),
    "appeal.uphold": (_("let the rejection stand"), "x", "danger"),
    "appeal.overturn": (_("overturned the rejection"), "check", "success"),
    "appeal.withdraw": (_("withdrew the appeal"), "x", "neutral"),
    "cannedreply.create": (_("wrote the reply “{title}”"), "note", "info"),
    "cannedreply.change": (_("changed the reply “{title}”"), "pencil", "neutral"),
    "cannedreply.retire": (_("retired the reply “{title}”"), "archive", "neutral"),
    "cannedreply.restore": (_("took the reply “{title}” into use again"), "refresh", "neutral"),
    "submission.withdraw": (_("withdrew it"), "arrow-left", "neutral"),
    "submission.start_preview": (_("sent it to the Preview region"), "rocket", "progress"),
    "submission.reach_preview": (_("opened the Preview for testing"), "eye", "info"),
    "submission.fail_preview": (_("could not deploy it to Preview"), "alert-triangle", "danger"),
    "submission.sign_off": (_("signed it off in Preview"), "check", "success"),
    "submission.refuse": (_("refused it in Preview"), "x", "danger"),
    "submission.expire": (_("let the Preview expire unanswered"), "clock", "warning"),
    "submission.reopen": (_("reopened the Preview"), "refresh", "info"),
    "submission.schedule": (_("scheduled the rollout"), "calendar", "info"),
    "submission.unschedule": (_("took it off the schedule"), "calendar", "neutral"),
    "submission.start_rollout": (_("started the rollout"), "rocket", "progress"),
    "submission.hold": (_("held the rollout"), "player-pause", "warning"),
    "submission.resume": (_("resumed the rollout"), "player-play", "progress"),
    "submission.halt": (_("stopped the rollout"), "hand-stop", "danger"),
    "submission.release": (_("released the halt"), "player-play", "progress"),
    "submission.complete": (_("is live in every region"), "check", "success"),
    "submission.start_rollback": (_("started the rollback"), "arrow-back-up", "warning"),
    "submission.complete_rollback": (_("finished the rollback"), "arrow-back-up", "neutral"),
    "submission.supersede": (_("replaced it by a newer version"), "arrow-up", "neutral"),
    "submissionfamily.create": (_("made the family of {connectors} connectors"), "stack-2", "info"),
    "submissionfamily.change": (_("changed packages of the family ({count}): {what}"), "pencil", "neutral"),
    "submissionfamily.submit": (_("submitted the family ({count})"), "send", "progress"),
    "submissionfamily.decide": (_("decided {decided} of {asked} connectors"), "checklist", "info"),
    "submissionfamily.comment": (_("wrote to the family ({count})"), "message", "neutral"),
    "submissionfamily.schedule": (
        _("scheduled rollouts of the family ({count}) from {starts_on}"),
        "calendar-event",
        "info",
    ),
    "credential.add": (_("added test credentials ({purpose})"), "key", "neutral"),
    "credential.replace": (_("replaced test credentials ({purpose})"), "key", "neutral"),
    "credential.remove": (_("removed test credentials ({purpose})"), "key", "neutral"),
    "credential.reveal": (_("looked at test credentials ({purpose})"), "eye", "warning"),
    "waiver.acknowledge": (_("acknowledged the errors of {rule}"), "flag", "neutral"),
    "waiver.request": (_("asked for a waiver of {rule}"), "flag", "neutral"),
    "waiver.approve": (_("approved the waiver of {rule}"), "check", "success"),
    "waiver.decline": (_("declined the waiver of {rule}"), "x", "danger"),
    "waiver.withdraw": (_("withdrew the waiver of {rule}"), "x", "neutral"),
    "claim.take": (_("took the review"), "user", "info"),
    "claim.extend": (_("held on to the review"), "clock", "neutral"),
    "claim.release": (_("gave the review back to the queue"), "arrow-left", "neutral"),
    "claim.hand_over": (_("handed the review over"), "arrow-right", "info"),
    "claim.expire": (_("let the review go back to the queue"), "clock", "neutral"),
    "thread.open": (_("opened a thread"), "message", "neutral"),
    "thread.resolve": (_("resolved a thread"), "check", "success"),
    "thread.reopen": (_("reopened a thread"), "message", "warning"),
    "thread.arrive": (_("began at the pull request, by “{login}”"), "message", "neutral"),
    "comment.arrive": (_("was commented at the pull request, by “{login}”"), "message", "neutral"),
    "comment.add": (_("wrote a comment"), "message", "neutral"),
    "preview.start": (_("began to deploy to Preview"), "rocket", "progress"),
    "preview.open": (_("has the Preview ready for testing"), "test-pipe", "info"),
    "preview.fail": (_("could not deploy to Preview"), "alert-triangle", "danger"),
    "preview.retry": (_("deploys to Preview again"), "refresh", "progress"),
    "preview.sign_off": (_("signed the Preview off"), "checklist", "success"),
    "preview.refuse": (_("refused the Preview"), "hand-stop", "danger"),
    "preview.remind": (_("reminded the team of the deadline"), "bell", "neutral"),
    "preview.extend": (_("gave more time to test"), "calendar-time", "info"),
    "preview.expire": (_("let the Preview expire"), "hourglass", "warning"),
    "preview.reopen": (_("reopened the Preview"), "refresh", "info"),
    "preview.pause": (_("stopped the clock: {cause}"), "player-pause", "warning"),
    "preview.resume": (_("let the clock run again"), "player-play", "info"),
    "preview.cancel": (_("ended the Preview"), "ban", "neutral"),
    "guesttester.invite": (_("invited {email} to test as a guest"), "mail", "info"),
    "guesttester.send_again": (_("sent {email} another invitation to test"), "mail", "neutral"),
    "guesttester.accept": (_("accepted the invitation to test as a guest"), "user-plus", "success"),
    "guesttester.prolong": (_("lets {email} test until {until}"), "calendar-time", "info"),
    "guesttester.revoke": (_("took back the access of {email}"), "ban", "warning"),
    "preview.check": (
        _("filled in the checklist of {product}: {works} fine, {fails} not"),
        "checklist",
        "info",
    ),
    "rollout.schedule": (_("scheduled the rollout by “{plan}”"), "calendar-event", "info"),
    "rollout.reschedule": (_("moved dates of waves"), "calendar-time", "warning"),
    "rollout.reorder": (_("changed the order of the waves"), "stack-2", "warning"),
    "rollout.take_turn": (_("let it go: its turn had come"), "player-play", "progress"),
    "rollout.supersede": (_("ended the rollout: {by} took its place"), "versions", "neutral"),
    "rollout.choose_opt_in": (_("added opt-in waves: {waves}"), "plus", "info"),
    "rollout.catch_up": (_("also goes to {region}, which opened later"), "plus", "info"),
    "catchup.open": (_("began to bring {region} what is live elsewhere"), "world", "info"),
    "catchup.hold": (_("held the catch-up of {region}"), "player-pause", "warning"),
    "catchup.resume": (_("resumed the catch-up of {region}"), "player-play", "info"),
    "catchup.complete": (_("brought {region} everything that is live elsewhere"), "circle-check", "success"),
    "catchup.cancel": (_("cancelled the catch-up of {region}"), "x", "neutral"),
    "rollout.end_opt_in": (_("ended the opt-in waves"), "player-skip-forward", "warning"),
    "rollout.start": (_("started the rollout"), "rocket", "progress"),
    "rollout.hold": (_("held the rollout"), "player-pause", "warning"),
    "rollout.resume": (_("resumed the rollout"), "player-play", "progress"),
    "rollout.halt": (_("stopped the rollout"), "hand-stop", "danger"),
    "rollout.release": (_("released the halt"), "lock-open", "progress"),
    "documentation.publish": (_("published the documentation of {version}"), "book", "success"),
    "documentation.republish": (_("published the documentation of {version} again"), "refresh", "info"),
    "documentation.withdraw": (_("took the documentation of {version} back"), "arrow-back-up", "neutral"),
    "rollout.complete": (_("has the version live in every region"), "world-check", "success"),
    "rollout.start_rollback": (_("started the rollback"), "arrow-back-up", "warning"),
    "rollout.complete_rollback": (_("finished the rollback"), "arrow-back-up", "neutral"),
    "rollout.cancel": (_("cancelled the rollout"), "ban", "neutral"),
    "wave.start": (_("started wave {wave}"), "rocket", "progress"),
    "wave.verify": (_("verified wave {wave}"), "circle-check", "success"),
    "wave.skip": (_("left wave {wave} out"), "player-skip-forward", "neutral"),
    "deployment.intend": (_("sends it to {region}"), "send", "progress"),
    "deployment.resend": (_("sends it to {region} again, which never heard of it"), "send", "progress"),
    "deployment.accept": (_("was told that {region} works on it"), "circle-half-2", "progress"),
    "deployment.lose": (_("does not know what {region} did"), "help-circle", "warning"),
    "deployment.forget": (_("took back what {region} had not received"), "arrow-back-up", "neutral"),
    "deployment.report": (_("was told by {region} that it is done"), "circle-dot", "info"),
    "deployment.verify": (_("verified it in {region}"), "circle-check", "success"),
    "deployment.fail": (_("saw it fail in {region}"), "circle-x", "danger"),
    "deployment.retry": (_("tries {region} again"), "refresh", "progress"),
    "deployment.skip": (_("left {region} out"), "player-skip-forward", "neutral"),
    "deployment.cancel": (_("took {region} off the list"), "ban", "neutral"),
    "deployment.overdue": (_("has waited too long for a result"), "clock", "warning"),
    "connector.ask_ownership": (_("asked for a proof of the host"), "shield-check", "neutral"),
    "connector.drop_ownership": (_("wants no proof of the host any more"), "shield-check", "neutral"),
    "connector.expect_heartbeat": (_("expects a heartbeat of the backend"), "activity", "neutral"),
    "connector.change_heartbeat": (_("changed when a heartbeat is expected"), "activity", "neutral"),
    "connector.drop_heartbeat": (_("expects no heartbeat any more"), "activity", "neutral"),
    "healthalert.fire": (_("raised an alert: {kind}"), "alert-triangle", "danger"),
    "healthalert.acknowledge": (_("looks after the alert: {kind}"), "eye", "warning"),
    "healthalert.resolve": (_("ended the alert: {kind}"), "circle-check", "success"),
    "metricssource.save": (_("described the metrics source {name}"), "database", "neutral"),
    "metricssource.start": (_("began to fetch figures from {name}"), "player-play", "success"),
    "metricssource.stop": (_("stopped fetching figures from {name}"), "player-stop", "warning"),
    "healthobjective.set": (_("set the objective to {success_percent}% of calls"), "target", "neutral"),
    "knownissue.tell": (_("published “{title}” among the known issues"), "info-circle", "info"),
    "knownissue.change": (_("changed the known issue “{title}”"), "pencil", "neutral"),
    "knownissue.resolve": (_("resolved the known issue “{title}”"), "check", "success"),
    "availabilityrequest.request": (_("asked for general availability"), "send", "progress"),
    "availabilityrequest.grant": (_("made it generally available"), "world-check", "success"),
    "availabilityrequest.decline": (_("declined general availability for now"), "x", "warning"),
    "availabilityrequest.withdraw": (
        _("withdrew the request for general availability"),
        "arrow-left",
        "neutral",
    ),
    "placement.disagree": (_("found something else than was reported"), "git-compare", "danger"),
    "placement.agree": (_("found what was reported again"), "check", "success"),
    "regiontask.open": (_("asks somebody to deploy it in {region} by hand"), "hand-stop", "info"),
    "regiontask.take": (_("is at the deployment in {region}"), "user-check", "info"),
    "regiontask.give_back": (_("gave back the deployment in {region}"), "user", "neutral"),
    "regiontask.finish": (_("deployed by hand in {region}"), "check", "success"),
    "regiontask.fail": (_("could not deploy by hand in {region}"), "x", "danger"),
    "regiontask.overtake": (_("does not want the deployment in {region} any more"), "x", "neutral"),
    "sighting.add": (_("looked at what runs in {region}"), "eye", "neutral"),
    "gatecheck.pass": (_("found the version good enough after wave {wave}"), "circle-check", "success"),
    "gatecheck.fail": (_("found the version worse after wave {wave}"), "circle-x", "danger"),
    "gatecheck.wait": (_("cannot tell after wave {wave}: waits for a person"), "help-circle", "warning"),
    "gatecheck.let_through": (_("let the gate after wave {wave} pass"), "user-check", "info"),
    "rehearsal.start": (_("rehearses the rollback in Preview"), "test-pipe", "info"),
    "rehearsal.succeed": (_("proved the rollback in Preview"), "circle-check", "success"),
    "rehearsal.fail": (_("could not rehearse the rollback"), "circle-x", "danger"),
    "incident.open": (_("opened an incident"), "alert-triangle", "warning"),
    "incident.close": (_("closed the incident"), "circle-check", "success"),
    "skiprequest.request": (_("asks to leave {region} out"), "player-skip-forward", "info"),
    "skiprequest.approve": (_("agreed to leave {region} out"), "check", "neutral"),
    "skiprequest.decline": (_("declined to leave {region} out"), "x", "neutral"),
    "override.request": (_("asks to {doing}"), "help-circle", "info"),
    "override.half_approve": (_("agreed to {doing}, one more has to"), "check", "neutral"),
    "override.approve": (_("agreed to {doing}"), "check", "neutral"),
    "override.decline": (_("declined to {doing}"), "x", "neutral"),
    "override.withdraw": (_("took back the request to {doing}"), "arrow-back-up", "neutral"),
    "override.expire": (_("let the exception to {doing} expire"), "clock", "neutral"),
    "override.use": (_("used the permission to {doing}"), "player-skip-forward", "neutral"),
    "rollout.board": (_("boards {train} with wave {wave}"), "route", "info"),
    "ruletreatment.request": (_("asks to treat {rule} as: {as}, for {for}"), "help-circle", "info"),
    "ruletreatment.plan": (_("decided to treat {rule} as: {as}, for {for}"), "adjustments", "info"),
    "ruletreatment.approve": (_("agreed"), "check", "success"),
    "ruletreatment.decline": (_("declined"), "x", "neutral"),
    "ruletreatment.withdraw": (_("took it back"), "arrow-back-up", "neutral"),
    "ruletreatment.start": (_("began to treat {rule} as: {as}"), "player-play", "success"),
    "ruletreatment.end": (_("ended it: a newer treatment takes its place"), "archive", "neutral"),
    "mailtext.change": (_("gave the mail {mail} other words"), "pencil", "info"),
    "mailtext.restore": (_("took an earlier wording of the mail {mail}"), "arrow-back-up", "info"),
    "mailtext.reset": (_("took the default words of the mail {mail} again"), "arrow-back-up", "neutral"),
    "train.create": (_("made the train"), "plus", "info"),
    "train.change": (_("changed the train"), "pencil", "info"),
    "train.retire": (_("retired the train"), "archive", "neutral"),
    "freeze.change": (_("changed it"), "pencil", "info"),
    "plan.create": (_("created the plan"), "calendar", "info"),
    "plan.revise": (_("made revision {revision}"), "pencil", "info"),
    "plan.make_default": (_("made it the default plan"), "star", "info"),
    "plan.retire": (_("retired the plan"), "archive", "neutral"),
    "freeze.create": (_("planned “{name}”"), "snowflake", "info"),
    "freeze.cancel": (_("took “{name}” back"), "x", "neutral"),
    "region.add": (_("added the region"), "plus", "info"),
    "region.change": (_("changed the region"), "pencil", "neutral"),
    "region.activate": (_("activated the region"), "check", "success"),
    "region.deactivate": (_("deactivated the region"), "ban", "warning"),
    "region.renew_telemetry_token": (_("made a new telemetry token"), "key", "neutral"),
    "token.create": (_("made an API token"), "key", "neutral"),
    "calendarfeed.make": (_("made a new address for the calendar"), "calendar", "neutral"),
    "calendarfeed.drop": (_("took the address of the calendar away"), "calendar", "neutral"),
    "token.revoke": (_("revoked an API token"), "key", "neutral"),
    "erasure.ask": (_("asked for the erasure of a person"), "trash", "warning"),
    "erasure.withdraw": (_("took the erasure of a person back"), "arrow-back-up", "neutral"),
    "erasure.start": (_("began the erasure of a person"), "player-play", "progress"),
    "erasure.finish": (
        _("erased a person: {removed} rows are gone, {changed} lost their words"),
        "check",
        "neutral",
    ),
    "audit.erase": (_("took words about a person out of audit records"), "trash", "neutral"),
    "user.download_data": (_("downloaded what the portal holds about them"), "download", "neutral"),
    "user.rotate_secrets": (_("moved the stored secrets to the newest key"), "key", "neutral"),
    "user.set_staff_role": (_("changed the staff role from “{from}” to “{to}”"), "user", "warning"),
}


@dataclass(frozen=True)
class HistoryEntry:
    """One line of a history, in the form `_timeline.html` shows. `changes` says what became what;
    `is_own` that the portal did it, not a person.
    """

    at: datetime
    actor: str
    text: str
    detail: str
    icon: str
    tone: str
    id: int = 0
    changes: tuple[str, ...] = ()
    is_own: bool = False


class _Lenient(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "?"


def sentence(record: AuditRecord) -> tuple[str, str, str]:
    """Words, icon and tone of a record; an action nobody worded yet is shown by its verb."""
    noun, _dot, verb = record.action.partition(".")
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
        lines.append(
            HistoryEntry(
                record.at, actor, words, record.reason, icon, tone, record.pk, changes,
                is_own=record.actor is None,
            )
        )  # fmt: skip
    return lines


_LONGEST_VALUE = 120


# What records call the members of an object, in words.
_MEMBERS = {
    "auth_kinds": _("ways to sign in"),
    "backend_host": _("host"),
    "base_url": _("address"),
    "body": _("text"),
    "capacity": _("places"),
    "cutoff_hours": _("hours before it leaves"),
    "driver": _("kind"),
    "from": _("from"),
    "has_status_page": _("status page"),
    "is_listed": _("listed"),
    "lanes": _("lanes"),
    "leaves": _("leaves"),
    "name": _("name"),
    "opens": _("opens closed days"),
    "paired_with": _("backed up by"),
    "per_publisher": _("places for one publisher"),
    "place": _("place on the map"),
    "planned_for": _("planned for"),
    "regions": _("regions"),
    "rules": _("rules"),
    "settings": _("settings"),
    "summary": _("summary"),
    "support_email": _("support address"),
    "title": _("title"),
    "to": _("to"),
    "website": _("website"),
}


def _changes(data: Mapping[str, Any]) -> tuple[str, ...]:
    """What is different now, of a record that kept how it was `before`; how it is stands in `after`, or
    beside it. What a record does not tell of now is not told.
    """
    before, after = data.get("before"), data.get("after", data)
    if not isinstance(before, Mapping) or not isinstance(after, Mapping):
        return ()
    names = [name for name, old in before.items() if name in after and after[name] != old]
    return tuple(
        f"{_MEMBERS.get(name, name.replace('_', ' '))}: {_shown(before[name])} → {_shown(after[name])}"
        for name in names
    )


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return str(_("yes") if value else _("no"))
    if value in (None, "", [], {}):
        return str(_("nothing"))
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"
