"""House rules that a reader should not have to check: sizes, names, who calls what, and that every name leads somewhere."""

from __future__ import annotations

import ast
import inspect
import re

import pytest
from django.apps import apps
from django.template.loader import get_template
from django.test import RequestFactory
from django.urls import NoReverseMatch, reverse
from django.utils.module_loading import import_string

from certification import lifecycle as certification_lifecycle
from connectors import lifecycle as connectors_lifecycle
from portal import navigation
from portal.celery import TIMETABLE
from portal.shared.transitions import Lifecycle
from portal.subscriptions import SUBSCRIPTIONS
from tests.architecture.routes import URL_NAMES, named_patterns
from tests.architecture.source import ROOT, called_name, first_text, modules

WEB = ("connectors/web", "certification/web", "portal/accounts")
SERVICES = ("connectors/services", "certification/services")
VIEW_LINES = 25
LONGEST_VIEW = 40
# View -> why splitting it would make it harder to read.
LONG_VIEWS = {
    "certification.web.reviews.review_detail": "puts the workbench together: definition, changes, the operation opened",
    "connectors.web.connectors.connector_list": "reads five filters, each with its own default",
    "certification.web.drafts.submission_autosave": "one place for every way a save can fail",
    "certification.web.threads.thread_new": "form, fragment and page of one deed",
    "certification.web.rollouts.rollout_reschedule": "the form is made of the waves still planned",
    "certification.web.rollouts.rollout_schedule": "shows dates and saves them with one form",
    "certification.web.rollouts.rollout_deed": "every deed of a rollout goes through it",
    "certification.web.validation.waiver_decide": "both verdicts with their refusals",
    "certification.web.credentials.credential_reveal": "policy, form, reveal and no-store belong in one view",
}
FORBIDDEN_FILES = {
    "utils.py",
    "helpers.py",
    "constants.py",
    "managers.py",
    "signals.py",
    "misc.py",
    "common.py",
}
# Rows that belong to no team (policies guard the pages), and comments, which are only prefetched with their threads.
OF_NO_TEAM = {
    "MetricsSource",
    "Comment",
    "Region",
    "RolloutPlan",
    "Freeze",
    "User",
    "OutboxJob",
    "NotificationPreference",
}
# Addresses of trial mode, and of a feature of allauth that is not switched on.
ONLY_IF_SWITCHED_ON = {
    "trial_enter",
    "trial_entries",
    "trial_sample",
    "trial_tour",
    "design",
    "account_change_phone",
}
# Events nobody follows, and why that is meant.
WITHOUT_FOLLOWERS = {
    "catchup.cancel": "the scheduler takes it back; rollout.leave_catch_up tells the teams",
    "catchup.resume": "the scheduler goes on",
    "submission.start_validation": "the worker that starts it does the work",
    "submission.start_preview": "preview.* tells",
    "submission.fail_preview": "preview.fail tells",
    "submission.reach_preview": "preview.open tells",
    "submission.sign_off": "preview.sign_off tells",
    "submission.refuse": "preview.refuse tells",
    "submission.expire": "preview.expire tells",
    "submission.reopen": "preview.reopen tells",
    "submission.schedule": "rollout.schedule tells",
    "submission.unschedule": "rollout.cancel is the same moment",
    "submission.start_rollout": "rollout.start tells",
    "submission.hold": "rollout.hold tells",
    "submission.resume": "rollout.resume tells",
    "submission.halt": "rollout.halt tells",
    "submission.release": "rollout.release tells",
    "submission.start_rollback": "rollout.start_rollback tells",
    "submission.complete_rollback": "rollout.complete_rollback tells",
    "submission.supersede": "rollout.complete of the next one tells",
    "waiver.withdraw": "the team's own deed",
    "documentation.publish": "rollout.complete tells, with the link",
    "documentation.republish": "the operator's own deed; the page shows it",
    "documentation.withdraw": "rollout.complete_rollback tells",
    "suggestion.accept": "the next revision has it; the thread is resolved",
    "suggestion.decline": "the answer in the thread is mailed",
    "suggestion.withdraw": "the reviewer's own deed; the thread shows it",
    "condition.meet": "shown on the page; scheduling asks for it",
    "condition.drop": "shown on the page; scheduling asks for it",
    "appeal.withdraw": "the team's own deed",
    "preview.retry": "preview.open or preview.fail tells how it went",
    "rehearsal.succeed": "the first wave of the rollout tells",
    "preview.cancel": "submission.withdraw tells",
    "regiontask.take": "shown on the page to whoever might begin too",
    "regiontask.give_back": "shown on the page",
    "regiontask.finish": "deployment.verify tells",
    "regiontask.fail": "deployment.fail tells",
    "regiontask.overtake": "the newer task tells",
    "ruletreatment.withdraw": "the asker's own deed",
    "ruletreatment.start": "shown on the rule's page and with every finding",
    "ruletreatment.end": "the newer one tells",
    "override.withdraw": "the asker's own deed",
    "override.use": "what it led to tells",
    "deployment.intend": "a step of the machine",
    "deployment.accept": "a step of the machine",
    "deployment.resend": "a step of the machine",
    "deployment.forget": "a step of the machine",
    "deployment.report": "deployment.verify tells",
    "deployment.cancel": "rollout.halt or rollout.start_rollback tells",
    "healthalert.acknowledge": "shown on the page: somebody looks after it",
    "availabilityrequest.withdraw": "the team's own deed",
    "connector.activate": "rollout.complete tells",
    "publisher.create": "the founder's own deed",
    "connector.deprecate": "notice.* tells",
    "connector.retire": "notice.* tells",
    "connector.reinstate": "notice.* tells",
    "ownershipclaim.withdraw": "the team's own deed",
    "ownershipclaim.expire": "shown on the page of claims",
    "transfer.withdraw": "the team's own deed; the page shows it",
    "transfer.expire": "shown on the page of the transfer",
    "erasure.finish": "nobody is left to be told; shown on the page of the erasure",
    "invitation.decline": "shown on the team's page",
    "invitation.revoke": "shown on the team's page",
}
_WRITES = re.compile(
    r"(audit\.record|outbox\.emit|\btransition|\.save|\.create|\.delete|\.bulk_create|\.update_or_create)$"
)
# The rollout machine: its steps are the portal's own, called by ticks and by services that know the actor.
MACHINE = {
    f"certification.services.{name}"
    for name in ("advance", "deployments", "outcomes", "placements", "polling", "probes")
}


