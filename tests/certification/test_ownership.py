"""Connectors that were live before the portal knew them: imported, claimed with proof, handed over."""

from __future__ import annotations

import base64
import copy
import http.server
import json
import threading
from datetime import timedelta

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from certification import models
from certification.models import (
    ConnectorTransfer,
    ImportedConnector,
    Notification,
    OwnershipClaim,
    Placement,
)
from certification.queries.ownership import claimable, proof_hosts
from certification.rules.examples import base
from certification.services import claims, imports, transfers
from connectors.models import Connector, Publisher
from connectors.runtime.hosts import txt_name, txt_value
from portal.shared import audit
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted, TooMany
from tests.conftest import Cast
from tests.factories import ConnectorFactory, RegionFactory
from tests.factories.reviews import archive
from tests.factories.submissions import add_api_key, draft

pytestmark = pytest.mark.django_db
HOST = "api.oldharbour.example"
CONTACT = "help@oldharbour.example"


def package(host: str = HOST) -> bytes:
    definition = copy.deepcopy(base.DEFINITION)
    definition["host"] = host
    definition["info"]["contact"] = {"name": "Help", "email": CONTACT}
    return archive(definition)


def line(name: str = "Old Tides", **changes: object) -> dict[str, object]:
    made = {
        "name": name,
        "publisher": "Old Harbour",
        "package": base64.b64encode(package()).decode(),
        "regions": ["norway"],
        "source": "store export",
    }
    return {**made, **changes}


@pytest.fixture
def norway(db):
    return RegionFactory(code="norway", name="Norway")


@pytest.fixture
def imported(cast: Cast, norway) -> ImportedConnector:
    return imports.import_connector(imports.line_from(line()), actor=cast.operator)


def claimed(cast: Cast, imported: ImportedConnector) -> OwnershipClaim:
    return claims.claim_connector(imported, publisher=cast.publisher, actor=cast.owner)


def records(*pairs: tuple[str, str]):
    """A name server that knows these TXT records and no others."""
    known = dict(pairs)
    return lambda name, _seconds: [known[name]] if name in known else []


def test_it_comes_in_live_without_a_submission_and_without_an_owner(cast: Cast, imported) -> None:
    connector = imported.connector
    connector.refresh_from_db()
    assert (connector.state, connector.live_version.number, connector.backend_host) == ("active", 1, HOST)
    assert not connector.submissions.exists()
    assert not connector.publisher.memberships.exists()
    placed = Placement.objects.get(connector=connector)
    assert (placed.region_id, placed.reported_version, placed.verified_version) == (
        "norway",
        connector.live_version,
        None,
    )
    record = audit.history(connector).get(action="connector.import")
    assert record.data["source"] == "store export"
    assert not Connector.objects.visible_to(cast.owner).filter(pk=connector.pk).exists()


def test_a_bad_line_is_told_and_holds_up_no_other(cast: Cast, norway, sign_in) -> None:
    lines = [
        json.dumps(line("Old Tides")),
        "{",
        json.dumps(line("Old Berths", regions=["atlantis"])),
        json.dumps(line("Old Tides")),
        json.dumps(line("Old Cranes", package="PK!")),
        json.dumps(line("Old Pilots", package=base64.b64encode(b"no zip").decode())),
        json.dumps(line("Old Ferries")),
    ]
    sent = SimpleUploadedFile("live.jsonl", "\n".join(lines).encode())
    answer = sign_in(cast.operator).post(reverse("import_new"), {"file": sent}, follow=True)
    words = answer.content.decode()
    assert "2 connectors came in." in words
    for told in ("Line 2", "No such region: atlantis", "known already", "no base64", "was refused"):
        assert told in words
    assert set(Connector.objects.values_list("name", flat=True)) == {"Old Tides", "Old Ferries"}
    # Both were published by one company: one team keeps them.
    assert Publisher.objects.filter(name="Old Harbour (unclaimed)").count() == 1


def test_only_operators_import(cast: Cast, norway) -> None:
    for person in (cast.owner, cast.reviewer, cast.stranger):
        with pytest.raises(NotPermitted):
            imports.import_lines(json.dumps(line()).encode(), actor=person)
    assert not Connector.objects.exists()


