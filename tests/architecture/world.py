"""One small world with an object for every kind of address, shared by a module's tests and rolled back after each request.

Everything of the team carries a marker in its name, so that a page shown to somebody else gives itself away.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from unittest.mock import patch

from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.http import HttpResponse
from django.test import Client
from django.test.client import ClientHandler
from django.utils import timezone

from certification.attestation import seal, statement
from certification.lifecycle import SUBMISSION
from certification.models import (
    AgreementSignature,
    AgreementText,
    CatchUp,
    Certificate,
    CertificationTag,
    Decision,
    Erasure,
    ForgeConnection,
    GateCheck,
    Incident,
    Notice,
    Notification,
    OwnershipClaim,
    Placement,
    Preview,
    PullRequest,
    PullRequestCheck,
    RegionTask,
    RuleTreatment,
    Submission,
    SubmissionFamily,
    TestRun,
    WebhookDelivery,
    WebhookEndpoint,
)
from certification.planning.trains import Timetable
from certification.services import (
    claims,
    decisions,
    family_making,
    freezes,
    imports,
    overrides,
    replies,
    reviews,
    suggestions,
    testers,
    threads,
    trains,
    transfers,
    verdicts,
    waivers,
)
from certification.services.validation import check_draft
from connectors.models import (
    AvailabilityRequest,
    Connector,
    HealthAlert,
    Invitation,
    Membership,
    MetricsSource,
    Publisher,
    Repository,
    RepositoryBinding,
    ResumableUpload,
    TrustedPublisher,
)
from connectors.services import known_issues, publishers
from connectors.services.versions import receive_upload
from portal.accounts.middleware import SessionActivityMiddleware
from portal.accounts.models import ApiToken, User
from portal.accounts.tokens import create_token
from portal.shared.actors import SYSTEM
from portal.shared.models import OutboxJob
from portal.shared.transitions import transition
from tests.factories import ConnectorFactory, MembershipFactory, PublisherFactory, RegionFactory, UserFactory
from tests.factories.connectors import good_files, zipped
from tests.factories.rollouts import add_regions, add_submission, scheduled_rollout
from tests.factories.submissions import WITH_ERROR, ready_draft, submission_in

MARKER = "Zq7quartz"
PRIVATE_NOTE = "between us reviewers"
SECRET = "zq7-sandbox-key-nobody-else-reads"
ROLES = (
    "anonymous",
    "owner",
    "developer",
    "tester",
    "viewer",
    "stranger",
    "guest_tester",
    "reviewer",
    "reviewing_member",
    "operator",
    "administrator",
    "staff_without_factor",
)
TOKENS = ("owner_token", "read_token", "foreign_token")


@dataclass
class World:
    """People by role, objects by noun, and how to ask a page as one of them."""

    publisher: Publisher
    other_publisher: Publisher
    people: dict[str, User]
    sessions: dict[str, str] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    objects: dict[str, Any] = field(default_factory=dict)
    _handlers: dict[bool, ClientHandler] = field(default_factory=dict)

    def __getattr__(self, name: str) -> User:
        """People are attributes as well, as factories expect of a cast."""
        try:
            return self.people[name]
        except KeyError:
            raise AttributeError(name) from None

    def client(self, role: str, **options: Any) -> Client:
        """A browser (or, for tokens, a program) of that person."""
        browser = Client(raise_request_exception=False, **options)
        # The chain of middleware is built once, not for every browser.
        browser.handler = self._handlers.setdefault(browser.handler.enforce_csrf_checks, browser.handler)
        if role in self.sessions:
            browser.cookies[settings.SESSION_COOKIE_NAME] = self.sessions[role]
        elif role in self.tokens:
            browser.defaults["HTTP_AUTHORIZATION"] = f"Bearer {self.tokens[role]}"
        return browser

    def ask(
        self,
        role: str,
        method: str,
        path: str,
        data: Any = None,
        *,
        json: bool = False,
        secure: bool = False,
        **options: Any,
    ) -> HttpResponse:
        """One request whose effects are undone."""
        browser = self.client(role, **options)
        with undone():
            cache.clear()
            if method in {"GET", "HEAD"}:
                return getattr(browser, method.lower())(path, data, secure=secure)
            if json or method != "POST":
                return browser.generic(
                    method, path, _json(data), content_type="application/json", secure=secure
                )
            return browser.post(path, data or {}, secure=secure)


def _json(data: Any) -> str:
    from django.core.serializers.json import DjangoJSONEncoder

    return DjangoJSONEncoder().encode(data if data is not None else {})


@contextmanager
def undone() -> Iterator[None]:
    """What happens inside leaves no row behind."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@contextmanager
