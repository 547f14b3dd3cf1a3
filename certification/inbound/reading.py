"""What kind of mail it is, and what its writer wrote: everything in it is hostile until proved otherwise."""

from __future__ import annotations

import email
import email.policy
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import parseaddr
from enum import StrEnum
from html.parser import HTMLParser

from certification.inbound.quotes import LONGEST_TEXT, without_quotes

# Nearly every machine says so in a header; for those that do not, the words that the usual ones begin with.
_AUTOMATIC_SUBJECT = re.compile(
    r"(?i)^\s*(auto(matic)?[ -]?(reply|response)|out of (the )?office|undeliver|mail delivery|"
    r"delivery status notification|automatische antwort|abwesen|r[eé]ponse automatique|absence du bureau|"
    r"automatisch antwoord|afwezig|respuesta autom[aá]tica|fuera de (la )?oficina|risposta automatica|"
    r"resposta autom[aá]tica|autosvar|automatisk svar|automaattinen vastaus|odpowied[zź] automatyczna|"
    r"automatick[aá] odpov|otomatik yan.t|автоответ|автоматический ответ|自動(応答|返信)|自动(答复|回复))"
)
_MACHINES = re.compile(r"(?i)^(mailer-daemon|postmaster|no-?reply|bounces?)([+@-]|$)")
_NO_ATTACHMENTS = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
)
_STATUS = re.compile(r"(?im)^Status:\s*([245])\.(\d{1,3})\.(\d{1,3})")
_ACTION = re.compile(r"(?im)^Action:\s*(\w+)")


class MailKind(StrEnum):
    """A person's mail, a report that something was not delivered, or a machine's."""

    PERSON = "person"
    REPORT = "report"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class Received:
    """`text` is without quotes and signature. `status` is that of a report, such as "5.1.1"; a report of a
    delay is no failure."""

    message_id: str
    sender: str
    kind: MailKind
    text: str = ""
    attachments: tuple[str, ...] = ()
    status: str = ""
    is_failure: bool = False


def read(raw: bytes, *, envelope_sender: str | None = None) -> Received:
    """A mail as it came in. `envelope_sender` is what the sending server said (empty for reports), None where
    it is not known. Bad mail never raises: it has no words then."""
    message = email.message_from_bytes(raw, policy=email.policy.default)
    assert isinstance(message, EmailMessage)
    sender = parseaddr(_header(message, "From"))[1].lower()
    message_id = _header(message, "Message-ID").strip()[:300]
    if message.get_content_type() == "multipart/report":
        report = _report(message)
        return Received(message_id, sender, MailKind.REPORT, status=report[0], is_failure=report[1])
    if _is_automatic(message, sender, envelope_sender):
        return Received(message_id, sender, MailKind.AUTOMATIC)
    return Received(message_id, sender, MailKind.PERSON, _words(message), tuple(_attachments(message)))


def _header(message: EmailMessage, name: str) -> str:
    try:
        return str(message.get(name, ""))
    except Exception:  # noqa: BLE001 - headers can be broken in more ways than the library names
        return ""


def _is_automatic(message: EmailMessage, sender: str, envelope_sender: str | None) -> bool:
    """Whether a machine wrote it, or a list passed it on: nobody who does is answered."""
    submitted = _header(message, "Auto-Submitted").strip().lower()
    precedence = _header(message, "Precedence").strip().lower()
    return (
        envelope_sender == ""
        or (bool(submitted) and not submitted.startswith("no"))
        or precedence in {"bulk", "junk", "list", "auto_reply"}
        or any(_header(message, name) for name in ("List-Id", "List-Post", "X-Autoreply", "X-Autorespond"))
        or bool(_MACHINES.match(sender))
        or bool(_AUTOMATIC_SUBJECT.match(_header(message, "Subject")))
    )


def _report(message: EmailMessage) -> tuple[str, bool]:
    """Status code and whether the delivery failed for good."""
    for part in message.walk():
        if part.get_content_type() == "message/delivery-status":
            payload = part.get_payload()
            blocks = payload if isinstance(payload, list) else [payload]
            text = "\n".join(str(block) for block in blocks)[:20_000]
            status, action = _STATUS.search(text), _ACTION.search(text)
            code = ".".join(status.groups()) if status else ""
            return code, bool(action and action[1].lower() == "failed") or code.startswith("5")
    return "", False


def _attachments(message: EmailMessage) -> Iterator[str]:
    """Files that somebody attached; pictures of a signature and cryptographic signatures are none."""
    for part in message.walk():
        if part.is_multipart() or part.get_content_type() in _NO_ATTACHMENTS:
            continue
        if part.get_content_disposition() == "attachment":
            yield (part.get_filename() or part.get_content_type())[:100]


def _words(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    try:
        content = str(part.get_content())
    except (LookupError, ValueError, AssertionError):
        payload = part.get_payload(decode=True)
        content = payload.decode("utf-8", "replace") if isinstance(payload, bytes) else ""
    if part.get_content_subtype() == "html":
        content = text_of_html(content[: 4 * LONGEST_TEXT])
    return without_quotes(content)


_SILENT = frozenset({"head", "style", "script", "title", "blockquote", "template"})
_BLOCKS = frozenset({"p", "div", "br", "li", "tr", "h1", "h2", "h3", "h4", "pre", "ul", "ol", "table"})
_QUOTES = (
    "gmail_quote",
    "moz-cite-prefix",
    "yahoo_quoted",
    "gmail_signature",
    "divRplyFwdMsg",
    "appendonsend",
)
_VOID = frozenset(
    {"br", "img", "hr", "meta", "link", "input", "col", "wbr", "area", "base", "embed", "source"}
)


class _Text(HTMLParser):
    """Collects the words of an HTML mail; what is quoted or not shown is left out."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
        if tag not in _VOID and (self._silent or tag in _SILENT or any(each in named for each in _QUOTES)):
            self._silent.append(tag)
        elif tag in _BLOCKS:
            self.parts.append("\n- " if tag == "li" else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._silent:
            while self._silent.pop() != tag:
                pass
        elif tag in ("p", "div", "tr", "pre") and not self._silent:
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data if data.strip() else " ")


def text_of_html(content: str) -> str:
    """The words of an HTML mail, a line for each block."""
    parser = _Text()
    parser.feed(content)
    parser.close()
    lines = [" ".join(line.split()) for line in "".join(parser.parts).splitlines()]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