def test_it_is_found_by_three_letters_until_it_has_an_owner(cast: Cast, imported) -> None:
    assert [each.pk for each in claimable("tides")] == [imported.pk]
    assert [each.pk for each in claimable("old har")] == [imported.pk]
    assert claimable("ol") == []
    claims.grant(claimed(cast, imported), proof=OwnershipClaim.Proof.OPERATOR, actor=cast.operator)
    assert claimable("tides") == []


@pytest.mark.parametrize("domain", [HOST, "oldharbour.example"])
def test_a_txt_record_at_the_host_or_above_proves_it(cast: Cast, imported, domain: str) -> None:
    claim = claimed(cast, imported)
    found = claims.check_claim(
        claim, resolve=records((txt_name(domain), txt_value(claim.token))), actor=cast.owner
    )
    assert (found.state, found.proof) == ("granted", "dns")
    connector = Connector.objects.get(pk=imported.connector_id)
    assert connector.publisher == cast.publisher
    # What happened before stays in its history.
    assert {"connector.import", "ownershipclaim.grant"} <= set(
        audit.history(connector).values_list("action", flat=True)
    )


def test_another_teams_record_or_a_top_level_domain_proves_nothing(cast: Cast, imported, settings) -> None:
    settings.EGRESS_PUBLIC = False
    claim = claimed(cast, imported)
    wrong = records((txt_name(HOST), txt_value("other")), (txt_name("example"), txt_value(claim.token)))
    found = claims.check_claim(claim, resolve=wrong, actor=cast.owner)
    assert found.state == "open"
    assert f"No TXT record for {HOST} yet." in found.problem
    assert proof_hosts(imported.connector) == [HOST, "oldharbour.example"]
    with pytest.raises(TooMany):
        claims.check_claim(found, resolve=wrong, actor=cast.owner)


class _Files(http.server.BaseHTTPRequestHandler):
    """Serves `line` at the well-known address, and nothing elsewhere."""

    line = ""

    def do_GET(self) -> None:
        is_there = self.path == "/.well-known/connector-portal.txt"
        self.send_response(200 if is_there else 404)
        self.end_headers()
        self.wfile.write(f"hello\n{self.line}\n".encode())

    def log_message(self, *_arguments: object) -> None:
        """Tests are quiet."""


