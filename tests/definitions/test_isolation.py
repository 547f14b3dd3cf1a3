"""Reading touches nothing outside, no file, socket or process, and fits into the memory of a limited child.

Each test runs in a process of its own, where an audit hook of the interpreter sees every attempt and a
limit of the kernel bounds the memory.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.effort import effort

ROOT = Path(__file__).parents[2]

WATCH = """
import sys
from connectors.definitions import Limits, facts, icon, read_archive, read_files
from tests.definitions.test_archives_hostile import ARCHIVES
from tests.definitions.test_openapi import PLACES, TARGETS
from tests.packages import harbour_tides, json_bytes, png, zip_of

icon.reencode(png())  # loads the decoder, which is allowed to open its own modules
icon.measure(png())
facts(read_archive(zip_of(harbour_tides(script_csx=b'x'))))

attempts = []
watching = False

watched = {'open', 'os', 'socket', 'subprocess', 'shutil', 'tempfile', 'urllib', 'exec'}

def hook(event, arguments):
    if watching and event.split('.')[0] in watched:
        attempts.append((event, str(arguments)[:200]))

sys.addaudithook(hook)
watching = True
for code, data in ARCHIVES.values():
    read_archive(data, limits=Limits(json_values=50_000))
for place in PLACES.values():
    for target in TARGETS:
        content = json_bytes(place).replace(b'"X"', b'"' + target.encode() + b'"')
        package = read_files(harbour_tides(definition=content, properties=content))
        assert {problem.code for problem in package.problems} == {'remote-reference'}
        facts(package)
icon.reencode(png(400, 300))
watching = False
print(attempts)
"""

LIMITED = """
import resource, sys
from connectors.definitions import read_files
from tests.packages import harbour_tides

limit = 512 * 1024 * 1024
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
content = eval(sys.argv[1])
assert 2_000_000 < len(content) <= 5 * 1024 * 1024
package = read_files(harbour_tides(definition=content))
package.definition.locate('/1000/0')
print(type(package.definition.value).__name__)
"""


def run(code: str, *arguments: str) -> str:
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.strip()


def test_reading_hostile_packages_opens_nothing_and_calls_nobody():
    assert run(WATCH) == "[]"


COSTLY = {
    "many keys": "b'{' + b','.join(b'\"%d\":[]' % at for at in range(400_000)) + b',}'",
    "valid": "b'[' + b'{       },' * 240_000 + b'{}]'",
    "trailing comma": "b'[' + b'{       },' * 490_000 + b'{},]'",
}


@pytest.mark.parametrize("name", list(COSTLY)[: effort(1, 3)])
def test_the_costliest_documents_fit_into_512_megabytes(name):
    assert run(LIMITED, COSTLY[name]) in ("list", "dict")