def built() -> Iterator[World]:
    """The world inside a transaction that is rolled back at the end."""
    # With an empty cache every question would be the first of its session, and be written down.
    with (
        patch.object(SessionActivityMiddleware, "_is_news", staticmethod(lambda request: False)),
        transaction.atomic(),
    ):
        cache.clear()
        yield build()
        transaction.set_rollback(True)
    cache.clear()


def build() -> World:
    world = _people()
    for noun in (
        _connectors,
        _submissions,
        _review,
        _families,
        _rollouts,
        _previews,
        _plans,
        _ownership,
        _health,
        _messages,
        _webhooks,
        _repositories,
        _agreements,
        _account,
    ):
        noun(world)
    # Jobs of all that would only be noise; one parked job remains to be looked at.
    OutboxJob.objects.exclude(pk=world.objects["job"].pk).delete()
    return world


def _people() -> World:
    publisher = PublisherFactory(name=f"{MARKER} Harbour", slug="zq7quartz-harbour")
    other = PublisherFactory(name="Fjord Analytics", slug="fjord-analytics", kind="independent")
    staff = {"reviewer": "reviewer", "second_reviewer": "reviewer", "reviewing_member": "reviewer"}
    staff |= {"operator": "operator", "second_operator": "operator", "administrator": "administrator"}
    staff |= {"staff_without_factor": "reviewer"}
    team = {"owner": "owner", "developer": "developer", "tester": "tester", "viewer": "viewer"}
    team |= {"reviewing_member": "developer"}
    people = {
        name: UserFactory(
            email=f"{name}@example.test",
            display_name=name.replace("_", " ").title(),
            staff_role=staff.get(name, ""),
        )
        for name in dict.fromkeys((*team, *staff, "stranger", "guest", "guest_tester"))
    }
    for name, role in team.items():
        MembershipFactory(publisher=publisher, user=people[name], role=role)
    MembershipFactory(publisher=other, user=people["stranger"], role="owner")
    world = World(publisher, other, people)
    for role in ROLES:
        if role != "anonymous":
            world.sessions[role] = _session(people[role], with_factor=role != "staff_without_factor")
    return world


def _session(person: User, *, with_factor: bool = True) -> str:
    browser = Client()
    browser.force_login(person)
    session = browser.session
    session["trial_entry"] = bool(person.staff_role) and with_factor
    # As if they had just signed in: pages that want a fresh sign-in let them pass.
    moment = timezone.now().timestamp() + 3600
    session["account_authentication_methods"] = [
        {"method": "password", "at": moment, "reauthenticated": True}
    ]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()
    return browser.cookies[settings.SESSION_COOKIE_NAME].value


def _connector(world: World, name: str) -> Connector:
    return ConnectorFactory(publisher=world.publisher, name=f"{MARKER} {name}")


