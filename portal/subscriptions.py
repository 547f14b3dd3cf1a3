"""Event -> the jobs that follow it. The only such table: read it to know what happens after what."""

from __future__ import annotations

from portal.shared.outbox import Subscription


def _mail(event: str) -> Subscription:
    return Subscription("certification.tasks.notify", queue="mail", arguments={"event": event})


def _forecast(event: str) -> Subscription:
    return Subscription("certification.tasks.refresh_forecasts", arguments={"event": event}, max_attempts=4)


_VALIDATE = Subscription("certification.tasks.validate_submission", queue="validation")
_CHECK = Subscription("certification.tasks.check_draft", queue="validation", max_attempts=4)
_CARRY_OVER = Subscription("certification.tasks.carry_over_threads")
_START_PREVIEW = Subscription("certification.tasks.start_preview", queue="regions")
_REHEARSE = Subscription("certification.tasks.start_rehearsal", queue="regions")
_END_WITH_SUBMISSION = Subscription("certification.tasks.end_with_submission", queue="regions")
_END_WITH_CONNECTOR = Subscription("certification.tasks.end_with_connector")
_REDATE_QUEUE = Subscription("certification.tasks.redate_queue", max_attempts=4)
_SETTLE = Subscription("certification.tasks.settle_completed", queue="default")
_ASSIGN_CONTACT = Subscription("connectors.tasks.assign_contact", queue="default")
_PROVE = Subscription("certification.tasks.prove_credential", max_attempts=3)
_PROVE_FOR_REVIEW = Subscription("certification.tasks.prove_credentials_for_review", max_attempts=3)
_SMOKE = Subscription("certification.tasks.run_smoke_tests", queue="regions", max_attempts=3)
_TELL_WATCHERS = Subscription("certification.tasks.tell_of_arrival", queue="mail")
_CERTIFY = Subscription("certification.tasks.certify_approval", max_attempts=8)
_CERTIFY_LIVE = Subscription("certification.tasks.certify_live", max_attempts=8)
_PUBLISH = Subscription("certification.tasks.publish_documentation", max_attempts=8)
_TELL_WEBHOOK = Subscription("certification.tasks.tell_webhook", queue="webhooks")
_FETCH = Subscription("connectors.tasks.fetch_repository", queue="webhooks", max_attempts=3)
_LOOK = Subscription("certification.tasks.look_at_pull_requests", queue="webhooks", max_attempts=3)
_CHECK_PULL = Subscription("certification.tasks.check_pull_request", queue="validation", max_attempts=5)
_ANSWER_PULL = Subscription("certification.tasks.answer_pull_request", queue="webhooks", max_attempts=8)
_MIRROR = Subscription("certification.tasks.mirror_submission", queue="webhooks", max_attempts=8)
_MIRROR_COMMENT = Subscription("certification.tasks.mirror_comment", queue="webhooks", max_attempts=8)
_MIRROR_THREAD = Subscription("certification.tasks.mirror_thread", queue="webhooks", max_attempts=8)
_MIRROR_PULL = Subscription("certification.tasks.mirror_pull_request", queue="webhooks", max_attempts=8)
_HEAR_PULL = Subscription("certification.tasks.hear_pull_request", queue="webhooks", max_attempts=8)
_SYNC_MIRROR = Subscription("certification.tasks.sync_review_mirror", queue="webhooks", max_attempts=3)
_SUBMIT_COMMIT = Subscription("certification.tasks.submit_commit", max_attempts=4)
_TAG = Subscription("certification.tasks.tag_certificate", queue="webhooks", max_attempts=8)
_DELIVER = Subscription("certification.tasks.deliver", queue="mail", max_attempts=40)

# Whatever moves a region's date: the forecast is made anew.
_MOVES_FORECASTS = (
    "rollout.schedule",
    "rollout.queue",
    "rollout.take_turn",
    "rollout.choose_opt_in",
    "rollout.reschedule",
    "rollout.reorder",
    "rollout.start",
    "rollout.hold",
    "rollout.resume",
    "rollout.halt",
    "rollout.release",
    "wave.start",
    "wave.verify",
    "wave.skip",
    "deployment.verify",
    "deployment.fail",
    "deployment.lose",
    "deployment.retry",
    "deployment.skip",
    "gatecheck.wait",
    "gatecheck.let_through",
    "freeze.create",
    "freeze.change",
    "freeze.cancel",
)

