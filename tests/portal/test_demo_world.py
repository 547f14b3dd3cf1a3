"""The demo world as the services left it: every state, a coherent past, pages that render for everybody."""

from __future__ import annotations

import datetime as dt
from itertools import pairwise

import pytest
from django.db import connection, transaction
from django.db.models import Max, Min, Sum
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from certification.lifecycle import SUBMISSION, SubmissionState, WaiverState
from certification.models import (
    Comment,
    Finding,
    Freeze,
    GuestTester,
    ImportedConnector,
    Incident,
    Notification,
    OverrideRequest,
    Placement,
    PlanWaveRegion,
    Preview,
    ProductCheck,
    RegionWatch,
    Rollout,
    RolloutPlan,
    Submission,
    SubmissionFamily,
    Thread,
    Train,
    TrainBoarding,
    Waiver,
    WarningNote,
    WebhookEndpoint,
)
from certification.models import TestCredential as Credential
from certification.queries import gates as gate_queries
from certification.services import incidents
from connectors.definitions import read_archive
from connectors.models import Connector, HealthHour, KnownIssue, Publisher, Region, Version
from portal.accounts.models import User
from portal.demo import people, priming, seed
from portal.demo.clock import told_time
from portal.shared import audit, storage
from portal.shared.models import AuditRecord, OutboxJob

pytestmark = [pytest.mark.timeout(900), pytest.mark.django_db]

AGENT = "http://127.0.0.1:8199"
TOKEN = "token-of-the-demo-regions"
ENTRIES = ("owner", "reviewer", "operator", "administrator")


@pytest.fixture(scope="module")
def world(django_db_setup, django_db_blocker):
    """The whole world once for all tests of this file; gone afterwards."""
    with django_db_blocker.unblock(), transaction.atomic():
        assert seed.build(AGENT, TOKEN)
        yield
        transaction.set_rollback(True)


def enter(role: str) -> Client:
    """A browser of one of the people behind the one-click entries."""
    browser = Client()
    user = User.objects.get(email=people.ENTRY_PERSONS[role].address)
    browser.force_login(user)
    session = browser.session
    session["trial_entry"] = True
    session.save()
    return browser


def test_submissions_are_in_every_state(world):
    assert set(Submission.objects.values_list("state", flat=True)) == set(SubmissionState.values)


def test_it_is_large_enough_to_look_around(world):
    assert Publisher.objects.count() >= 8
    assert Connector.objects.count() >= 25
    assert User.objects.filter(staff_role="").count() >= 20
    assert {
        kind: User.objects.filter(staff_role=kind).count()
        for kind in ("reviewer", "operator", "administrator")
    } == {
        "reviewer": 3,
        "operator": 2,
        "administrator": 2,
    }
    assert set(Publisher.objects.values_list("kind", flat=True)) == {"verified", "independent"}
    assert User.objects.values("time_zone").distinct().count() >= 10


def test_building_it_again_changes_nothing(world):
    before = AuditRecord.objects.count()
    assert seed.build(AGENT, TOKEN) is False
    assert AuditRecord.objects.count() == before


def test_no_state_was_written_past_the_lifecycle(world):
    moves = {move: (rule.sources, rule.target) for move, rule in SUBMISSION.moves.items()}
    for submission in Submission.objects.all():
        records = audit.history(submission).filter(object_key=audit.key_of(submission)).order_by("id")
        steps = [
            (each.action.partition(".")[2], each.data)
            for each in records
            if "from" in each.data and "to" in each.data
        ]
        state = "draft"
        for verb, data in steps:
            sources, target = moves[verb]
            assert data["from"] == state, submission
            assert state in sources, submission
            assert data["to"] == target, submission
            state = target
        assert state == submission.state, submission


def test_the_audit_chain_is_sealed_and_whole(world):
    report = audit.verify_chain()
    assert report.faults == []
    assert report.checked == AuditRecord.objects.count()