def _connectors(world: World) -> None:
    connector = _connector(world, "Tides")
    refused = receive_upload(
        connector, files=[("package.zip", zipped([("../evil.json", b"{}")]))], actor=world.developer
    )
    world.objects |= {"connector": connector, "refused_upload": refused, "publisher": world.publisher}
    world.objects["own_membership"] = Membership.objects.get(user=world.developer, publisher=world.publisher)
    world.objects["membership"] = Membership.objects.get(user=world.tester, publisher=world.publisher)
    world.objects["viewing_membership"] = Membership.objects.get(user=world.viewer, publisher=world.publisher)
    invitation, token = publishers.invite(
        world.publisher, email="guest@example.test", role="tester", actor=world.owner
    )
    world.objects |= {
        "invitation": Invitation.objects.get(pk=invitation.pk),
        "invitation_token": token.reveal(),
    }


def _submissions(world: World) -> None:
    draft = ready_draft(world.developer, _connector(world, "Draft"))
    in_review = _in_review_with_waiver(world)
    world.objects |= {
        "draft": draft,
        "submission": in_review,
        "revision": in_review.revision,
        "version": in_review.version,
        "upload": in_review.version.uploads.first(),
        "credential": in_review.credentials.get(),
        "draft_credential": draft.credentials.get(),
        "withdrawn": submission_in("withdrawn", world.developer, _connector(world, "Withdrawn")),
    }
    world.objects["test_run"] = TestRun.objects.create(
        submission=in_review, version=in_review.version, source="api", operation_id=f"{MARKER}Tides",
        is_success=True, user=world.tester,
    )  # fmt: skip
    credential = world.objects["credential"]
    credential.fields = {"key": SECRET}
    credential.save(update_fields=["fields"])


def _in_review_with_waiver(world: World) -> Submission:
    """Checked while it was with the team, a waiver asked for, then handed in again."""
    submission = submission_in(
        "changes_requested", world.developer, world.objects["connector"], case=WITH_ERROR
    )
    check_draft(str(submission.pk))
    why = "The word belongs to the name of the company itself."
    world.objects["waiver"] = waivers.request_waiver(
        submission, rule="INF-004", reason=why, actor=world.developer
    )
    world.objects["validation"] = submission.version.validations.get()
    for event in ("resubmit", "start_validation", "pass_validation"):
        transition(SUBMISSION, submission, event, actor=SYSTEM)
    return _loaded(submission)


def _review(world: World) -> None:
    submission = _loaded(world.objects["submission"])
    thread = threads.open_thread(
        submission,
        body=f"{MARKER}: which harbour?",
        place=threads.Place("", "", None),
        is_private=False,
        actor=world.reviewer,
    )
    private = threads.open_thread(
        submission,
        body=f"{MARKER}: {PRIVATE_NOTE}",
        place=threads.Place("", "", None),
        is_private=True,
        actor=world.reviewer,
    )
    reviews.claim(submission, actor=world.reviewer)
    suggestion = suggestions.open_with_suggestion(
        submission,
        place=threads.Place("apiDefinition.swagger.json", "/info/description", None),
        text=f'"{MARKER}: other words."',
        actor=world.reviewer,
    )
    reply = replies.create_reply(title="Which harbour", body="Which one, {publisher}?", actor=world.reviewer)
    world.objects["suggested_thread"] = suggestion.thread
    world.objects |= {"thread": thread, "private_thread": private, "suggestion": suggestion, "reply": reply}
    _verdicts(world)


def _families(world: World) -> None:
    family = family_making.make_family(
        world.publisher,
        title=f"{MARKER} hosts",
        connectors=[_connector(world, name) for name in ("Berths", "Cranes")],
        actor=world.developer,
    )
    SubmissionFamily.objects.filter(pk=family.pk).update(submitted_at=timezone.now())
    world.objects["family"] = family