_MAIL_ONLY = (
    "connector.assign_contact",
    "erasure.ask",
    "erasure.withdraw",
    "invitation.invite",
    "invitation.accept",
    "ownershipclaim.open",
    "ownershipclaim.ask",
    "ownershipclaim.grant",
    "ownershipclaim.refuse",
    "transfer.offer",
    "transfer.accept",
    "transfer.decline",
    "membership.change_role",
    "membership.remove",
    "publisher.verify",
    "submission.push",
    "submission.fail_validation",
    "submission.request_changes",
    "submission.reject",
    "appeal.raise",
    "appeal.uphold",
    "appeal.overturn",
    "commitintake.refuse",
    "receivedmail.refuse",
    "waiver.request",
    "waiver.approve",
    "waiver.decline",
    "claim.hand_over",
    "credential.reveal",
    "credential.fail",
    "guesttester.invite",
    "guesttester.accept",
    "guesttester.revoke",
    "preview.check",
    "preview.open",
    "preview.fail",
    "preview.remind",
    "rehearsal.fail",
    "preview.refuse",
    "preview.expire",
    "preview.extend",
    "preview.reopen",
    "preview.pause",
    "preview.resume",
    "rollout.schedule",
    "rollout.take_turn",
    "rollout.choose_opt_in",
    "rollout.end_opt_in",
    "rollout.catch_up",
    "rollout.leave_catch_up",
    "catchup.hold",
    "catchup.complete",
    "rollout.start",
    "rollout.hold",
    "rollout.resume",
    "rollout.halt",
    "rollout.release",
    "rollout.start_rollback",
    "deployment.fail",
    "deployment.overdue",
    "forecast.slip",
    "placement.disagree",
    "notice.announce",
    "notice.cancel",
    "notice.complete",
    "notice.tell",
    "incident.open",
    "incident.close",
    "gatecheck.wait",
    "gatecheck.let_through",
    "placement.agree",
    "regiontask.open",
    "regionwatch.ask",
    "regionwatch.arrive",
    "webhookendpoint.disable",
    "healthalert.fire",
    "healthalert.resolve",
    "availabilityrequest.request",
    "availabilityrequest.grant",
    "availabilityrequest.decline",
    "ruletreatment.request",
    "ruletreatment.approve",
    "ruletreatment.decline",
    "override.request",
    "override.half_approve",
    "override.approve",
    "override.decline",
    "override.expire",
)

# After these, what waits behind the rollout gets other dates.
_MOVES_THE_QUEUE = (
    "rollout.queue",
    "rollout.reschedule",
    "rollout.reorder",
    "rollout.supersede",
    "rollout.cancel",
)
# After these another version is live, or none: the documentation follows.
_CHANGES_WHAT_IS_LIVE = ("rollout.complete", "rollout.complete_rollback")

_STEPS: dict[str, tuple[Subscription, ...]] = {
    **{event: (_mail(event),) for event in _MAIL_ONLY},
    **{event: (_mail(event), _REDATE_QUEUE) for event in _MOVES_THE_QUEUE},
    **{event: (_PUBLISH, _mail(event), _REDATE_QUEUE) for event in _CHANGES_WHAT_IS_LIVE},
    "erasure.start": (
        _mail("erasure.start"),
        Subscription("certification.tasks.carry_out_erasure", max_attempts=40),
    ),
    "connector.import": (_ASSIGN_CONTACT,),
    "rollout.complete": (_PUBLISH, _CERTIFY_LIVE, _mail("rollout.complete"), _REDATE_QUEUE),
    "connector.register": (_ASSIGN_CONTACT, _mail("connector.register")),
    "submission.check": (_CHECK,),
    "comment.add": (_mail("comment.add"), _MIRROR_COMMENT),
    "thread.resolve": (_MIRROR_THREAD,),
    "thread.reopen": (_MIRROR_THREAD,),
    "submission.submit": (_VALIDATE, _mail("submission.submit"), _MIRROR),
    "submission.resubmit": (_VALIDATE, _CARRY_OVER, _mail("submission.resubmit"), _MIRROR),
    "submission.approve": (_START_PREVIEW, _CERTIFY, _mail("submission.approve")),
    "submission.withdraw": (_END_WITH_SUBMISSION, _mail("submission.withdraw")),
    "submission.complete": (_SETTLE,),
    "submission.pass_validation": (_PROVE_FOR_REVIEW, _mail("submission.pass_validation")),
    "credential.prove": (_PROVE,),
    "claim.take": (_PROVE_FOR_REVIEW,),
    "deployment.verify": (_SMOKE, _TELL_WATCHERS, _mail("deployment.verify")),
    "preview.sign_off": (_REHEARSE, _mail("preview.sign_off")),
    "connector.cancel": (_END_WITH_CONNECTOR,),
    "notification.queue": (_DELIVER,),
    "secrets.rotate": (Subscription("certification.tasks.rotate_secrets"),),
    "repository.fetch": (_FETCH, _LOOK),
    "pullrequest.tell": (_LOOK,),
    "pullrequest.check": (_CHECK_PULL,),
    "pullrequest.post": (_ANSWER_PULL,),
    "pullrequest.mirror": (_MIRROR_PULL,),
    "pullrequest.listen": (_HEAR_PULL,),
    "reviewmirror.sync": (_SYNC_MIRROR,),
    "commit.arrive": (_SUBMIT_COMMIT,),
    "certificate.tag": (_TAG,),
    "webhookdelivery.queue": (_TELL_WEBHOOK,),
    "notification.fail": (Subscription("certification.tasks.pause_for_bounce"),),
}

SUBSCRIPTIONS: dict[str, tuple[Subscription, ...]] = {
    **_STEPS,
    **{event: (*_STEPS.get(event, ()), _forecast(event)) for event in _MOVES_FORECASTS},
}
