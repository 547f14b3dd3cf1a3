"""The contributor agreement: versions for ever, signatures of people and teams, and what waits for them."""

from __future__ import annotations

import hashlib
import json

import pytest
from allauth.account.models import EmailAddress
from django.urls import reverse

from certification.models import AgreementSignature, AgreementText
from certification.queries.agreements import agreement_state, has_signed
from certification.services import agreements, submissions
from portal.shared.errors import Blocked, Conflict, InvalidInput, NotPermitted
from portal.shared.models import AuditRecord
from tests.factories.submissions import ready_draft

pytestmark = pytest.mark.django_db
WORDS = "What you give to a connector here may be used and passed on by this portal."


@pytest.fixture
def text(cast) -> AgreementText:
    return agreements.publish_text(text=WORDS, actor=cast.administrator)


def confirmed(user, *addresses: str) -> None:
    for each in addresses or (user.email,):
        EmailAddress.objects.update_or_create(user=user, email=each, defaults={"verified": True})


def newer(cast, *, anew: bool) -> AgreementText:
    return agreements.publish_text(
        text=WORDS + " And more.", must_be_signed_anew=anew, actor=cast.administrator
    )


def test_versions_count_up_and_are_kept_with_their_digest(cast, text):
    second = newer(cast, anew=False)
    assert [(each.version, each.text) for each in AgreementText.objects.all()] == [
        (2, WORDS + " And more."), (1, WORDS),
    ]  # fmt: skip
    assert second.digest == hashlib.sha256(second.text.encode()).hexdigest()
    with pytest.raises(InvalidInput, match="word for word"):
        newer(cast, anew=True)
    with pytest.raises(InvalidInput):
        agreements.publish_text(text="Too short", actor=cast.administrator)
    for person in (cast.owner, cast.operator, cast.reviewer):
        with pytest.raises(NotPermitted):
            agreements.publish_text(text=WORDS * 2, actor=person)


def test_a_signature_says_who_what_and_when_and_stands_in_the_trail(cast, text):
    made = agreements.sign(
        version=1, name="  Astrid   Quay ", logins=["@Astrid-Quay", ""], actor=cast.developer
    )
    assert (made.signed_name, made.digest, made.logins) == ("Astrid Quay", text.digest, ["astrid-quay"])
    record = AuditRecord.objects.get(action="agreementsignature.sign")
    assert (record.actor, record.data["version"], record.data["digest"]) == (cast.developer, 1, text.digest)
    with pytest.raises(Conflict, match="signed already"):
        agreements.sign(version=1, name="Astrid Quay", actor=cast.developer)
    newer(cast, anew=False)
    with pytest.raises(Conflict, match="another version"):
        agreements.sign(version=1, name="Olaf Owner", actor=cast.owner)


def test_only_an_owner_signs_for_a_team(cast, text):
    for person in (cast.developer, cast.viewer, cast.stranger, cast.administrator):
        with pytest.raises(NotPermitted):
            agreements.sign(version=1, name="Somebody Else", publisher=cast.publisher, actor=person)
    agreements.sign(
        version=1, name="Olaf Owner", publisher=cast.publisher, logins=["never-kept"], actor=cast.owner
    )
    assert AgreementSignature.objects.get().logins == []
    assert has_signed(cast.viewer, cast.publisher)
    assert not has_signed(cast.stranger, cast.publisher)
    assert not has_signed(cast.stranger, cast.other_publisher)


def test_whether_older_signatures_go_on_counting_is_chosen_with_each_version(cast, text):
    agreements.sign(version=1, name="Dora Developer", actor=cast.developer)
    newer(cast, anew=False)
    assert has_signed(cast.developer, cast.publisher)
    agreements.publish_text(text=WORDS + " Anew.", must_be_signed_anew=True, actor=cast.administrator)
    assert not has_signed(cast.developer, cast.publisher)
    agreements.publish_text(text=WORDS + " A comma.", actor=cast.administrator)
    assert not has_signed(cast.developer, cast.publisher), "what had to be signed anew still has to"
    agreements.sign(version=4, name="Dora Developer", actor=cast.developer)
    assert has_signed(cast.developer, cast.publisher)
    assert AgreementSignature.objects.filter(signer=cast.developer).count() == 2


