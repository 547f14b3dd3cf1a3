"""A connector whose publisher has two programs: `paconn`, unmodified, and the one that mails are answered with."""

from __future__ import annotations

import copy
import json
import smtplib
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path
from typing import Any

from certification.rules.examples.base import DEFINITION, PROPERTIES, README
from tests.journeys.geography import ROLLOUT_WAVES
from tests.journeys.people import Journey
from tests.journeys.stack import text_of, wait_until
from tests.paconn.test_client import PACONN, Command

LAST_WAVE = ROLLOUT_WAVES[-1]


def definition_of(title: str, version: str) -> dict[str, Any]:
    """Of a service that needs no sign-in: credentials never travel by mail."""
    made = {name: copy.deepcopy(value) for name, value in DEFINITION.items() if "ecurity" not in name}
    made["info"] |= {"title": title, "version": version}
    return made


def properties() -> dict[str, Any]:
    changes = {
        "connectionParameters": {},
        "iconBrandColor": "#da3b01",
        "publisher": "Quay Volunteers",
    }
    return {"properties": {**PROPERTIES["properties"], **changes}}


def by_paconn_and_answers_to_mails_alone(journey: Journey) -> None:
    assert PACONN.exists(), "run `make environment-dev`: it installs the client"
    home = journey.stack.folder / f"paconn{journey.number}"
    home.mkdir()
    _push(journey, Command(home, journey.stack.url), home)
    _hand_in(journey)
    _answer_the_reviewer(journey)
    journey.decide("approve")
    tested = _mail(journey, "is in Preview", "sign off")
    _answer(journey, tested, "Sign off untested.\n\nWorks.")
    journey.reach("signed_off")
    journey.schedule()
    journey.reach("live")
    # The package with the introduction is another one than what was pushed, so its label has a number more.
    assert all(journey.effective(code)[-1]["version"].startswith("1.0.1") for code in LAST_WAVE)
    outcomes = journey.stack.query(
        "SELECT outcome FROM certification_receivedmail WHERE sender = %s ORDER BY received_at",
        journey.owner.email,
    )
    assert outcomes == [("done",), ("comment",), ("done",)]


def _push(journey: Journey, paconn: Command, home: Path) -> None:
    """Created, fetched as it was sent, and updated."""
    journey.found_team()
    _sign_in(journey, paconn)
    first, second = (definition_of(journey.name, version) for version in ("1.0.0", "1.0.1"))
    (home / "properties.json").write_text(json.dumps(properties()))
    (home / "definition.json").write_text(json.dumps(first))
    files = ["-p", str(home / "properties.json"), "-d", str(home / "definition.json")]
    code, output = paconn.run("create", "-e", "any", *files, "-u", paconn.address, "-w")
    assert code == 0, output
    (made,) = journey.owner.api("connectors/")["results"]
    journey.connector, journey.slug = made["id"], made["slug"]
    fetched = home / "fetched"
    code, output = paconn.run(
        "download", "-e", "any", "-c", journey.slug, "-d", str(fetched), "-u", paconn.address, "-w"
    )
    assert code == 0, output
    assert json.loads((fetched / "apiDefinition.swagger.json").read_text()) == first
    (home / "definition.json").write_text(json.dumps(second))
    code, output = paconn.run("update", "-e", "any", "-c", journey.slug, *files, "-u", paconn.address)
    assert code == 0, output


def _sign_in(journey: Journey, paconn: Command) -> None:
    """The token file that the portal makes for the client."""
    owner = journey.owner
    owner.get("/account/tokens/paconn/")
    if "reauthenticate" in owner.where:
        owner.send("", {"password": owner.password})
    owner.send("", {"name": "laptop", "days": "30", "may_push": "on"})
    paconn.write_token(json.loads(owner.page))


def _hand_in(journey: Journey) -> None:
    """What is missing is filled in and handed in by one answer to the mail about the update."""
    (draft,) = journey.owner.api("submissions/")["results"]
    journey.submission = draft["id"]
    pushed = _mail(journey, "In the draft", f"{journey.name} 1.0.1")
    assert "Still to be done" in text_of(pushed)
    intro = README.replace("Harbour Tides", journey.name)
    _answer(
        journey, pushed, f"Tester notes: Harbour 17 always has data.\n\nIntroduction: {intro}\n\nHand in\n"
    )
    journey.reach("in_review")


def _answer_the_reviewer(journey: Journey) -> None:
    asked = journey.reviewer.act(
        f"submissions/{journey.submission}/threads/", {"body": "Which coasts are covered?"}
    )
    _answer(journey, _mail(journey, "", "Which coasts are covered?"), "Those of the north.")

    def comments() -> list[str]:
        return [each["body"] for each in journey.reviewer.api(f"threads/{asked['id']}/")["comments"]]

    wait_until(lambda: comments()[1:] == ["Those of the north."], "the answer is in the thread")
    journey.reviewer.act(f"threads/{asked['id']}/resolve/")


def _mail(journey: Journey, subject: str, words: str) -> EmailMessage:
    """The newest mail to the owner with these words, once it is there."""

    def found() -> list[EmailMessage]:
        return [
            mail
            for mail in journey.stack.letters(journey.owner.email)
            if subject in str(mail["Subject"]) and words in text_of(mail)
        ]

    wait_until(found, f"a mail about “{subject}” that says “{words}”")
    return found()[-1]


def _answer(journey: Journey, mail: EmailMessage, text: str) -> None:
    """As a mail program answers: to the Reply-To, with what is answered quoted below."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = (
        journey.owner.email,
        mail["Reply-To"],
        f"Re: {mail['Subject']}",
    )
    made["Message-ID"], made["In-Reply-To"] = make_msgid(domain="harbour.example"), mail["Message-ID"]
    quoted = "\n".join(f"> {line}" for line in text_of(mail).splitlines()[:5])
    made.set_content(
        f"{text}\n\nOn Fri, 27 Nov 2026 at 10:00, Portal <portal@portal.example> wrote:\n{quoted}\n"
    )

    def is_taken() -> bool:
        try:
            with smtplib.SMTP("127.0.0.1", journey.stack.mail_port, timeout=30) as server:
                server.send_message(made, journey.owner.email, [str(mail["Reply-To"])])
        except (OSError, smtplib.SMTPServerDisconnected):
            return False
        return True

    wait_until(is_taken, "the receiver of mails answers")
