"""Children of strangers' bytes: what they see, what they may use, and how they end."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest

from connectors.confinement import MIB, NOBODY, Limits, process, run

IS_ROOT = os.geteuid() == 0
QUICK = Limits(processor_seconds=5, wall_seconds=15, file_bytes=MIB)


def child(
    monkeypatch: pytest.MonkeyPatch, body: str, *, limits: Limits = QUICK, request: bytes = b""
) -> process.Outcome:
    start = "import sys, os, json\nsys.path.insert(0, sys.argv[1])\nfrom pathlib import Path\n"
    start += "from connectors.confinement import powers\n"
    monkeypatch.setattr(process, "code_of", lambda _entry: start + body)
    return run([request], limits, entry="nothing")


def test_the_module_that_is_named_answers_what_it_was_sent(tmp_path, monkeypatch):
    (tmp_path / "echo.py").write_text(
        "import sys\n\ndef main():\n    sys.stdout.write(sys.stdin.read()[::-1])\n    return 7\n"
    )
    monkeypatch.setattr(process, "_ROOT", tmp_path)
    ended = run([b"ab", b"cd"], QUICK, entry="echo")
    assert (ended.returncode, ended.output, ended.timed_out, ended.too_much) == (7, b"dcba", False, False)


def test_nothing_of_this_process_is_handed_on(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "canary-of-the-environment")
    descriptor = os.open("/etc/hostname", os.O_RDONLY)
    os.set_inheritable(descriptor, True)
    try:
        ended = child(
            monkeypatch,
            "held = [name for name in os.listdir('/proc/self/fd') if int(name) > 2]\n"
            "open_ = [os.readlink(f'/proc/self/fd/{name}') for name in held if os.path.exists(f'/proc/self/fd/{name}')]\n"
            "print(json.dumps([dict(os.environ), os.listdir('.'), open_, os.environ['HOME'] == os.getcwd()]))",
        )
    finally:
        os.close(descriptor)
    assert b"canary" not in ended.output
    assert b"hostname" not in ended.output
    assert ended.output.rstrip().endswith(b"[], [], true]")


def test_an_answer_is_cut_off_one_byte_beyond_its_bound(monkeypatch):
    limits = Limits(output_bytes=100_000, wall_seconds=15)
    ended = child(monkeypatch, "while True: sys.stdout.write('x' * 65536)", limits=limits)
    assert (ended.too_much, len(ended.output)) == (True, 100_001)
    exact = child(monkeypatch, "sys.stdout.write('x' * 100_000)", limits=limits)
    assert (exact.too_much, len(exact.output), exact.returncode) == (False, 100_000, 0)


def test_a_child_that_hangs_ends_with_everything_it_began(monkeypatch, tmp_path):
    body = (
        "import subprocess\n"
        "grandchild = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(600)'])\n"
        "print(grandchild.pid, flush=True)\nimport time\ntime.sleep(600)"
    )
    begun = time.monotonic()
    ended = child(monkeypatch, body, limits=Limits(wall_seconds=1.5))
    assert ended.timed_out
    assert time.monotonic() - begun < 60
    if ended.output:
        gone = Path(f"/proc/{ended.output.decode().strip()}/stat")
        for _attempt in range(100):
            if not gone.exists() or gone.read_text().rsplit(")", 1)[1].split()[0] == "Z":
                break
            time.sleep(0.05)
        else:
            pytest.fail("the grandchild lives on")


def test_a_request_that_is_never_read_holds_nobody_up(monkeypatch):
    ended = child(monkeypatch, "print('done')", request=b"x" * (4 * MIB))
    assert ended.output == b"done\n"


def test_limits_that_a_child_sets_hold(monkeypatch):
    confined = (
        "limits = {'memory_bytes': 256 << 20, 'processor_seconds': 1, 'file_bytes': 1000, 'open_files': 12}\n"
        "powers.limit(limits)\n"
    )
    busy = child(monkeypatch, confined + "while True: pass")
    assert busy.returncode == -24
    large = child(monkeypatch, confined + "try: bytearray(1 << 30)\nexcept MemoryError: sys.exit(9)")
    assert large.returncode == 9
    long = child(
        monkeypatch, confined + "try: Path('x').write_bytes(b'x' * 2000)\nexcept OSError: sys.exit(9)"
    )
    assert long.returncode == 9
    many = child(
        monkeypatch, confined + "try: [open('/dev/null') for n in range(20)]\nexcept OSError: sys.exit(9)"
    )
    assert many.returncode == 9


@pytest.mark.skipif(not IS_ROOT, reason="only root can become somebody else")
def test_root_becomes_nobody_for_good_and_keeps_the_folder_it_gave_away(monkeypatch, tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "mirror" / "old").mkdir(parents=True)
    (closed / "mirror" / "old" / "file").write_text("before")
    (closed / "secret").write_text("of root")
    body = (
        f"place = powers.given(Path({str(closed / 'mirror')!r}))\npowers.become_nobody()\n"
        "(place / 'new').write_text('after')\n"
        "seen = [os.getuid(), os.geteuid(), os.getgid(), os.getgroups(), (place / 'old' / 'file').read_text()]\n"
        f"for ask in (lambda: Path({str(closed / 'secret')!r}).read_text(), lambda: os.setuid(0),\n"
        "            lambda: (place / '..' / 'secret').read_text()):\n"
        "    try: ask(); seen.append('allowed')\n"
        "    except OSError: seen.append('refused')\n"
        "print(json.dumps(seen))"
    )
    ended = child(monkeypatch, body)
    assert (
        ended.output.decode().strip()
        == f'[{NOBODY}, {NOBODY}, {NOBODY}, [], "before", "refused", "refused", "refused"]'
    )
    assert (closed / "mirror" / "new").stat().st_uid == NOBODY
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


def test_a_refused_event_raises_and_others_go_on(monkeypatch):
    body = (
        "powers.refuse(lambda event, arguments: event.startswith(powers.STARTING))\n"
        "import subprocess\n"
        "for ask in (lambda: subprocess.run(['true']), lambda: os.system('true'), os.fork, lambda: os.execv('/bin/true', ['true'])):\n"
        "    try: ask(); print('allowed')\n"
        "    except PermissionError: pass\n"
        "print(len(os.listdir('/')) > 0)"
    )
    assert child(monkeypatch, body).output == b"True\n"


def test_the_package_needs_nothing_but_python():
    code = "import sys; import connectors.confinement.powers; print([m for m in sys.modules if m.split('.')[0] in ('django', 'dulwich', 'PIL')])"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=process._ROOT, check=True
    )
    assert done.stdout.strip() == "[]"