def test_a_withdrawn_signature_stays_as_a_record_and_counts_no_longer(cast, text):
    own = agreements.sign(version=1, name="Dora Developer", actor=cast.developer)
    team = agreements.sign(version=1, name="Olaf Owner", publisher=cast.publisher, actor=cast.owner)
    for person in (cast.owner, cast.administrator, cast.stranger):
        with pytest.raises(NotPermitted):
            agreements.withdraw_signature(own, actor=person)
    with pytest.raises(NotPermitted):
        agreements.withdraw_signature(team, actor=cast.developer)
    agreements.withdraw_signature(own, actor=cast.developer)
    assert has_signed(cast.developer, cast.publisher), "the team's stands for its members"
    agreements.withdraw_signature(team, actor=cast.owner)
    assert not has_signed(cast.developer, cast.publisher)
    assert (own.withdrawn_by, own.withdrawn_at is None, own.signed_name) == (
        cast.developer,
        False,
        "Dora Developer",
    )
    with pytest.raises(Conflict):
        agreements.withdraw_signature(own, actor=cast.developer)
    agreements.sign(version=1, name="Dora Developer", actor=cast.developer)
    assert has_signed(cast.developer, cast.publisher)


def test_the_state_of_a_contribution_names_whose_signature_is_missing(
    cast, text, django_assert_max_num_queries
):
    confirmed(cast.developer)
    confirmed(cast.stranger)
    asked = {
        "emails": [cast.developer.email.upper(), cast.stranger.email, "never@seen.example"],
        "logins": ["Dora", "who"],
    }
    assert agreement_state(cast.publisher, **asked).missing == (*asked["emails"], "Dora", "who")
    agreements.sign(version=1, name="Dora Developer", logins=["dora"], actor=cast.developer)
    assert agreement_state(cast.publisher, **asked).missing == (
        cast.stranger.email,
        "never@seen.example",
        "who",
    )
    agreements.sign(version=1, name="Olaf Owner", publisher=cast.publisher, actor=cast.owner)
    confirmed(cast.viewer, "viewer@work.example")
    with django_assert_max_num_queries(6):
        state = agreement_state(cast.publisher, emails=["viewer@work.example", cast.stranger.email])
    assert (state.version, state.missing) == (1, (cast.stranger.email,))
    assert agreement_state(cast.publisher).is_satisfied
    assert agreement_state(cast.other_publisher).missing == (cast.other_publisher.name,)


def test_an_address_that_was_never_confirmed_and_a_borrowed_login_prove_nothing(cast, text):
    EmailAddress.objects.create(user=cast.stranger, email="chief@harbour.example", verified=False)
    agreements.sign(version=1, name="Sten Stranger", logins=["quay"], actor=cast.stranger)
    assert not agreement_state(cast.publisher, emails=["chief@harbour.example"]).is_satisfied
    with pytest.raises(InvalidInput) as refused:
        agreements.sign(version=1, name="Dora Developer", logins=["Quay"], actor=cast.developer)
    assert "logins" in refused.value.fields
    with pytest.raises(InvalidInput):
        agreements.sign(version=1, name="Dora Developer", logins=["no blanks"], actor=cast.developer)


def test_without_an_agreement_nothing_is_missing(cast):
    state = agreement_state(cast.publisher, emails=["anybody@else.example"])
    assert (state.version, state.is_satisfied) == (0, True)


def test_handing_in_waits_for_a_signature_where_administrators_demand_it(cast, settings, text, sign_in):
    draft = ready_draft(cast.developer)
    settings.AGREEMENT_REQUIRED = True
    with pytest.raises(Blocked) as blocked:
        submissions.submit(draft, actor=cast.developer)
    assert blocked.value.blockers == ["Neither you nor your team has signed the contributor agreement."]
    client = sign_in(cast.developer)
    page = client.get(reverse("submission_ready", args=[draft.pk])).content.decode()
    assert "has signed the contributor agreement" in page
    assert f'href="{reverse("agreement")}"' in page
    agreements.sign(version=1, name="Olaf Owner", publisher=cast.publisher, actor=cast.owner)
    submissions.submit(draft, actor=cast.developer)
    assert draft.state == "submitted"