def _verdicts(world: World) -> None:
    for name, verdict in (("Rejected", "reject"), ("Appealed", "reject"), ("Approved", "approve")):
        submission = _loaded(submission_in("in_review", world.developer, _connector(world, name)))
        digest = submission.revision.version.digest
        conditions = [verdicts.Wanted("Tell the pilots.")] if verdict == "approve" else []
        decision = decisions.decide(
            submission,
            verdict=verdict,
            reasons="No.",
            digest=digest,
            conditions=conditions,
            actor=world.second_reviewer,
        )
        world.objects[name.lower()] = submission
        world.objects[f"{name.lower()}_decision"] = decision
    appealed = Decision.objects.select_related("submission__connector__publisher").get(
        pk=world.objects["appealed_decision"].pk
    )
    world.objects["appeal"] = verdicts.appeal(appealed, text=MARKER, actor=world.owner)
    world.objects["condition"] = world.objects["approved_decision"].conditions.get()


def _loaded(submission: Submission) -> Submission:
    related = (
        "connector__publisher",
        "connector__live_version",
        "revision__version",
        "revision__handed_in_by",
        "version",
    )
    return Submission.objects.select_related(*related).get(pk=submission.pk)


def _rollouts(world: World) -> None:
    rollout = scheduled_rollout(world, "north south", "east", connector=_connector(world, "Rollout"))
    deployment = rollout.deployments.order_by("region_id").first()
    gate = GateCheck.objects.create(
        rollout=rollout, wave=rollout.waves.first(), stage="gate", verdict="inconclusive", summary=MARKER
    )
    world.objects |= {
        "rollout": rollout,
        "deployment": deployment,
        "gate": gate,
        "incident": Incident.objects.create(
            title="Sign-in is ill", text="Nobody gets a token.", opened_by=world.operator, is_public=False
        ),
        "gate_wave": gate.wave.number,
        "catch_up": CatchUp.objects.create(
            region=RegionFactory(code="late", name="Late"),
            starts_on=timezone.localdate(),
            per_day=5,
            reason=MARKER,
            opened_by=world.operator,
        ),
        "skip": overrides.request_skip(deployment, reason="Its data centre moves.", actor=world.operator),
        "region": deployment.region,
        "rolled_submission": rollout.submission,
        "signed_off": add_submission(world, state="signed_off", connector=_connector(world, "Signed")),
        "plan": rollout.plan,
    }


def _previews(world: World) -> None:
    submission = add_submission(world, state="preview_testing", connector=_connector(world, "Preview"))
    now = timezone.now()
    world.objects["preview"] = Preview.objects.create(
        submission=submission,
        revision=submission.revision,
        version=submission.version,
        region_id="preview-us",
        state="testing",
        opened_at=now,
        deadline_at=now + timedelta(days=5),
    )
    world.objects["previewed"] = submission
    draft = testers.GuestDraft("guest_tester@example.test", ["flow"])
    access, _ = testers.invite(world.objects["preview"], draft, actor=world.owner)
    person = world.people["guest_tester"]
    EmailAddress.objects.update_or_create(
        user=person, email=person.email, defaults={"verified": True, "primary": True}
    )
    testers.accept(access, actor=person)
    asked, token = testers.invite(
        world.objects["preview"], testers.GuestDraft("guest@example.test", ["flow"]), actor=world.owner
    )
    world.objects |= {"guest_access": access, "guest_invitation": asked, "tester_token": token.reveal()}


def _webhooks(world: World) -> None:
    submission = world.objects["submission"]
    world.objects["certificate"] = Certificate.objects.create(
        submission=submission,
        version=submission.version,
        kind="approval",
        envelope=seal(
            statement(
                "harbour.zip", submission.version.digest, {"rules": {}, "decisions": [], "waivers": []}
            ),
            Ed25519PrivateKey.generate(),
        ),
        key_id="0" * 64,
    )
    world.objects["trusted_publisher"] = TrustedPublisher.objects.create(
        publisher=world.publisher,
        issuer="https://token.actions.githubusercontent.com",
        repository=f"{MARKER}/harbour",
        workflow="release.yml",
        scopes=["read"],
        created_by=world.owner,
    )
    world.objects["webhook"] = WebhookEndpoint.objects.create(
        publisher=world.publisher,
        url="https://hooks.harbour.example/portal",
        description=f"{MARKER} releases",
        secrets={"current": "whsec_" + "c2VjcmV0IG9mIHRoZSBxdWF5cyBhbmQgdGhlIHRpZGU="},
    )
    world.objects["webhook_message"] = WebhookDelivery.objects.create(
        endpoint=world.objects["webhook"],
        sequence=1,
        event_type="submission.approve",
        body='{"type": "submission.approve", "data": {"id": 1}}',
        state="failed",
        next_attempt_at=None,
        attempts=[{"at": timezone.now().isoformat(), "status": 500, "ms": 80, "error": ""}],
        answer="Not today.",
    )


