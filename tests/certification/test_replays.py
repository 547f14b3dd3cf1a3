"""A changed catalogue is tried on everything that is live before anybody is held to it."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from certification.models import Finding, Validation
from certification.rules.examples import Case
from certification.services import replays
from connectors.models import Connector, Version
from portal.accounts.models import User
from portal.shared import storage
from tests.factories import ConnectorFactory
from tests.factories.submissions import WITH_ERROR, uploaded_version

pytestmark = pytest.mark.django_db


def package_of(actor: User, case: Case | None = None) -> Version:
    return uploaded_version(ConnectorFactory(publisher=actor.publishers.first()), actor, case)


def live(version: Version) -> Connector:
    connector = version.connector
    connector.live_version = version
    connector.save(update_fields=["live_version"])
    return connector


def old_verdict(version: Version, *rules: str) -> None:
    validation = Validation.objects.create(
        version=version, rules_version="0.9.0", change_kind="new", publisher_kind="verified", verdict="pass"
    )
    Finding.objects.bulk_create(
        Finding(validation=validation, rule=rule, severity="warning", message="x", fingerprint=rule)
        for rule in rules
    )


def test_new_and_gone_rules_are_told_apart_and_nothing_is_stored(cast):
    version = package_of(cast.owner, WITH_ERROR)
    connector = live(version)
    old_verdict(version, "INF-015")
    stored = Validation.objects.count()
    (result,) = replays.replay_live()
    assert (result.connector, result.known_under) == (connector.name, "0.9.0")
    assert result.new_errors == ["INF-004"]
    assert result.gone_rules == ["INF-015"]
    assert Validation.objects.count() == stored


def test_a_live_connector_that_still_passes_has_nothing_new(cast):
    version = package_of(cast.owner)
    live(version)
    old_verdict(version)
    (result,) = replays.replay_live()
    assert result.new_errors == []
    assert result.problem == ""


def test_titles_of_other_live_connectors_count(cast):
    first = package_of(cast.owner)
    live(first)
    other = package_of(cast.stranger)
    live(other)
    assert all("INF-040" in result.now for result in replays.replay_live())


def test_a_package_that_is_gone_is_named_and_the_others_go_on(cast):
    gone, kept = package_of(cast.owner, WITH_ERROR), package_of(cast.stranger, Case())
    live(gone), live(kept)
    storage.path_of(gone.digest).unlink()
    problems = {result.connector: result.problem for result in replays.replay_live()}
    assert problems[gone.connector.name] == "its package is damaged or missing"
    assert problems[kept.connector.name] == ""


def test_the_command_reports_and_can_fail_a_release(cast):
    version = package_of(cast.owner, WITH_ERROR)
    live(version)
    old_verdict(version)
    out = StringIO()
    call_command("replay_rules", stdout=out)
    assert "+ INF-004 1 places (error)" in out.getvalue()
    assert "1 would fail that do not now" in out.getvalue()
    with pytest.raises(CommandError, match="1 live connectors would fail"):
        call_command("replay_rules", fail_on_errors=True, stdout=StringIO())


def test_the_command_speaks_json(cast):
    live(package_of(cast.owner))
    out = StringIO()
    call_command("replay_rules", json=True, stdout=out)
    assert [item["connector"] for item in json.loads(out.getvalue())["connectors"]]
