"""What workers run: ids in, one service call. Handlers of outbox jobs first, then ticks of the timetable."""

from __future__ import annotations

from certification.messages import KINDS
from certification.services import (
    certificates,
    certification_tags,
    claims,
    commit_intake,
    credential_tests,
    documentation,
    erasing,
    erasures,
    forecasts,
    ledger,
    notices,
    notifications,
    overrides,
    pauses,
    previews,
    pull_request_answers,
    pull_requests,
    rehearsals,
    retention,
    review_mirrors,
    reviews,
    rollout_figures,
    rollout_queue,
    rollouts,
    smoke,
    submissions,
    submit_by,
    threads,
    transfers,
    treatments,
    validation,
    watches,
    webhook_sending,
)
from connectors.services import resumable
from portal.shared import rotation
from portal.shared.outbox import OfAnotherRelease


def validate_submission(*, id: str) -> None:
    validation.validate_submission(id)


def submit_commit(*, id: str, commit: str = "") -> None:
    commit_intake.submit_commit(id, commit)


def tag_certificate(*, id: str) -> None:
    certification_tags.tag_certificate(id)


def check_draft(*, id: str) -> None:
    validation.check_draft(id)


def carry_over_threads(*, id: str) -> None:
    threads.carry_over_to_latest(id)


def start_preview(*, id: str) -> None:
    previews.start_preview(id)


def start_rehearsal(*, id: str) -> None:
    rehearsals.start_rehearsal(id)


def look_at_pull_requests(*, id: str, number: int = 0) -> None:
    pull_requests.look(id, number)


def check_pull_request(*, id: str) -> None:
    pull_requests.check(id)


def mirror_submission(*, id: str) -> None:
    review_mirrors.follow_submission(id)


def mirror_comment(*, id: str) -> None:
    review_mirrors.follow_comment(id)


def mirror_thread(*, id: str) -> None:
    review_mirrors.follow_thread(id)


def mirror_pull_request(*, id: str) -> None:
    review_mirrors.follow_pull_request(id)


def hear_pull_request(*, id: str, number: int = 0, comment: int = 0) -> None:
    review_mirrors.hear_of(id, number, comment)


def sync_review_mirror(*, id: str) -> None:
    review_mirrors.sync(id)


def answer_pull_request(*, id: str) -> None:
    pull_request_answers.post_answers(id)


def end_with_submission(*, id: str) -> None:
    """The submission was withdrawn: what it started ends with it."""
    previews.cancel_with_submission(id)
    rollout_queue.leave_with_submission(id)


def end_with_connector(*, id: str) -> None:
    """The connector's name was given up: its open submission is withdrawn."""
    submissions.withdraw_with_connector(id)


def redate_queue(*, id: str, **_facts: str) -> None:
    rollout_queue.redate_behind(id)


def settle_completed(*, id: str) -> None:
    rollouts.settle_completed(id)


def refresh_forecasts(*, event: str, id: str, **_facts: str) -> None:
    forecasts.refresh_after(event, id)


def prove_credential(*, id: str, occasion: str = "manual") -> None:
    credential_tests.prove_one(id, occasion=occasion)


def prove_credentials_for_review(*, id: str) -> None:
    credential_tests.prove_before_review(id)


def run_smoke_tests(*, id: str) -> None:
    smoke.run_smoke_tests(id)


def notify(*, event: str, **payload: str) -> None:
    if event not in KINDS:
        raise OfAnotherRelease(event)
    notifications.notify(event, **payload)


def deliver(*, id: str) -> None:
    notifications.deliver(id)


def tell_of_arrival(*, id: str) -> None:
    watches.tell_of_arrival(id)


def publish_documentation(*, id: str) -> None:
    documentation.publish_after(id)


def check_documentation() -> None:
    documentation.check_pages()


def expire_ownership() -> None:
    claims.expire_claims()
    transfers.expire_transfers()


def complete_notices() -> None:
    notices.complete_due()


def forget_watches() -> None:
    watches.forget_ended()


def pause_for_bounce(*, id: str) -> None:
    pauses.pause_for_bounce(id)


def write_ledgers() -> None:
    ledger.write_due()


def advance_rollouts() -> None:
    rollouts.advance_due()


def poll_regions() -> None:
    rollouts.poll_due()


def refresh_all_forecasts() -> None:
    forecasts.refresh_all()


def keep_forecast_errors() -> None:
    forecasts.keep_errors()


def keep_rollout_figures() -> None:
    rollout_figures.keep_figures()


def keep_submit_by_dates() -> None:
    submit_by.keep_dates()


def probe_regions() -> None:
    rollouts.probe_due()


def check_preview_deadlines() -> None:
    previews.check_deadlines()


def expire_overrides() -> None:
    overrides.expire_overrides()


def start_treatments() -> None:
    treatments.start_due()


def release_expired_claims() -> None:
    reviews.release_expired_claims()


def send_digests() -> None:
    notifications.send_digests()


def prove_credentials_nightly() -> None:
    credential_tests.ask_every_night()


def tell_webhook(*, id: str) -> None:
    webhook_sending.deliver(id)


def collect_webhooks() -> None:
    webhook_sending.collect()


def keep_to_retention() -> None:
    retention.keep_to_rules()
    resumable.forget_files()


def certify_approval(*, id: str) -> None:
    certificates.issue_for_approval(id)


def certify_live(*, id: str) -> None:
    certificates.issue_for_rollout(id)


def rotate_secrets(*, id: str, after: str = "") -> None:
    """`id` is the place that the rotation has come to."""
    rotation.go_on(place=id, after=after)


def carry_out_erasure(*, id: str) -> None:
    erasing.carry_out(id)


def start_erasures() -> None:
    erasures.start_due()