def test_no_file_is_a_drawer_for_everything():
    assert [m.place(m.tree) for m in modules() if m.path.name in FORBIDDEN_FILES] == []


def test_no_python_file_is_longer_than_five_hundred_lines():
    long = {m.name: lines for m in modules() if (lines := len(m.path.read_text().splitlines())) > 500}
    # Made by `make client`: it grows with the API, and nobody reads it from top to bottom.
    long.pop("portal.certport.api.shapes", None)
    assert long == {}


def _views():
    for module in modules(*WEB, "portal"):
        for function in module.functions():
            first = function.args.args[0].arg if function.args.args else ""
            if first == "request" and function.decorator_list and not function.name.startswith("_"):
                yield module, function


def test_views_are_short_or_say_why_they_are_not():
    too_long = {
        f"{module.name}.{function.name}": length
        for module, function in _views()
        if (length := (function.end_lineno or 0) - function.lineno + 1) > VIEW_LINES
    }
    unexplained = {name: length for name, length in too_long.items() if name not in LONG_VIEWS}
    assert unexplained == {}, "split these views, or explain them in LONG_VIEWS"
    assert [name for name, length in too_long.items() if length > LONGEST_VIEW] == []


def test_pages_and_endpoints_reach_rows_only_through_visible_to():
    """`Model.objects` may stand in web/ and api/ only where visible_to is asked too, or for rows of no team."""
    model_names = {model.__name__ for model in apps.get_models()}
    faults = []
    for module in modules("connectors/web", "connectors/api", "certification/web", "certification/api"):
        for node in ast.walk(module.tree):
            if not (
                isinstance(node, ast.Attribute)
                and node.attr in _MANAGERS
                and isinstance(node.value, ast.Name)
            ):
                continue
            if node.value.id not in model_names or node.value.id in OF_NO_TEAM:
                continue
            if not _asks_who_looks(module.source_around(node)):
                faults.append(f"{module.place(node)} {node.value.id}.objects")
    assert sorted(set(faults)) == []


