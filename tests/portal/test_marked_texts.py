"""No sentence that people read stands in Python without its mark for translation."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(settings.BASE_DIR)
APPS = ("portal", "certification", "connectors")
MARKS = {
    "_",
    "_lazy",
    "lazy",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "pgettext",
    "pgettext_lazy",
}
# Their texts are for programmers, databases and readers of the API's description.
NOT_FOR_READERS = {
    "RuntimeError", "ValueError", "TypeError", "ImproperlyConfigured", "AssertionError", "LookupError",
    "NotImplementedError", "execute", "extend_schema", "OpenApiParameter", "OpenApiResponse", "Warning",
    "Error",
}  # fmt: skip
LOGS = {"log", "logger"}
# What goes into the audit trail stays as it was said.
KEPT = {"reason"}
FOLDERS = {"migrations", "management", "demo"}
# Path -> how the texts begin that are no readers' texts; "" is all of the file.
EXCEPTIONS: dict[str, tuple[str, ...]] = {
    # Spoken to programs, and to those who run the portal.
    "certification/api/paconn.py": ("",),
    "certification/inbound/addresses.py": ("",),
    "certification/services/mail_server.py": ("",),
    "connectors/api/health.py": ("",),
    "connectors/services/health_intake.py": ("",),
    "portal/api.py": ("",),
    "portal/backup/": ("",),
    "portal/certport/": ("",),
    "portal/embedded/": ("",),
    "portal/healthcheck.py": ("",),
    "portal/lifecycles.py": ("",),
    "portal/metrics.py": ("",),
    "portal/settings/": ("",),
    "portal/shared/audit.py": ("",),
    "portal/shared/audit_chain.py": ("",),
    "portal/shared/conditional.py": ("private, no-cache",),
    "portal/shared/migration_operations.py": ("Create … models",),
    "portal/shared/outbox.py": ("",),
    "portal/shared/rest.py": ("Only these, with commas",),
    "portal/shared/schema.py": ("",),
    "portal/shared/schema_changes.py": ("",),
    "portal/shared/secret_scan.py": ("",),
    "portal/shared/storage.py": ("",),
    "portal/shared/web.py": ("not writable",),
    # Words to search for, attributes of HTML and htmx, words of C#, columns of files for spreadsheets.
    "certification/inbound/deeds.py": ("",),
    "certification/inbound/reading.py": ("(?i)",),
    "certification/queries/colouring.py": ("abstract as",),
    "certification/web/downloads.py": ("what to do",),
    "certification/web/families.py": ("regions verified", "first wave", "last wave"),
    "connectors/models/alerts.py": ("… ms",),
    "connectors/web/connectors.py": ("input changed", "closest form"),
    "connectors/web/health.py": ("success rate", "active connections"),
    "portal/search/commands.py": ("",),
    "portal/shared/markdown.py": ("noopener",),
    # What an installation starts with and edits, and what specimens of pages and mails are filled with.
    "certification/data/default_plan.py": ("",),
    "certification/services/simulation.py": ("",),
    "certification/services/specimens.py": ("",),
    "portal/shared/templatetags/design.py": ("",),
    # Pure packages know no Django, and rules are written in one language.
    "certification/attestation/": ("",),
    "certification/forges/": ("",),
    "certification/gating/": ("",),
    "certification/planning/": ("",),
    "certification/regions/": ("",),
    "certification/rollout_words/": ("",),
    "certification/rules/": ("",),
    "certification/simulation/": ("",),
    "connectors/confinement/": ("",),
    "connectors/definitions/": ("",),
    "connectors/identity/": ("",),
    "connectors/package_records.py": ("",),
    "connectors/runtime/": ("",),
    # Kept in rows and in the audit trail by workers, who have no reader in front of them; what is said of
    # rollouts is put into the reader's language by certification.rollout_words.
    "certification/queries/documentation.py": ("… runs",),
    "certification/reviewing/family_changes.py": ("Privacy policy",),
    "certification/services/advance.py": ("",),
    "certification/services/certification_tags.py": ("… … is certified",),
    "certification/services/credential_tests.py": ("",),
    "certification/services/documentation.py": ("The package of the page",),
    "certification/services/endpoints.py": ("",),
    # Written into the texts of others, who read any language.
    "certification/services/erasing.py": ("former member",),
    "certification/services/freezes.py": ("… was taken back",),
    "certification/services/gates.py": (
        "The gate after",
        "A probe finds",
        "Smoke tests failed",
        "The wave has had",
    ),
    "certification/services/gateway.py": ("cannot be asked",),
    "certification/services/manual_regions.py": ("",),
    "certification/services/notifications.py": ("The mail server",),
    "certification/services/outcomes.py": ("",),
    "certification/services/overrides.py": ("Two people let", "The exception is over"),
    "certification/services/polling.py": ("",),
    "certification/services/presented_receipts.py": (
        "It was made", "Another version is", "This portal treats", "The findings of",
    ),
    "certification/services/previews.py": ("The submission was withdrawn", "No reminder had"),
    "certification/services/probes.py": ("",),
    "certification/services/received_mail.py": ("It came back",),
    "certification/services/replays.py": ("its package is damaged",),
    "certification/services/rollout_queue.py": ("… before it", "… went live", "… was rolled back"),
    "certification/services/simulated_regions.py": ("",),
    "certification/services/smoke.py": ("",),
    "certification/services/suggestions.py": ("I suggest this change.",),
    "certification/services/webhook_sending.py": ("",),
    "certification/wording.py": ("… is no variable", "… had no value"),
    "connectors/services/health_alerts.py": ("No version of", "It is over."),
    "connectors/services/metrics_sources.py": ("No answer",),
    "connectors/services/token_exchange.py": ("this portal does not trust",),
    "connectors/services/versions.py": ("… files",),
}  # fmt: skip

# Two words in a row, the second small, and nothing of code, addresses or markup before them.
_SENTENCE = re.compile(r"[^<>{}/=_]*(?:…|\b[A-Za-z]{2,}),? [a-z]{2,}[^<>=]*\Z")
_SQL = re.compile(r"\b(?:SELECT|FROM|WHERE|SET|UPDATE|ORDER BY|TABLE|FILTER)\b")


def _text(node: ast.AST) -> str:
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in node.values)
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def _is_marked_or_code(node: ast.AST) -> bool:
    if isinstance(node, ast.Call):
        name = getattr(node.func, "id", getattr(node.func, "attr", ""))
        owner = getattr(getattr(node.func, "value", None), "id", "")
        return name in MARKS | NOT_FOR_READERS or owner in LOGS
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant)
    if isinstance(node, ast.FunctionDef):
        return node.name == "__str__"
    return isinstance(node, ast.Assert) or (isinstance(node, ast.keyword) and node.arg in KEPT)


def unmarked(node: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, text) of every sentence below the node that nothing marks; "…" stands for what is filled in."""
    if _is_marked_or_code(node):
        return
    text = _text(node)
    if text and _SENTENCE.match(text) and not _SQL.search(text):
        yield node.lineno, text  # type: ignore[attr-defined]
    if not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            if not (isinstance(child, ast.keyword) and child.arg == "help_text" and _is_serializer(node)):
                yield from unmarked(child)


