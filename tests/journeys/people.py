"""What the people of the journeys do, step by step, as they would do it in a browser."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from tests.factories.submissions import independent
from tests.journeys.seed import PASSWORD
from tests.journeys.stack import Stack, wait_until
from tests.journeys.visitor import Visitor

INTRO = (
    "# {name}\n\nGives the times of the tides for harbours along the coast.\n\n"
    "## Get credentials\n\nAsk for an API key at the portal of the service, then paste it when you connect.\n"
)


def package(title: str, version: str = "1.0.0", **changes: Any) -> bytes:
    """A package that breaks no rule unless `changes` (JSON Pointers of the definition) make it."""
    pointers = {f"/{name.replace('__', '/')}": value for name, value in changes.items()}
    return independent(title, version, **pointers).archive()


@dataclass
class Journey:
    """One connector with the three people who care for it."""

    stack: Stack
    number: int
    name: str

    def __post_init__(self) -> None:
        self.owner = Visitor(self.stack, f"owner{self.number}@harbour{self.number}.example", PASSWORD)
        self.reviewer = self._staff(f"reviewer{self.number}")
        self.operator = self._staff(f"operator{self.number}")
        self.connector = self.submission = self.slug = ""

    def _staff(self, name: str) -> Visitor:
        known = self.stack.staff[name]
        return Visitor(self.stack, known["email"], known["password"])

    def leave(self) -> None:
        for visitor in (self.owner, self.reviewer, self.operator):
            visitor.http.close()

    def enter_staff(self) -> None:
        for role, visitor in (("reviewer", self.reviewer), ("operator", self.operator)):
            visitor.sign_in(self.stack.staff[f"{role}{self.number}"]["totp"])

    def found_team(self) -> None:
        owner = self.owner
        owner.sign_up(f"Owner {self.number}")
        owner.get("/publishers/new/")
        owner.send("", {"name": f"{self.name} Office", "support_email": owner.email})

    def found_team_and_register(self) -> None:
        owner = self.owner
        self.found_team()
        owner.get("/connectors/new/")
        owner.send(
            "", {"name": self.name, "summary": "Tides along the coast.", "backend_host": "api.tides.example"}
        )
        self.connector = re.search(r"/connectors/([0-9a-f-]{36})/", owner.where)[1]  # type: ignore[index]
        self.slug = owner.api(f"connectors/{self.connector}/")["slug"]

    def start_draft(self, kind: str = "new") -> None:
        owner = self.owner
        owner.get(f"/submissions/new/?connector={self.connector}")
        owner.send("/submissions/new/", {"connector": self.connector, "kind": kind})
        self.submission = re.search(r"/submissions/([0-9a-f-]{36})/", owner.where)[1]  # type: ignore[index]

    def page(self, part: str = "") -> str:
        return f"/submissions/{self.submission}/{part}"

    def put_package(self, content: bytes) -> None:
        self.owner.get(self.page("edit/"))
        self.owner.send(self.page("upload/"), files=[("package.zip", content)])

    def fill_in(self, change_notes: str = "") -> None:
        owner = self.owner
        owner.get(self.page("edit/"))
        owner.send(
            self.page("edit/"),
            {
                "contact_role": ["primary", "support"],
                "contact_name": ["Ada Quay", "Support"],
                "contact_email": [owner.email, f"support{self.number}@harbour{self.number}.example"],
                "categories": ["Data"],
                "tester_notes": "Use the sandbox. Harbour 17 always has data.",
                "change_notes": change_notes,
                "intro": INTRO.format(name=self.name),
            },
        )

    def add_credential(self, key: str = "sandbox-key-for-the-journey") -> None:
        address = self.page("credentials/new/")
        self.owner.get(address)
        self.owner.send("", {"purpose": "Sandbox", "key": key})

    def hand_in(self) -> None:
        self.owner.get(self.page("ready/"))
        self.owner.send(self.page("submit/"))

    def prepare(self, content: bytes) -> None:
        """Everything up to handing in."""
        self.start_draft()
        self.put_package(content)
        self.fill_in()
        self.add_credential()

    def state(self) -> str:
        return str(self.owner.api(f"submissions/{self.submission}/")["state"])

    def reach(self, *states: str) -> None:
        wait_until(
            lambda: self.state() in states,
            f"{self.name} is {' or '.join(states)} (is {self.state()})",
        )

    def decide(self, verdict: str, reasons: str = "") -> None:
        reviewer = self.reviewer
        reviewer.get(self.page("review/"))
        reviewer.post(self.page("review/claim/"))
        reviewer.get(self.page("review/"))
        digest = re.search(r'name="digest" value="([0-9a-f]{64})"', reviewer.page)
        assert digest, "the review page does not say which package a decision is about"
        reviewer.post(
            self.page("review/decide/"), {"verdict": verdict, "reasons": reasons, "digest": digest[1]}
        )

    def preview(self) -> str:
        found = self.owner.api(f"previews/?submission={self.submission}")["results"]
        return str(found[0]["id"])

    def sign_off(self) -> None:
        self.reach("preview_testing")
        address = f"/previews/{self.preview()}/"
        self.owner.get(address)
        self.owner.send(f"{address}sign-off/", {"note": "Works.", "knows_untested": "on"})
        self.reach("signed_off")

    def schedule(self) -> str:
        """The operator takes the dates that the portal proposes; the id of the rollout."""
        operator = self.operator
        address = self.page("schedule/")
        operator.get(address)
        forms = operator.form("") | {"save": "1"}
        operator.post(address, forms)
        return str(re.search(r"/rollouts/([0-9a-f-]{36})/", operator.where)[1])  # type: ignore[index]

    def certify(self, content: bytes) -> str:
        """From a ready draft to live in every region; the id of the rollout."""
        self.prepare(content)
        self.hand_in()
        self.reach("in_review")
        self.decide("approve")
        self.sign_off()
        rollout = self.schedule()
        self.reach("live")
        return rollout

    def effective(self, code: str) -> list[dict[str, str]]:
        return self.stack.ledger(code, self.slug)

    def subjects(self) -> list[str]:
        return [mail.splitlines()[0] for mail in self.stack.mails(self.owner.email)]