def test_history_is_told_in_order_over_ninety_days(world):
    span = AuditRecord.objects.aggregate(first=Min("at"), last=Max("at"))
    assert timezone.now() - span["first"] > dt.timedelta(days=85)
    assert span["last"] <= timezone.now()
    moments = AuditRecord.objects.order_by("id").values_list("at", flat=True)
    assert all(earlier <= later for earlier, later in pairwise(moments))
    for submission in Submission.objects.exclude(submitted_at=None):
        assert submission.created_at <= submission.submitted_at <= timezone.now()
        assert submission.state_changed_at >= submission.created_at


def test_stored_packages_are_what_their_digests_say(world):
    for version in Version.objects.all():
        package = read_archive(storage.load(version.digest))
        assert package.digest == version.digest
        assert not package.is_refused


def test_live_connectors_are_verified_in_every_region(world):
    # The regions of the Preview stage hold what was tested last.
    everywhere = set(
        PlanWaveRegion.objects.filter(wave__before_sign_off=False, wave__is_opt_in=False).values_list(
            "region_id", flat=True
        )
    )
    assert len(everywhere) >= 27
    live = Connector.objects.filter(state="active", scheduled_version=None).exclude(live_version=None)
    for connector in live.filter(imported=None):
        placed = Placement.objects.filter(connector=connector, verified_version=connector.live_version)
        assert set(placed.values_list("region_id", flat=True)) >= everywhere, connector


def test_the_reference_regions_can_be_given_what_history_says(world):
    held = priming.expected(AGENT)
    assert len(held) == Placement.objects.exclude(verified_version=None).count()
    keys = {(each.endpoint.code, each.command.connector) for each in held}
    assert len(keys) == len(held)


def test_people_talked_waived_asked_and_looked(world):
    assert Comment.objects.count() >= 10
    assert Thread.objects.filter(is_private=True).exists()
    assert Thread.objects.filter(state="open").exists()
    assert Thread.objects.filter(state="resolved").exists()
    assert set(Waiver.objects.values_list("state", flat=True)) == set(WaiverState.values)
    assert WarningNote.objects.count() >= 2
    asked = OverrideRequest.objects.filter(state="requested", expires_at__gt=timezone.now())
    assert set(asked.values_list("kind", flat=True)) == {"skip", "accelerate", "hotfix"}
    assert Train.objects.filter(plans__is_default=True).exists()
    assert Freeze.objects.filter(
        name="Year-end freeze", starts_at__gt=timezone.now() - dt.timedelta(days=1)
    ).exists()
    assert Rollout.objects.filter(date_changes__isnull=False).exists()
    assert Rollout.objects.exclude(halt_reason="").exists()
    assert Rollout.objects.exclude(hold_reason="").exists()
    actions = set(AuditRecord.objects.values_list("action", flat=True))
    assert {"claim.take", "claim.expire", "claim.hand_over", "credential.reveal", "preview.remind"} <= actions


def test_a_gate_with_evidence_waits_for_a_person(world):
    operator = User.objects.get(email=people.OSKAR.address)
    [check] = gate_queries.waiting(operator)
    assert check.rollout.connector.slug == "ladle-recipes"
    gate = gate_queries.gate_of(check.rollout, check.wave.number)
    drawn = {one.key for one in gate.checks if one.interval}
    assert "success" in drawn, "an interval is drawn"
    assert {one.verdict for one in gate.checks} >= {"inconclusive"}
    assert check.rollout.next_step_at > timezone.now() + dt.timedelta(hours=12), (
        "the trial's clock waits, too"
    )


def test_an_open_incident_pauses_what_it_concerns_and_nothing_else(world):
    incident = Incident.objects.get(state="open")
    assert incident.auth_kinds
    assert incident.regions
    held = Rollout.objects.get(incident=incident)
    assert (held.connector.slug, held.state) == ("nightjar-bird-counts", "held")
    assert not any(incidents.concerns(incident, each) for each in Rollout.objects.filter(state="running"))


def test_rollouts_left_and_wait_to_leave_with_the_friday_train(world):
    boarded = TrainBoarding.objects.filter(train__name="Friday train")
    states = dict(boarded.values_list("rollout__connector__slug", "rollout__state"))
    assert states["kestrel-freight"] == "scheduled"
    assert states["verdant-irrigation"] == "running"
    assert boarded.filter(departs_at__gt=timezone.now()).exists()