def test_nothing_waits_while_it_is_voluntary_or_without_a_text(cast, settings):
    settings.AGREEMENT_REQUIRED = True
    submissions.submit(ready_draft(cast.developer), actor=cast.developer)
    agreements.publish_text(text=WORDS, actor=cast.administrator)
    settings.AGREEMENT_REQUIRED = False
    submissions.submit(ready_draft(cast.owner), actor=cast.owner)


def test_the_pages_sign_withdraw_and_list(cast, text, sign_in):
    client = sign_in(cast.owner)
    page = client.get(reverse("agreement")).content.decode()
    assert WORDS in page
    form = {"version": 1, "name": "Olaf Owner", "publisher": str(cast.publisher.pk), "agrees": "on"}
    assert client.post(reverse("agreement"), form | {"agrees": ""}).status_code == 200
    assert not AgreementSignature.objects.exists()
    foreign = form | {"publisher": str(cast.other_publisher.pk)}
    assert client.post(reverse("agreement"), foreign).status_code == 200
    assert not AgreementSignature.objects.exists()
    assert client.post(reverse("agreement"), form).status_code == 302
    signature = AgreementSignature.objects.get()
    assert signature.publisher == cast.publisher
    shown = sign_in(cast.administrator).get(reverse("agreement_list")).content.decode()
    assert "Olaf Owner" in shown
    for person, status in ((cast.stranger, 404), (cast.developer, 403), (cast.owner, 302)):
        address = reverse("agreement_withdraw", args=[signature.pk])
        assert sign_in(person).post(address).status_code == status
    assert sign_in(cast.owner).get(reverse("agreement_list")).status_code == 404


def test_administrators_write_versions_on_a_page(cast, text, sign_in):
    client = sign_in(cast.administrator)
    data = {
        "text": WORDS + " <script>alert(1)</script>",
        "note": "A sentence more",
        "must_be_signed_anew": "on",
    }
    assert client.post(reverse("agreement_create"), data).status_code == 302
    made = AgreementText.objects.first()
    assert (made.version, made.must_be_signed_anew) == (2, True)
    page = client.get(reverse("agreement_version", args=[2])).content.decode()
    assert "<script>alert" not in page
    assert WORDS in client.get(reverse("agreement_version", args=[1])).content.decode()


@pytest.mark.parametrize("count", [5, 25])
def test_the_list_asks_the_same_for_few_and_many(cast, text, sign_in, count, django_assert_max_num_queries):
    AgreementSignature.objects.bulk_create(
        AgreementSignature(
            text=text, digest=text.digest, signer=cast.developer, signed_name=f"Name {number}", withdrawn_at=text.published_at
        )
        for number in range(count)
    )  # fmt: skip
    client = sign_in(cast.administrator)
    client.get(reverse("agreement_list"))
    with django_assert_max_num_queries(8):
        assert client.get(reverse("agreement_list")).status_code == 200


def test_programs_read_sign_and_withdraw(cast, text, client):
    client.force_login(cast.owner)
    (current,) = client.get(reverse("api:agreement-text-list")).json()["results"]
    assert (current["version"], current["digest"]) == (1, text.digest)
    address = reverse("api:agreement-signature-list")
    body = {"version": 1, "name": "Olaf Owner", "publisher": cast.publisher.slug}
    made = client.post(address, json.dumps(body), content_type="application/json")
    assert (made.status_code, made.json()["publisher"]) == (201, cast.publisher.slug)
    foreign = client.post(
        address, json.dumps({**body, "publisher": "nobody-at-all"}), content_type="application/json"
    )
    assert foreign.status_code == 404
    withdraw = reverse("api:agreement-signature-withdraw", args=[made.json()["id"]])
    assert client.post(withdraw).json()["withdrawn_at"]
    assert client.post(withdraw).status_code == 409
    client.force_login(cast.stranger)
    assert client.get(address).json()["results"] == []