_MANAGERS = {"objects", "_default_manager", "_base_manager"}


def _asks_who_looks(source: str) -> bool:
    return bool(
        re.search(
            r"visible_to\(|visible_submissions\(|_visible\(request|self\.submission\(\)|\.none\(\)|user=user",
            source,
        )
    )


def test_services_know_no_request_no_framework_of_the_doors_and_no_queue():
    faults = []
    for module in modules(*SERVICES):
        for node in ast.walk(module.tree):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [node.module]
            faults += [
                f"{module.place(node)} imports {name}"
                for name in names
                if re.match(r"(rest_framework|celery|django\.http|django\.shortcuts)\b", name)
            ]
        faults += [
            f"{module.place(call)} {called_name(call)}"
            for call in module.calls()
            if re.search(r"\.(delay|apply_async|send_task)$", called_name(call))
        ]
    assert faults == []


def _run_by_the_portal() -> set[str]:
    """Services that tasks call: the portal itself is the actor there."""
    return {
        called_name(call).rpartition(".")[2]
        for module in modules("connectors", "certification")
        if module.path.name == "tasks.py"
        for call in module.calls()
    }


# Public functions of services that write without a person: what they are part of.
ACTORLESS = {
    "certification.services.forecasts.refresh": "the actor is that of the event, which is its argument",
    "certification.services.ledger.write": "repeats what the audit trail says",
    "certification.services.reviews.end_claim": "part of a decision, which records its actor",
    "certification.services.usage.weigh": "part of a check: the portal judges by figures",
    "certification.services.previews.advance_due": "a tick: called by the rollouts' tick",
    "certification.services.threads.carry_over_threads": "part of a job: the portal finds places again",
    "certification.services.repository_hooks.receive": "the actor is the repository's server, which signs",
    "certification.services.review_mirror_hearing.settle": "somebody without an account, whose login is told",
    "certification.services.received_mail.receive": "whoever wrote is in the mail",
    "connectors.services.connectors.insert_connector": "part of registering and importing, which record theirs",
    "connectors.services.heartbeats.begin_anew": "part of a transfer, which records its actor",
    "connectors.services.health_intake.take_batch": "the actor is the region, which is its argument",
    "connectors.services.health_rollup.roll_up": "a tick",
    "connectors.services.health_partitions.keep_partitions": "a tick",
}  # fmt: skip


def test_every_deed_of_a_service_names_its_actor_and_never_assumes_one():
    faults = []
    by_portal = _run_by_the_portal()
    for module in modules(*SERVICES):
        for function in module.functions():
            if function.name.startswith("_") or module.name in MACHINE:
                continue
            arguments = {argument.arg for argument in (*function.args.args, *function.args.kwonlyargs)}
            writes = any(
                _WRITES.search(called_name(call)) for call in ast.walk(function) if isinstance(call, ast.Call)
            )
            name = f"{module.name}.{function.name}"
            if (
                writes
                and "actor" not in arguments
                and function.name not in by_portal
                and name not in ACTORLESS
            ):
                faults.append(f"{module.place(function)} {function.name} writes and has no actor")
            for argument, default in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True):
                if argument.arg == "actor" and default is not None:
                    faults.append(f"{module.place(function)} {function.name} assumes an actor")
    assert faults == []


def _templates():
    for folder in ("templates",):
        yield from sorted((ROOT / folder).rglob("*.*"))


def test_every_template_that_is_named_exists():
    named: dict[str, str] = {}
    for module in modules():
        parts = {
            id(part)
            for node in ast.walk(module.tree)
            if isinstance(node, ast.JoinedStr)
            for part in node.values
        }
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str) or id(node) in parts:
                continue
            if re.fullmatch(r"[\w/-]+\.html", node.value):
                named.setdefault(node.value, module.place(node))
    for path in _templates():
        if path.suffix in {".html", ".txt"}:
            for name in re.findall(r"{%\s*(?:include|extends)\s+[\"']([^\"']+)[\"']", path.read_text()):
                named.setdefault(name, str(path.relative_to(ROOT)))
    missing = []
    for name, place in named.items():
        # Endings of names that are put together, such as "<event>_body.html".
        if "/" not in name and list((ROOT / "templates").rglob(f"*{name}")):
            continue
        try:
            get_template(name)
        except Exception as error:  # noqa: BLE001 - a syntax error is as bad as a missing file
            missing.append(f"{place}: {name} ({type(error).__name__})")
    assert missing == []