def test_something_is_halted_something_is_known_and_somebody_waits_for_a_region(world):
    assert "lanternfold-lockers" in Rollout.objects.filter(state="halted").values_list(
        "connector__slug", flat=True
    )
    assert KnownIssue.objects.exists()
    waiting = RegionWatch.objects.filter(told_at=None)
    assert waiting.filter(user__isnull=False).exists()
    assert waiting.filter(user=None, confirmed_at__isnull=False).exists()
    assert waiting.filter(user=None, confirmed_at=None).exists()
    hotfix = OverrideRequest.objects.get(kind="hotfix")
    assert (hotfix.state, hotfix.submission.state) == ("requested", "in_review")


def test_a_guest_tests_and_another_was_asked(world):
    assert set(GuestTester.objects.values_list("state", flat=True)) == {"accepted", "invited"}
    assert set(ProductCheck.objects.values_list("outcome", flat=True)) == {"works", "fails"}


def test_only_the_stories_faults_are_found(world):
    found: dict[str, set[str]] = {}
    for slug, rule in Finding.objects.exclude(severity="info").values_list(
        "validation__version__connector__slug", "rule"
    ):
        found.setdefault(slug, set()).add(rule)
    bells = found.pop("bell-tower-log")
    assert {rule.partition("-")[0] for rule in bells} >= {"INF", "OPR", "PRM", "EXT", "TRG", "SCH"}
    assert found == {
        "chorus-rota": {"INF-015", "INF-021", "OPR-013b"},
        "copperline-meters": {"DEF-004"},
        "lanternfold-lockers": {"UPD-001"},
        "saltmarsh-tides": {"UPD-001", "UPD-009"},
        "verdant-greenhouse": {"UPD-003", "UPD-005", "UPD-006"},
    }


def test_breaking_updates_were_answered_for_and_accepted(world):
    answered = Waiver.objects.filter(rule__startswith="UPD-")
    assert set(answered.values_list("rule", flat=True)) == {"UPD-001", "UPD-003", "UPD-005", "UPD-006"}
    assert set(answered.values_list("state", flat=True)) == {WaiverState.APPROVED}


def test_credentials_are_never_stored_in_clear(world):
    with connection.cursor() as cursor:
        table = Credential._meta.db_table
        cursor.execute(f"SELECT count(*) FROM {table} WHERE row({table}.*)::text LIKE '%%demo-key-of%%'")
        assert cursor.fetchone()[0] == 0
    assert Credential.objects.exists()


def test_mail_was_written_sent_and_partly_left_unread(world):
    assert Notification.objects.filter(state="sent").exists()
    assert not Notification.objects.filter(state="queued").exists()
    owner = User.objects.get(email=people.OLIVIA.address)
    unread = Notification.objects.filter(recipient=owner, read_at=None).count()
    assert 0 < unread < Notification.objects.filter(recipient=owner).count()
    assert all(
        address.endswith(".example") for address in Notification.objects.values_list("address", flat=True)
    )


def test_jobs_are_done_or_parked_with_a_reason(world):
    assert not OutboxJob.objects.filter(state="running").exists()
    parked = OutboxJob.objects.filter(state="parked")
    assert parked.count() == 3
    assert all(job.last_error for job in parked)


def test_ninety_days_of_telemetry_show_an_incident_a_slow_operation_and_an_ill_region(world):
    live = Connector.objects.filter(imported=None).exclude(live_version=None)
    for connector in live:
        assert HealthHour.objects.filter(connector=connector).exists(), connector
    meters = HealthHour.objects.filter(
        connector__slug="copperline-meters", hour__gte=timezone.now() - dt.timedelta(days=2)
    )
    # Of all regions together: on a weekend's night no single one has calls enough to judge.
    hours = meters.values("hour").annotate(calls=Sum("requests"), good=Sum("successes"))
    worst = max(1 - hour["good"] / hour["calls"] for hour in hours)
    assert worst > 0.2, "the incident shows"
    ill = HealthHour.objects.filter(
        connector__slug="saltmarsh-tides", region_id="southafrica", requests__gt=100
    )
    assert sum(each.requests - each.successes for each in ill) / sum(each.requests for each in ill) > 0.03