def _repositories(world: World) -> None:
    world.objects["resumable"] = ResumableUpload.objects.create(
        connector=world.objects["connector"],
        user=world.developer,
        filename="tides.zip",
        size_bytes=10,
        expires_at=timezone.now() + timedelta(hours=1),
    )
    world.objects["repository"] = Repository.objects.create(
        publisher=world.publisher,
        address="https://git.harbour.example/zq7quartz/all.git",
        secrets={"token": "quay-token", "hook": "quay-secret"},
    )
    world.objects["certification_tag"] = CertificationTag.objects.create(
        certificate=world.objects["certificate"],
        connector=world.objects["connector"],
        version=world.objects["certificate"].version,
        address="https://git.harbour.example/zq7quartz/all.git",
        commit="a" * 40,
        name=f"certified/{MARKER}/1.0.0",
        state="failed",
        failure="read-only",
    )
    binding = RepositoryBinding.objects.create(
        connector=world.objects["connector"],
        repository=world.objects["repository"],
        branch="dev",
        folder="connectors/zq7quartz",
        commits=[{"sha": "a" * 40, "author": "Astrid", "at": timezone.now().isoformat(), "summary": MARKER}],
        is_read=True,
    )
    ForgeConnection.objects.create(
        repository=binding.repository,
        kind="github",
        api_url="https://api.github.harbour.example",
        name="zq7quartz/all",
        secrets={"token": "quay-token"},
    )
    world.objects["pull_request"] = PullRequest.objects.create(
        repository=binding.repository,
        ref="refs/pull/7/head",
        number=7,
        title=MARKER,
        base="dev",
        head_sha="b" * 40,
        checked_sha="b" * 40,
    )
    PullRequestCheck.objects.create(
        pull_request=world.objects["pull_request"],
        binding=binding,
        head_sha="b" * 40,
        verdict="pass",
        change_kind="update",
        rules_version="1",
    )


def _agreements(world: World) -> None:
    digest = "0" * 64
    text = AgreementText.objects.create(
        version=1,
        text="What is given is given.",
        digest=digest,
        published_by=world.people["administrator"],
    )
    world.objects["agreement_signature"] = AgreementSignature.objects.create(
        text=text, digest=digest, signer=world.owner, publisher=world.publisher, signed_name=f"{MARKER} Owner"
    )


def _plans(world: World) -> None:
    now = timezone.now()
    timetable = Timetable("Friday train")
    world.objects["treatment"] = RuleTreatment.objects.create(
        rule="SEC-002", treatment="warning", reason=f"{MARKER}: tools of ours find it.", starts_at=now,
        needs_second=True, state="proposed",
        requested_by=UserFactory(email="asking.admin@example.test", staff_role="administrator"),
    )  # fmt: skip
    world.objects["train"] = trains.create_train(trains.TrainDraft(timetable), actor=world.operator)
    draft = freezes.FreezeDraft(
        name="Year-end",
        reason="Nobody is at work.",
        starts_at=now + timedelta(days=200),
        ends_at=now + timedelta(days=210),
    )
    world.objects["freeze"] = freezes.create_freeze(draft, actor=world.operator)[0]
    add_regions("spare-region")
    RegionFactory(code="zq7-region")
    by_hand = RegionFactory(code="zq7-by-hand", driver="manual", driver_settings={"instructions": "Look."})
    connector = world.objects["connector"]
    world.objects["region_task"] = RegionTask.objects.create(
        region=by_hand, connector=connector, key="zq7", number=1, action="deploy", version_label="1.0.0",
        digest="a" * 64,
    )  # fmt: skip
    world.objects["notice"] = Notice.objects.create(
        connector=connector, kind="change", text=f"{MARKER} will change.", announced_by=world.owner,
        effective_on=(now + timedelta(days=40)).date(),
    )  # fmt: skip
    world.objects["manual_place"] = Placement.objects.create(region=by_hand, connector=connector)


