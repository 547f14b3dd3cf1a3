"""kill -9 during validation: of the child that checks, and of the worker that waits for it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from django.conf import settings

from certification.models import Finding, Submission, Validation
from certification.rules.sandbox import ATTEMPTS
from certification.services import submissions, validation
from portal.shared.models import AuditRecord, OutboxJob
from tests.factories.submissions import ready_draft
from tests.services import address_of_test_database

pytestmark = [pytest.mark.fault, pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]

# A worker in a process of its own, held inside the check until it is killed or let go.
WORKER = """
import sys, time, django
django.setup()
from certification.services import validation
from portal.shared import outbox
check = validation.check_bytes
def held(*args, **kwargs):
    print("checking", flush=True)
    if sys.argv[1] == "hold":
        time.sleep(120)
    report = check(*args, **kwargs)
    print("checked", flush=True)
    return report
validation.check_bytes = held
claim = outbox.claim(int(sys.argv[2]), lease_seconds=1)
assert claim is not None
outbox.perform(claim)
"""


def _worker(mode: str, job_id: int) -> subprocess.Popen[str]:
    media = str(Path(settings.PACKAGE_ROOT).parent)
    environment = {**os.environ, "DATABASE_URL": address_of_test_database(), "MEDIA_ROOT": media}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(WORKER), mode, str(job_id)],
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=settings.BASE_DIR,
    )


def _handed_in(cast) -> tuple[Submission, OutboxJob]:
    submission = ready_draft(cast.owner)
    OutboxJob.objects.all().delete()
    submissions.submit(submission, actor=cast.owner)
    return submission, OutboxJob.objects.get(handler="certification.tasks.validate_submission")


def test_a_worker_killed_in_the_middle_of_a_check_leaves_nothing_half_done(cast):
    submission, job = _handed_in(cast)
    victim = _worker("hold", job.pk)
    assert victim.stdout is not None
    assert victim.stdout.readline().strip() == "checking"
    victim.send_signal(signal.SIGKILL)
    victim.wait(timeout=10)
    victim.stdout.close()
    submission.refresh_from_db()
    assert (submission.state, Validation.objects.count()) == ("validating", 0)
    time.sleep(1.2)  # until the dead worker's lease has run out
    successor = _worker("go", job.pk)
    output, _ = successor.communicate(timeout=60)
    assert "checked" in output
    submission.refresh_from_db()
    job.refresh_from_db()
    assert (submission.state, job.state, Validation.objects.count()) == ("in_review", "done", 1)
    assert AuditRecord.objects.filter(action="submission.start_validation").count() == 1
    assert AuditRecord.objects.filter(action="submission.pass_validation").count() == 1


def _kill_the_child_of(pid: int, killed: set[int]) -> bool:
    """SIGKILL to the first sandbox child that shows up below `pid` within some seconds, none of `killed`."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit():
                continue
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
                command = (entry / "cmdline").read_bytes()
            except (OSError, ValueError, IndexError):
                continue
            if parent == pid and int(entry.name) not in killed and b"certification.rules.child" in command:
                os.kill(int(entry.name), signal.SIGKILL)
                killed.add(int(entry.name))
                return True
        time.sleep(0.005)
    return False


def test_a_checking_child_killed_from_outside_is_begun_again(cast):
    submission, job = _handed_in(cast)
    worker = _worker("go", job.pk)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "checking"
    assert _kill_the_child_of(worker.pid, set())
    worker.communicate(timeout=60)
    submission.refresh_from_db()
    assert (submission.state, Validation.objects.get().verdict) == ("in_review", "pass")


def test_a_check_killed_each_time_it_is_begun_is_a_finding_and_the_next_attempt_passes(cast):
    submission, job = _handed_in(cast)
    worker = _worker("go", job.pk)
    assert worker.stdout is not None
    assert worker.stdout.readline().strip() == "checking"
    for _attempt in range(ATTEMPTS):
        assert _kill_the_child_of(worker.pid, set())
    worker.communicate(timeout=60)
    submission.refresh_from_db()
    assert submission.state == "validation_failed"
    finding = Finding.objects.get()
    assert finding.rule.startswith("ENG-")
    assert finding.message
    submissions.submit(submission, actor=cast.owner)
    validation.validate_submission(str(submission.pk))
    submission.refresh_from_db()
    assert submission.state == "in_review"
    assert Validation.objects.get().verdict == "pass"