def test_every_address_a_template_names_exists():
    faults = []
    for path in _templates():
        if path.suffix not in {".html", ".txt"}:
            continue
        for name in re.findall(r"{%\s*url\s+[\"']([^\"']+)[\"']", path.read_text()):
            if name not in URL_NAMES | ONLY_IF_SWITCHED_ON:
                faults.append(f"{path.relative_to(ROOT)}: {name}")
    assert faults == []


def test_every_entry_of_the_navigation_leads_somewhere():
    for label, name, *_ in navigation._MAP:
        assert name in URL_NAMES, f"{label} leads nowhere"
        reverse(name)


@pytest.mark.django_db
@pytest.mark.parametrize("person", ["owner", "reviewer", "operator", "administrator"])
def test_the_shell_of_every_role_has_no_dead_link(cast, person, client, sign_in):
    request = RequestFactory().get("/")
    request.user = getattr(cast, person)
    request.session = {}
    shell = navigation._shell(request)
    addresses = [entry.url for entry in (*shell["nav"], *shell["account_nav"])]
    addresses += [team["url"] for team in shell["publishers"]]
    assert addresses
    assert not [address for address in addresses if "missing" in address]
    browser = sign_in(getattr(cast, person))
    assert {browser.get(entry.url).status_code for entry in shell["nav"]} == {200}


def _lifecycles():
    for module in (certification_lifecycle, connectors_lifecycle):
        yield from (value for value in vars(module).values() if isinstance(value, Lifecycle))


def _emitted() -> dict[str, str]:
    """Topic -> where it is emitted; transitions emit `<noun>.<event>` by themselves."""
    topics = {
        f"{each.noun}.{event}": f"{each.noun} lifecycle" for each in _lifecycles() for event in each.moves
    }
    for module in modules():
        for call in module.calls():
            if called_name(call) in {"emit", "outbox.emit"} and (topic := first_text(call)):
                topics[topic] = module.place(call)
    return topics


def test_every_event_has_followers_or_is_meant_to_have_none():
    unknown = {
        topic: place
        for topic, place in _emitted().items()
        if topic not in SUBSCRIPTIONS and topic not in WITHOUT_FOLLOWERS
    }
    assert unknown == {}, "subscribe in portal/subscriptions.py or explain in WITHOUT_FOLLOWERS"


def test_nothing_waits_for_an_event_that_nobody_emits():
    literals = {
        node.value
        for module in modules(*SERVICES, "portal/shared")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    assert set(SUBSCRIPTIONS) - set(_emitted()) - literals == set()
    assert set(WITHOUT_FOLLOWERS) & set(SUBSCRIPTIONS) == set()


def test_every_follower_can_be_called_with_what_its_event_carries():
    for topic, subscriptions in SUBSCRIPTIONS.items():
        for subscription in subscriptions:
            handler = import_string(subscription.handler)
            inspect.signature(handler).bind(id="1", **subscription.arguments)
            assert handler.__module__.endswith(".tasks"), f"{topic}: {subscription.handler}"


def test_every_line_of_the_timetable_can_be_run():
    for name, entry in TIMETABLE.items():
        for handler in entry.get("args", ()):
            inspect.signature(import_string(handler)).bind()
        assert entry["task"] in {"portal.tick", "portal.sweep"}, name


def test_url_names_that_code_reverses_exist():
    faults = []
    for module in modules():
        for call in module.calls():
            if called_name(call) in {"reverse", "reverse_lazy", "redirect"} and (name := first_text(call)):
                if name.startswith(("/", "http")) or name in URL_NAMES:
                    continue
                faults.append(f"{module.place(call)} {name}")
    assert faults == []


def test_the_names_of_addresses_are_unique():
    seen: dict[str, str] = {}
    clashes = []
    for name, pattern in named_patterns():
        if seen.setdefault(name, pattern) != pattern:
            clashes.append((name, seen[name], pattern))
    assert clashes == [], "two addresses share a name: reverse() finds only one"


def test_reverse_refuses_what_does_not_exist():
    with pytest.raises(NoReverseMatch):
        reverse("no_such_name")
