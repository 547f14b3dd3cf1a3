"""certport form and submit --from: what is missing, what is written, and where secrets never are."""

from __future__ import annotations

from contextlib import closing

import pytest

from certification.models import Submission
from certification.rules.examples import Case
from certification.services import drafts
from portal.certport.api.operations import Api
from portal.certport.commands.forms import fill_in
from portal.certport.filling import read_filling
from portal.certport.problems import Changed, Exit
from portal.certport.transport import Transport
from tests.factories import ConnectorFactory
from tests.factories.submissions import FORM
from tests.rules.packages import folder

pytestmark = pytest.mark.django_db(transaction=True)
KEY = "sandbox-key-that-nobody-reads"
FILE = """
categories = ["Data"]
tester_notes = "Use the sandbox. Harbour 17 always has data."
change_notes = "Adds the water level."
intro = "@intro.md"
[[contacts]]
role = "primary"
name = "Ada Quay"
email = "ada@example.test"
[[contacts]]
role = "support"
name = "Support"
email = "support@example.test"
[[credentials]]
kind = "api_key"
purpose = "Sandbox"
[credentials.values]
header = "X-Api-Key"
key = { env = "SANDBOX_KEY" }
"""


@pytest.fixture
def at_work(certport, cast):
    """A project with a package and the words for its form, nothing handed in yet."""
    ConnectorFactory(publisher=cast.publisher, name="Harbour Tides", slug="harbour-tides")
    certport.enter(cast.developer)
    folder(certport.folder / "tides", Case().members())
    (certport.folder / "form.toml").write_text(FILE)
    (certport.folder / "intro.md").write_text(FORM["intro"])
    assert certport("init", "--connector", "harbour-tides", "--package", "tides").code == 0
    return certport


def test_a_first_submission_takes_one_command_and_one_file(at_work):
    sent = at_work("submit", "--from", "form.toml", "--json", SANDBOX_KEY=KEY)
    assert (sent.code, sent.document["state"]) == (0, "submitted"), sent.out + sent.said
    submission = Submission.objects.get()
    assert submission.intro.strip() == FORM["intro"].strip()
    named = {each["role"]: each["name"] for each in submission.contacts}
    assert (named["primary"], named["support"]) == ("Ada Quay", "Support")
    assert sorted(submission.credentials.get().field_names) == ["header", "key"]
    assert KEY not in sent.out + sent.said


def test_what_is_missing_is_shown_until_nothing_is(at_work):
    at_work("submit", "--draft")
    first = at_work("form", "--json")
    assert first.code == 1
    codes = {each["code"] for each in first.document["missing"]}
    assert "credential-missing" in codes
    some = at_work(
        "form", "--set", "categories=Data", "--set", "intro=@intro.md",
        "--set", "contacts.primary=Ada Quay <ada@example.test>",
        "--set", "tester_notes=Use the sandbox. Harbour 17 always has data.", "--json",
    )  # fmt: skip
    assert some.document["fields"]["categories"] == ["Data"]
    named = {each["role"]: each["name"] for each in some.document["fields"]["contacts"]}
    assert named["primary"] == "Ada Quay"
    assert len(some.document["missing"]) < len(first.document["missing"])
    whole = at_work("form", "--from", "form.toml", SANDBOX_KEY=KEY)
    assert (whole.code, "Nothing is missing" in whole.out) == (0, True), whole.out
    assert "Sandbox (api_key: " in whole.out
    again = at_work("form", "--from", "form.toml", "--json", SANDBOX_KEY="another-key-that-nobody-reads")
    assert again.code == 0
    assert Submission.objects.get().credentials.count() == 1, "the one with this purpose is replaced"
    assert "another-key" not in again.out + again.said


def test_the_portals_word_about_a_field_is_shown_and_nothing_is_written(at_work):
    at_work("submit", "--draft")
    wrong = at_work("form", "--set", "categories=Seagulls", "--set", "tester_notes=Never kept")
    assert wrong.code == 2
    assert "categories" in wrong.said
    assert Submission.objects.get().tester_notes == ""


def test_somebody_elses_words_of_meanwhile_are_kept(at_work, cast):
    at_work("submit", "--draft")
    submission = Submission.objects.with_page_data().get()

    class BesideABrowser(Api):
        """Whenever the form was read, somebody saves it before it is written."""

        def submissions_retrieve(self, *args, **params):
            read = super().submissions_retrieve(*args, **params)
            drafts.save_draft(
                submission,
                fields={"tester_notes": "Typed in the browser"},
                edit_count=submission.edit_count,
                actor=cast.owner,
            )
            return read

    api = BesideABrowser(Transport(at_work.url, at_work.enter(cast.developer)))
    with closing(api.transport), pytest.raises(Changed) as refused:
        fill_in(api, {"id": str(submission.pk)}, read_filling(["tester_notes=Typed in a terminal"], None))
    assert refused.value.exit_code == Exit.CONFLICT
    assert "Typed in the browser" in " ".join(refused.value.details)
    assert Submission.objects.get().tester_notes == "Typed in the browser"


def test_a_secret_in_the_file_is_refused_before_anything_is_written(at_work):
    at_work("submit", "--draft")
    before = Submission.objects.get()
    (at_work.folder / "form.toml").write_text(FILE.replace('{ env = "SANDBOX_KEY" }', f'"{KEY}"'))
    ended = at_work("form", "--from", "form.toml")
    assert (ended.code, "is a secret" in ended.said) == (2, True)
    assert KEY not in ended.said
    after = Submission.objects.get()
    assert (after.edit_count, after.intro) == (before.edit_count, before.intro)
