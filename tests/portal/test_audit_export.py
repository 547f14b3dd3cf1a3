"""The exported audit trail, and its verifier that asks no database."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from portal.shared import audit, audit_chain
from portal.shared.actors import SYSTEM
from tests.factories import ConnectorFactory


@pytest.fixture
def exported(db, tmp_path) -> Path:
    connector = ConnectorFactory()
    with transaction.atomic():
        for number in range(5):
            audit.record(
                "connector.update", connector, actor=SYSTEM, reason=f"Gezeiten für {number}", data={"n": 1.5}
            )
    file = tmp_path / "audit.jsonl"
    call_command("export_audit", file)
    return file


def lines(file: Path) -> list[dict]:
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def faults(items: list[dict], head: str = "") -> list[str]:
    return audit_chain.verify_lines((json.dumps(item) for item in items), head=head).faults


def test_an_export_is_whole_and_ends_with_the_head_of_the_chain(exported):
    with exported.open(encoding="utf-8") as file:
        trail = audit_chain.verify_lines(file)
    report = audit.verify_chain()
    assert (trail.checked, trail.head, trail.faults) == (report.checked, report.head, [])
    assert trail.checked >= 5
    assert exported.stat().st_mode & 0o777 == 0o600


def test_the_verifier_runs_without_settings_and_django(exported):
    code = "import sys; from portal.shared.audit_chain import main; main([sys.argv[1]]); print('django' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code, exported], capture_output=True, text=True, env={}, check=True
    )
    assert "The chain is whole." in done.stdout
    assert done.stdout.splitlines()[-1] == "False"


@pytest.mark.parametrize(
    ("wrong", "fault"),
    [
        (lambda items: items[2].update(reason="another"), "was altered"),
        (lambda items: items[2].update(added=1), "was altered"),
        (lambda items: items.pop(3), "stands where"),
        (lambda items: items.insert(2, items.pop(3)), "does not follow"),
        (lambda items: items.pop(), "The end is missing"),
        (lambda items: items.pop(-2), "The end names"),
        (lambda items: items.append(items[1]), "follows the end"),
        (lambda items: items[0].update(previous_hash="1" * 64), "does not begin with the first hash"),
    ],
)
def test_every_change_of_the_file_is_named(exported, wrong, fault):
    items = lines(exported)
    assert faults(items) == []
    wrong(items)
    assert any(fault in each for each in faults(items))


def test_a_hash_kept_elsewhere_uncovers_a_rewritten_chain(exported):
    items = lines(exported)
    kept = items[2]["hash"]
    assert faults(items, head=kept) == []
    previous = audit_chain.GENESIS
    for item in items[1:-1]:
        commitments, salts = audit_chain.commit(audit_chain.parts_of("rewritten", item["data"]))
        item.update(reason="rewritten", commitments=commitments, salts=salts)
        beside = ("hash", "previous_hash", "reason", "data", "salts")
        body = {name: value for name, value in item.items() if name not in beside}
        item.update(previous_hash=previous, hash=audit_chain.chain_hash(body, previous))
        previous = item["hash"]
    items[-1]["head"] = previous
    assert faults(items) == []
    assert faults(items, head=kept) == [f"The hash {kept} that was kept elsewhere is not in this chain."]


def test_a_part_follows_what_was_exported_before(exported, tmp_path):
    whole, part = lines(exported), tmp_path / "part.jsonl"
    call_command("export_audit", part, after=3)
    assert faults(lines(part), head=whole[3]["hash"]) == []
    assert lines(part)[1:-1] == whole[4:-1]
    with pytest.raises(CommandError, match="no sequence 900"):
        call_command("export_audit", tmp_path / "none.jsonl", after=900)
    assert not (tmp_path / "none.jsonl").exists()


def test_a_file_is_never_overwritten_and_another_file_is_no_export(exported, tmp_path, capsys):
    with pytest.raises(CommandError, match="exists"):
        call_command("export_audit", exported)
    other = tmp_path / "other"
    other.write_text("{}\n")
    assert audit_chain.main([str(other)]) == 2
    other.write_text("no JSON\n")
    assert audit_chain.main([str(other)]) == 2
    exported.write_text(exported.read_text().replace("Gezeiten", "Ebbe"))
    assert audit_chain.main([str(exported)]) == 1
    assert "was altered" in capsys.readouterr().err
