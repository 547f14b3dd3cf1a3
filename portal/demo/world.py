"""What people of the demo world do, each deed through the portal's services in the name of who does it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

from allauth.account.models import EmailAddress
from django.utils import timezone

from certification.models import Lane, Preview, Rollout, Submission
from certification.queries.validation import open_acknowledgements
from certification.services import (
    credentials,
    decisions,
    drafts,
    plans,
    previews,
    reviews,
    schedule,
    submissions,
    waivers,
)
from connectors.models import Connector, Invitation, Publisher, Version
from connectors.models.publishers import Role
from connectors.planning import CHECKLIST
from connectors.services import connectors, publishers, versions
from portal.accounts import services as accounts
from portal.accounts.models import User
from portal.demo.clock import Clock
from portal.demo.gates import ToldGates
from portal.demo.packages.build import files_of, zip_of
from portal.demo.packages.language import Blueprint
from portal.demo.people import Person, Team
from portal.demo.regions import ToldRegions
from portal.shared.actors import SYSTEM
from portal.shared.errors import InvalidInput
from portal.shared.secrets import Secret

_TESTER_NOTES = (
    "The test account holds sample data that is reset every night. Begin with the list operations: every "
    "list has at least three entries. Please do not delete the entries whose name begins with “Keep”."
)
_RECENT_DAYS = 3


class World:
    """The cast and their deeds. `ends_at` is the present; `day(n)` lies n days before it."""

    def __init__(self, clock: Clock, regions: ToldRegions, gates: ToldGates, *, ends_at: dt.datetime) -> None:
        self.clock = clock
        self.regions = regions
        self.gates = gates
        self.ends_at = ends_at
        self._users: dict[str, User] = {}
        self._teams: dict[str, Publisher] = {}

    def day(self, days_ago: float, hour: int = 9, minute: int = 0) -> dt.datetime:
        """A moment in the past, in UTC; on weekends people wait for Monday, unless that is too near."""
        moment = (self.ends_at - dt.timedelta(days=days_ago)).replace(hour=hour, minute=minute, second=11)
        if days_ago > _RECENT_DAYS and moment.weekday() >= 5:
            moment += dt.timedelta(days=7 - moment.weekday())
        return moment

    def after(self, **span: float) -> dt.datetime:
        return self.clock.now() + dt.timedelta(**span)

    # People

    def user(self, person: Person) -> User:
        return self._users[person.address]

    def team(self, team: Team) -> Publisher:
        return self._teams[team.name]

    def welcome(self, person: Person) -> User:
        """Somebody signs up: an account without a password, whose address is verified."""
        address = person.address if "." in person.address.partition("@")[2] else f"{person.address}"
        user = User.objects.create_user(address, display_name=person.name, time_zone=person.zone)
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        for delivery, groups in (("digest", person.digests), ("none", person.muted)):
            for group in groups:
                accounts.set_preference(group=group, delivery=delivery, actor=user)
        if person.staff_role:
            accounts.set_staff_role(
                user, role=person.staff_role, reason="Part of the certification team.", actor=SYSTEM
            )
        self._users[person.address] = user
        return user

    def found(self, team: Team) -> Publisher:
        founder = self.welcome(team.founder)
        publisher = publishers.create_publisher(
            name=team.name, website=f"https://{team.site}", support_email=team.support, actor=founder
        )
        self._teams[team.name] = publisher
        return publisher

    def join(self, team: Team, person: Person, role: str) -> None:
        """Invited by the founder, and accepted."""
        invitation = self.invite(team, person.address, role)
        publishers.accept_invitation(invitation, actor=self.welcome(person))

    def invite(self, team: Team, address: str, role: str) -> Invitation:
        founder = self.user(team.founder)
        invitation, _ = publishers.invite(self.team(team), email=address, role=Role(role), actor=founder)
        return invitation

    def verify(self, team: Team, administrator: Person) -> None:
        publishers.verify_publisher(
            self.team(team), is_verified=True, reason=team.checked, actor=self.user(administrator)
        )

    # Connectors and packages

    def register(
        self, team: Team, by: Person, blueprint: Blueprint, *, ticks: int = len(CHECKLIST)
    ) -> Connector:
        """Reserve the name, and tick the first items of the checklist."""
        actor = self.user(by)
        connector = connectors.register_connector(
            self.team(team),
            name=blueprint.title,
            summary=blueprint.description,
            backend_host=blueprint.host,
            actor=actor,
        )
        for item in CHECKLIST[:ticks]:
            connectors.tick_checklist_item(connector, item=item.key, is_done=True, actor=actor)
        return connector

    def upload(self, connector: Connector, by: Person, files: Mapping[str, bytes], name: str = "") -> Version:
        archive = zip_of(files)
        filename = name or f"{connector.slug}.zip"
        upload = versions.receive_upload(connector, files=[(filename, archive)], actor=self.user(by))
        if upload.version is None:
            raise RuntimeError(f"{filename} was refused: {upload.problems}")
        return upload.version

    # Submissions

    def draft(
        self,
        connector: Connector,
        by: Person,
        blueprint: Blueprint,
        files: Mapping[str, bytes] | None = None,
        *,
        change_notes: str = "",
        kind: str = "",
    ) -> Submission:
        """A draft with everything in it: package, notes, credentials."""
        actor = self.user(by)
        version = self.upload(connector, by, files or files_of(blueprint))
        submission = submissions.create_submission(connector, kind=kind, actor=actor)
        drafts.choose_package(submission, version=version, actor=actor)
        fields: dict[str, object] = {"tester_notes": _TESTER_NOTES, "change_notes": change_notes}
        if not submission.categories:
            fields["categories"] = list(blueprint.categories)
        drafts.save_draft(submission, fields=fields, edit_count=submission.edit_count, actor=actor)
        self.add_credential(submission, by, blueprint)
        return submission

    def add_credential(self, submission: Submission, by: Person, blueprint: Blueprint) -> None:
        """What testers sign in with. The values are made up and open nothing."""
        slug = submission.connector.slug
        values = {
            "api_key": {"key": f"demo-key-of-{slug}"},
            "basic": {"username": f"tester-{slug}", "password": f"demo-word-of-{slug}"},
            "oauth2": {
                "client_id": f"testers-of-{slug}",
                "client_secret": f"demo-secret-of-{slug}",
                "scopes": "read write",
            },
        }
        kind = blueprint.auth.removesuffix("_query")
        if kind not in values:
            return
        given = credentials.CredentialInput(
            kind=kind,
            purpose="Test account with sample data",
            values={name: Secret(value) for name, value in values[kind].items()},
            expires_on=(self.ends_at + dt.timedelta(days=60)).date(),
        )
        credentials.add_credential(submission, given=given, actor=self.user(by))

    def submit(self, submission: Submission, by: Person) -> None:
        submissions.submit(submission, actor=self.user(by))

    def choose(self, submission: Submission, version: Version, by: Person, change_notes: str = "") -> None:
        actor = self.user(by)
        submission.refresh_from_db()
        drafts.choose_package(submission, version=version, actor=actor)
        if change_notes:
            drafts.save_draft(
                submission,
                fields={"change_notes": change_notes},
                edit_count=submission.edit_count,
                actor=actor,
            )

    def acknowledge(self, submission: Submission, by: Person, reasons: Mapping[str, str]) -> None:
        """The team answers for errors of these rules: they break their users, who were told."""
        for rule, reason in reasons.items():
            waivers.acknowledge_error(submission, rule=rule, reason=reason, actor=self.user(by))

    def accept(self, submission: Submission, by: Person, reason: str) -> None:
        """A reviewer accepts everything that the team answers for."""
        for waiver in open_acknowledgements(submission):
            waivers.approve_waiver(waiver, reason=reason, actor=self.user(by))

    def claim(self, submission: Submission, by: Person) -> None:
        submission.refresh_from_db()
        reviews.claim(submission, actor=self.user(by))

    def decide(self, submission: Submission, by: Person, verdict: str, reasons: str = "") -> None:
        submission.refresh_from_db()
        assert submission.revision is not None
        digest = submission.revision.version.digest
        decisions.decide(submission, verdict=verdict, reasons=reasons, digest=digest, actor=self.user(by))

    # Preview and rollout

    def preview(self, submission: Submission) -> Preview:
        return submission.previews.latest("created_at")

    def sign_off(self, submission: Submission, by: Person, note: str = "") -> None:
        previews.sign_off_preview(
            self.preview(submission), note=note, knows_untested=True, actor=self.user(by)
        )

    def schedule(
        self,
        submission: Submission,
        by: Person,
        *,
        waves_in_days: Mapping[int, int] | None = None,
        first_in_days: int = 0,
        lane: str = Lane.ADDITIVE,
    ) -> Rollout:
        """The lane's default plan from the first possible day, or `first_in_days` after the present.

        `waves_in_days` puts single waves that many days after the present, or the next day that is open.
        """
        plan = plans.default_plan(lane)
        assert plan is not None
        starts_on = schedule.propose_start(plan)
        if first_in_days:
            starts_on = max(starts_on, (self.ends_at + dt.timedelta(days=first_in_days)).date())
        chosen: dict[int, dt.date] = {}
        for number, days in (waves_in_days or {}).items():
            chosen[number] = (self.ends_at + dt.timedelta(days=days)).date()
        submission.refresh_from_db()
        for starts, dates in _later_and_later(starts_on, chosen):
            wanted = schedule.Dates(starts, dates)
            try:
                return schedule.schedule_rollout(submission, plan, wanted, actor=self.user(by))
            except InvalidInput:
                continue
        raise RuntimeError(f"no open day for {submission}")

    def rollout(self, submission: Submission) -> Rollout:
        return Rollout.objects.select_related("submission", "connector", "version", "plan").get(
            submission=submission,
            state__in=("scheduled", "running", "held", "halted", "rolling_back", "completed"),
        )

    def wait_for(self, submission: Submission, *states: str, hours: float = 16) -> Iterator[dt.datetime]:
        """Moments to wait through until the submission is in one of the states."""
        while True:
            submission.refresh_from_db()
            if submission.state in states:
                return
            if timezone.now() >= self.ends_at:
                raise RuntimeError(f"{submission} is {submission.state}, not {' or '.join(states)}")
            yield self.after(hours=hours)


def _later_and_later(
    starts_on: dt.date, chosen: Mapping[int, dt.date]
) -> Iterator[tuple[dt.date, dict[int, dt.date]]]:
    """The same dates shifted day by day, for at most two weeks, until they fall on working days."""
    for shift in range(15):
        days = dt.timedelta(days=shift)
        yield (
            starts_on + (days if not chosen else dt.timedelta()),
            {n: day + days for n, day in chosen.items()},
        )