def _is_serializer(node: ast.AST) -> bool:
    """Help of a serializer's field is part of the API's description; that of a form is not."""
    owner = getattr(getattr(node, "func", None), "value", None)
    name = getattr(getattr(node, "func", None), "id", "")
    return getattr(owner, "id", "") == "serializers" or name.endswith("Serializer")


def _excepted(path: str) -> list[tuple[str, str]]:
    return [(key, start) for key, starts in EXCEPTIONS.items() if path.startswith(key) for start in starts]


def test_no_sentence_in_python_is_left_unmarked():
    found, used = [], set()
    for path in sorted(path for app in APPS for path in (ROOT / app).rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        if FOLDERS & set(path.parts):
            continue
        for line, text in unmarked(ast.parse(path.read_text())):
            matching = [each for each in _excepted(name) if text.startswith(each[1])]
            used.update(matching)
            if not matching:
                found.append(f"{name}:{line}: {text[:80]}")
    assert found == [], "mark them with _() or portal.shared.words.lazy"
    stale = {(key, start) for key, starts in EXCEPTIONS.items() for start in starts} - used
    assert stale == set(), "these exceptions are not needed any more"


@pytest.mark.parametrize(
    "source",
    [
        'raise InvalidInput("Say why it cannot be certified.")',
        'faults["days"] = [f"Between 1 and {MOST} days."]',
        'text = f"{name} is reserved by another team."',
        'email = forms.EmailField(label=_lazy("Address"), help_text="Part of the mail.")',
        'words = ("Choose one of " "the kinds.")',
        'shown = _("%(what)s of it") % {"what": "a part of the plan"}',
    ],
)
def test_a_planted_sentence_is_found(source):
    assert len(list(unmarked(ast.parse(source)))) == 1


@pytest.mark.parametrize(
    "source",
    [
        'raise InvalidInput(_("Say why it cannot be certified."))',
        'raise ValueError("The range has no end.")',
        'log.warning("queue has no open day")',
        '"""What a module says about itself."""',
        'transition(ROLLOUT, row, "hold", reason="The region is ill today.")',
        'cursor.execute("SELECT one from the table")',
        'scope = serializers.CharField(help_text="The name of the program.")',
        "html = f'<p class=\"muted small\">{text}</p>'",
    ],
)
def test_what_nobody_reads_on_a_page_needs_no_mark(source):
    assert list(unmarked(ast.parse(source))) == []