@pytest.fixture
def files(settings):
    """The host of the live definition, on this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Files)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.EGRESS_LOCAL_HOSTS = [f"{HOST}=127.0.0.1:{server.server_address[1]}"]
    yield _Files
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(("line_of", "state"), [(txt_value, "granted"), (lambda _token: "x", "open")])
def test_a_file_at_the_host_proves_it_and_another_file_does_not(
    cast: Cast, imported, files, line_of, state: str
) -> None:
    claim = claimed(cast, imported)
    files.line = line_of(claim.token)
    found = claims.check_claim(claim, resolve=records(), actor=cast.owner)
    assert found.state == state
    assert found.proof == ("file" if state == "granted" else "")
    assert state == "granted" or "does not hold the line" in found.problem


def test_an_address_inside_is_never_asked(cast: Cast, norway, settings) -> None:
    settings.EGRESS_PUBLIC = True
    inside = {"package": base64.b64encode(package("localhost")).decode()}
    repository = imports.line_from(line(**inside, repository="https://127.0.0.1:8443/files"))
    claim = claimed(cast, imports.import_connector(repository, actor=cast.operator))
    found = claims.check_claim(claim, resolve=records(), actor=cast.owner)
    assert found.state == "open"
    assert "127.0.0.1 is" in found.problem


def test_the_mail_to_the_contact_proves_it_once(cast: Cast, imported, drain_outbox, client) -> None:
    claim = claimed(cast, imported)
    assert claims.send_proof_mail(claim, actor=cast.owner) == CONTACT
    with pytest.raises(TooMany):
        claims.send_proof_mail(claim, actor=cast.owner)
    drain_outbox()
    sent = next(each for each in mail.outbox if each.to == [CONTACT])
    link = next(word for word in sent.body.split() if "/claims/confirm/" in word)
    address = link.partition("portal.test")[2] or link[link.index("/claims/") :]
    stored = Notification.objects.get(event="ownershipclaim.ask", address=CONTACT)
    assert address.rstrip("/").rpartition("/")[2] not in stored.body_text
    # Looking at the link, as scanners of mail do, changes nothing.
    assert "Does Old Tides belong to Northwind Harbour?" in client.get(address).content.decode()
    claim.refresh_from_db()
    assert claim.state == "open"
    assert client.post(address, {"answer": "yes"}).status_code == 200
    claim.refresh_from_db()
    assert (claim.state, claim.proof) == ("granted", "mail")
    assert client.post(address, {"answer": "yes"}).status_code == 409


def test_the_contact_may_say_no(cast: Cast, imported, drain_outbox, client) -> None:
    claim = claimed(cast, imported)
    claims.send_proof_mail(claim, actor=cast.owner)
    drain_outbox()
    body = next(each for each in mail.outbox if each.to == [CONTACT]).body
    address = body[body.index("/claims/confirm/") :].split()[0]
    client.post(address, {"answer": "no"})
    claim.refresh_from_db()
    assert claim.state == "refused"
    assert Connector.objects.get(pk=imported.connector_id).publisher != cast.publisher


def test_the_first_proof_wins_and_the_others_are_refused(cast: Cast, imported) -> None:
    mine = claimed(cast, imported)
    theirs = claims.claim_connector(imported, publisher=cast.other_publisher, actor=cast.stranger)
    claims.grant(theirs, proof=OwnershipClaim.Proof.DNS, actor=cast.operator)
    mine.refresh_from_db()
    assert (mine.state, mine.reason) == ("refused", "Another team proved to own this connector.")
    with pytest.raises(Conflict):
        claims.grant(mine, proof=OwnershipClaim.Proof.DNS, actor=cast.operator)
    with pytest.raises(Conflict, match="has an owner"):
        claims.claim_connector(ImportedConnector.objects.get(), publisher=cast.publisher, actor=cast.owner)
    # Competitors never see each other's claims.
    assert [each.pk for each in OwnershipClaim.objects.visible_to(cast.owner)] == [mine.pk]


def test_an_operator_decides_with_a_reason_but_not_for_the_own_team(cast: Cast, imported, sign_in) -> None:
    claim = claimed(cast, imported)
    browser = sign_in(cast.operator)
    page = reverse("claim_decide", args=[claim.pk])
    assert browser.post(page, {"verdict": "grant", "reason": ""}).status_code == 400
    browser.post(page, {"verdict": "grant", "reason": "Contract of 2019 seen."})
    claim.refresh_from_db()
    assert (claim.state, claim.proof, claim.reason) == ("granted", "operator", "Contract of 2019 seen.")


def test_only_owners_claim_and_prove(cast: Cast, imported) -> None:
    for person in (cast.developer, cast.viewer, cast.stranger, cast.operator):
        with pytest.raises(NotPermitted):
            claims.claim_connector(imported, publisher=cast.publisher, actor=person)
    claim = claimed(cast, imported)
    with pytest.raises(NotPermitted):
        claims.check_claim(claim, actor=cast.developer)
    with pytest.raises(NotPermitted):
        claims.decide_claim(claim, is_granted=True, reason="Mine.", actor=cast.owner)


def test_claims_and_offers_end_by_themselves(cast: Cast, imported) -> None:
    claim = claimed(cast, imported)
    offer = transfers.offer_transfer(handed(cast), to="fjord-analytics", actor=cast.owner)
    past = timezone.now() - timedelta(minutes=1)
    OwnershipClaim.objects.update(expires_at=past)
    ConnectorTransfer.objects.update(expires_at=past)
    with pytest.raises(Conflict, match="older than"):
        transfers.accept_transfer(ConnectorTransfer.objects.get(), actor=cast.stranger)
    assert (claims.expire_claims(), transfers.expire_transfers()) == (1, 1)
    claim.refresh_from_db()
    offer.refresh_from_db()
    assert (claim.state, offer.state) == ("expired", "expired")
    assert (claims.expire_claims(), transfers.expire_transfers()) == (0, 0)


def handed(cast: Cast) -> Connector:
    return ConnectorFactory(publisher=cast.publisher, name="Harbour Ferries")


def test_a_transfer_takes_the_history_along_and_leaves_credentials_behind(
    cast: Cast, sign_in, drain_outbox
) -> None:
    connector = handed(cast)
    submission = draft(cast.owner, connector)
    add_api_key(submission, cast.owner)
    with pytest.raises(Blocked) as refused:
        transfers.offer_transfer(connector, to="fjord-analytics", actor=cast.owner)
    assert refused.value.blockers == [submission.reference]
    type(submission).objects.filter(pk=submission.pk).update(state="withdrawn")
    browser = sign_in(cast.owner)
    page = reverse("transfer_offer", args=[connector.pk])
    browser.post(page, {"to": "fjord-analytics", "note": "You run the backend now."})
    offer = ConnectorTransfer.objects.get()
    drain_outbox()
    assert {each.to[0] for each in mail.outbox} >= {cast.stranger.email, cast.operator.email}
    sign_in(cast.stranger, browser)
    browser.post(reverse("transfer_answer", args=[offer.pk]), {"answer": "accept"})
    connector.refresh_from_db()
    assert connector.publisher == cast.other_publisher
    assert not models.TestCredential.objects.exists()
    assert browser.get(reverse("submission_detail", args=[submission.pk])).status_code == 200
    assert audit.history(connector).filter(action="submission.create").exists()
    sign_in(cast.owner, browser)
    assert browser.get(reverse("connector_detail", args=[connector.pk])).status_code == 404
    # The team that gave it still sees that it did.
    assert browser.get(reverse("transfer_detail", args=[offer.pk])).status_code == 200
    drain_outbox()
    assert any(cast.owner.email in each.to and "Fjord Analytics now" in each.subject for each in mail.outbox)


def test_who_may_offer_and_who_may_accept(cast: Cast) -> None:
    connector = handed(cast)
    for person in (cast.developer, cast.operator, cast.stranger):
        with pytest.raises(NotPermitted):
            transfers.offer_transfer(connector, to="fjord-analytics", actor=person)
    for to in ("nobody-here", cast.publisher.slug):
        with pytest.raises(InvalidInput):
            transfers.offer_transfer(connector, to=to, actor=cast.owner)
    offer = transfers.offer_transfer(connector, to="fjord-analytics", actor=cast.owner)
    with pytest.raises(Conflict):
        transfers.offer_transfer(connector, to="fjord-analytics", actor=cast.owner)
    for person in (cast.owner, cast.operator):
        with pytest.raises(NotPermitted):
            transfers.accept_transfer(offer, actor=person)
    transfers.decline_transfer(offer, actor=cast.stranger)
    assert Connector.objects.get(pk=connector.pk).publisher == cast.publisher


@pytest.mark.parametrize("name", ["import_list", "claim_list"])
def test_lists_ask_as_often_for_many_as_for_few(
    cast: Cast, norway, sign_in, django_assert_max_num_queries, name: str
) -> None:
    browser = sign_in(cast.operator)
    for number in range(12):
        made = imports.import_connector(imports.line_from(line(f"Old Tides {number}")), actor=cast.operator)
        claims.claim_connector(made, publisher=cast.publisher, actor=cast.owner)
    browser.get(reverse(name))
    with django_assert_max_num_queries(8):
        assert browser.get(reverse(name)).status_code == 200


def test_rest_for_scripts(cast: Cast, norway, sign_in) -> None:
    browser = sign_in(cast.operator)

    def post(name: str, body: object, *args: object):
        return browser.post(reverse(f"api:{name}", args=args), body, content_type="application/json")

    done = post("import-list", {"lines": [line(), line("Old Cranes", regions=["atlantis"])]}).json()
    assert [bool(row["problem"]) for row in done] == [False, True]
    slug = Connector.objects.get().slug
    sign_in(cast.owner, browser)
    made = post("ownership-claim-list", {"connector": slug, "publisher": cast.publisher.slug})
    assert made.status_code == 201
    assert any(HOST in name for name, _value in made.json()["records"])
    sign_in(cast.operator, browser)
    decided = post("ownership-claim-decide", {"is_granted": True, "reason": "Seen."}, made.json()["id"])
    assert decided.json()["state"] == "granted"
    sign_in(cast.owner, browser)
    offer = post("transfer-list", {"connector": slug, "to": "fjord-analytics"})
    assert offer.status_code == 201
    sign_in(cast.stranger, browser)
    assert post("transfer-accept", {}, offer.json()["id"]).json()["state"] == "accepted"
