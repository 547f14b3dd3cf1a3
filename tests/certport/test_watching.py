"""Waiting for a submission: a line for each change in a build, one picture that is redrawn on a terminal."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import threading
import time

import pytest

from certification.lifecycle import SUBMISSION
from certification.models import Submission
from portal.certport.problems import Problem, Unreachable
from portal.certport.watching import patiently
from portal.shared.actors import SYSTEM
from portal.shared.transitions import transition
from tests.factories.reviews import in_review

pytestmark = pytest.mark.django_db(transaction=True)


def send_back(submission: Submission) -> None:
    transition(SUBMISSION, submission, "request_changes", actor=SYSTEM, about=[submission.connector])


def test_a_build_reads_a_line_for_each_change_and_fails_when_it_is_sent_back(certport, cast):
    submission = in_review(cast.developer)
    certport.enter(cast.developer)
    with certport.started("status", submission.reference, "--watch", "--interval", "0.3") as process:
        assert "in review" in process.stdout.readline()
        time.sleep(1)
        send_back(submission)
        rest, said = process.communicate(timeout=30)
    assert process.returncode == 1, said
    lines = rest.splitlines()
    assert len(lines) == 1, "nothing is said while nothing changes"
    assert "changes requested" in lines[0]
    assert "Answer the reviewer's threads" in lines[0]


def test_a_terminal_is_redrawn_in_place(certport, cast):
    submission = in_review(cast.developer)
    certport.enter(cast.developer)
    ours, theirs = pty.openpty()
    command = [
        sys.executable,
        "-m",
        "portal.certport",
        "status",
        submission.reference,
        "-w",
        "--interval",
        "0.3",
    ]
    environment = certport.environment(TERM="xterm-256color", COLUMNS="100")
    process = subprocess.Popen(
        command, cwd=certport.folder, env=environment, stdin=theirs, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    timer = threading.Timer(40, process.kill)
    timer.start()
    shown = ""
    try:
        while chunk := _read(ours):
            if "in review" in shown + chunk and "in review" not in shown:
                send_back(submission)
            shown += chunk
    finally:
        timer.cancel()
        os.close(ours)
    assert process.wait(10) == 1
    assert "changes requested" in shown
    assert "\x1b[1A" in shown, "drawn over what was there"
    assert submission.connector.slug in shown


def _read(descriptor: int) -> str:
    try:
        return os.read(descriptor, 65536).decode(errors="replace")
    except OSError:
        # Linux answers so when the last holder of the other end is gone.
        return ""


def test_a_log_that_never_ends_is_no_document(certport, cast):
    certport.enter(cast.developer)
    assert certport("logs", "S-1", "--follow", "--json").code == 2


def test_interrupting_a_wait_is_no_failure_of_the_program(certport, cast):
    submission = in_review(cast.developer)
    certport.enter(cast.developer)
    with certport.started("status", submission.reference, "--watch", "--interval", "0.3") as process:
        assert "in review" in process.stdout.readline()
        process.send_signal(2)
        said = process.communicate(timeout=20)[1]
    assert process.returncode == 130
    assert "Traceback" not in said


class Away:
    """Answers that come, or say that none does."""

    def __init__(self, *answers: object) -> None:
        self.left = list(answers)

    def __call__(self) -> object:
        answer = self.left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def test_an_outage_is_waited_for_and_said_once(capsys):
    ask = Away(Problem(502, {}), Problem(502, {}), Unreachable("It is gone."), "there")
    assert patiently(ask, 0.0) == "there"
    assert capsys.readouterr().err.splitlines() == [
        "The portal cannot answer at the moment (502). Waiting for it.",
        "It is gone. Waiting for it.",
    ]


def test_a_refusal_is_not_waited_for():
    with pytest.raises(Problem):
        patiently(Away(Problem(401, {})), 0.0)