def test_times_in_the_database_are_real_again(world):
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement_timestamp(), to_regnamespace('demo_clock')")
        now, schema = cursor.fetchone()
    assert abs(now - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert schema is None
    assert abs(timezone.now() - dt.datetime.now(dt.UTC)) < dt.timedelta(seconds=1)


LISTS = ("home", "submission_list", "connector_list", "rollout_list", "notification_list", "publisher_list")
OF_A_SUBMISSION = (
    "submission_detail",
    "submission_package",
    "submission_history",
    "finding_list",
    "submission_mails",
)
OF_OPERATORS = ("plan_list", "freeze_list", "region_list", "job_list")


def pages_of(role: str) -> list[str]:
    """Addresses that the person may open, a sample of every kind of object."""
    user = User.objects.get(email=people.ENTRY_PERSONS[role].address)
    submissions = Submission.objects.visible_to(user)
    in_states = {each.state: each for each in submissions}.values()
    previews = Preview.objects.filter(submission__in=submissions)
    versions = Version.objects.filter(revisions__submission__in=submissions)
    wanted = [
        *((name, in_states) for name in OF_A_SUBMISSION),
        ("connector_detail", Connector.objects.visible_to(user)[:5]),
        ("connector_health", Connector.objects.visible_to(user)[:5]),
        ("rollout_detail", Rollout.objects.visible_to(user)),
        ("preview_detail", {each.state: each for each in previews}.values()),
        ("thread_detail", Thread.objects.visible_to(user)[:5]),
        ("notification_detail", Notification.objects.filter(recipient=user)[:5]),
        ("version_detail", versions[:3]),
    ]
    if role == "reviewer":
        in_work = submissions.filter(state__in=["in_review", "changes_requested", "preview_testing"])
        wanted.append(("review_detail", in_work))
    if role in ("operator", "administrator"):
        wanted += [("plan_detail", RolloutPlan.objects.all()), ("region_detail", Region.objects.all()[:2])]
    lists = [*LISTS, *(["review_queue"] if role == "reviewer" else [])]
    lists += OF_OPERATORS if role in ("operator", "administrator") else ()
    found = [reverse(name) for name in lists]
    return found + [reverse(name, args=[each.pk]) for name, objects in wanted for each in objects]


@pytest.mark.parametrize("role", ENTRIES)
def test_every_kind_of_page_renders(world, role):
    browser = enter(role)
    failed = {}
    for address in pages_of(role):
        with transaction.atomic():
            answer = browser.get(address, follow=True)
        if answer.status_code != 200:
            failed[address] = answer.status_code
    assert not failed


def test_told_time_lives_in_a_transaction_only(db):
    with transaction.atomic(), told_time(timezone.now() - dt.timedelta(days=3)) as clock:
        user = User.objects.create_user("somebody@clock.example")
        user.refresh_from_db()
        assert abs(user.created_at - clock.now()) < dt.timedelta(seconds=1)
        assert dt.datetime.now(dt.UTC) - timezone.now() > dt.timedelta(days=2)
        clock.set(clock.now() - dt.timedelta(days=1))
        assert dt.datetime.now(dt.UTC) - timezone.now() < dt.timedelta(days=3, minutes=1), "never backwards"
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regnamespace('demo_clock') IS NULL")
        assert cursor.fetchone()[0]


def test_a_connector_that_was_live_before_waits_for_its_makers(world):
    imported = ImportedConnector.objects.get()
    assert imported.connector.live_version is not None
    assert not imported.connector.publisher.memberships.exists()
    assert list(imported.connector.placements.values_list("region_id", flat=True)) == ["arctic-station"]
    page = enter("operator").get(reverse("import_list")).content.decode()
    assert imported.connector.name in page


def test_one_change_over_several_connectors_is_under_way(world):
    family = SubmissionFamily.objects.get()
    members = [each.submission for each in family.members.select_related("submission__version")]
    assert len(members) >= 2
    assert all(each.version is not None and each.version.number > 1 for each in members)


def test_a_program_hears_of_what_happens(world):
    endpoint = WebhookEndpoint.objects.get()
    assert endpoint.is_active
    page = enter("owner").get(reverse("webhook_detail", args=[endpoint.pk])).content.decode()
    assert endpoint.url in page