def _ownership(world: World) -> None:
    """An imported connector that the team claims, and a connector that it offers to a third one."""
    region = RegionFactory(code="old-world", name="Old World")
    line = imports.ImportLine("Old Tides", "Old Harbour", zipped(good_files()), (region.pk,), "store export")
    imported = imports.import_connector(line, actor=world.operator)
    claim = claims.claim_connector(imported, publisher=world.publisher, note=MARKER, actor=world.owner)
    # Looked at just now: no test asks name servers.
    OwnershipClaim.objects.filter(pk=claim.pk).update(checked_at=timezone.now())
    third = PublisherFactory(name="Third Harbour", slug="third-harbour")
    MembershipFactory(publisher=third, user=world.reviewing_member, role="owner")
    connector = _connector(world, "Handed over")
    world.objects |= {
        "imported": imported,
        "claim": claim,
        "transfer": transfers.offer_transfer(connector, to=third.slug, note=MARKER, actor=world.owner),
    }


def _health(world: World) -> None:
    connector, now = world.objects["connector"], timezone.now()
    world.objects |= {
        "source": MetricsSource.objects.create(
            name="Harbour",
            region=world.objects["region"],
            base_url="https://metrics.example",
            requests_query="connector_requests_total",
        ),
        "alert": HealthAlert.objects.create(connector=connector, kind="silence", last_breach_at=now),
        "issue": known_issues.tell(
            connector, known_issues.IssueDraft("Slow at noon", "Ask for less."), actor=world.developer
        ),
        "availability": AvailabilityRequest.objects.create(
            connector=connector, support_hours="Every day", requested_by=world.developer
        ),
    }


def _messages(world: World) -> None:
    world.objects["notification"] = Notification.objects.create(
        recipient=world.developer,
        address=world.developer.email,
        event="submission.submit",
        group="submissions",
        subject=f"{MARKER} was handed in",
        body_text="A worker validates it now.",
        submission=world.objects["submission"],
        publisher=world.publisher,
        state="failed",
        message_id="<zq7@portal.test>",
        dedupe_key="zq7",
    )
    world.objects["erasure"] = Erasure.objects.create(
        person=world.developer, requested_by=world.developer, words={"also": []},
        due_at=timezone.now() + timedelta(days=14),
    )  # fmt: skip
    world.objects["job"] = OutboxJob.objects.create(
        topic="submission.submit", handler="certification.tasks.validate_submission", queue="validation", state="parked",
        payload={"id": str(world.objects["submission"].pk)},
    )  # fmt: skip


def _account(world: World) -> None:
    every = list(ApiToken.Scope.values)
    for name, person, scopes, publisher_id in (
        ("owner_token", world.owner, every, None),
        ("read_token", world.owner, ["read"], None),
        # Bound to another team: sees nothing of this one, whatever its owner may see.
        ("foreign_token", world.owner, every, world.other_publisher.pk),
    ):
        token, text = create_token(
            owner=person,
            name=name,
            scopes=scopes,
            lifetime=timedelta(days=30),
            publisher_id=publisher_id,
            actor=person,
        )
        world.tokens[name] = text.reveal()
        world.objects[name] = token
