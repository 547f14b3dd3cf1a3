"""How long it takes to read connector packages.

    python -m benchmarks.definitions [FOLDER]

Without a folder: the sample connector and definitions grown from it. With one: every package below it (a
folder that holds an apiProperties.json). Times are CPU seconds of this process, best of three rounds.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from connectors.definitions import Document, SourceFile, facts, operations, read_archive, read_files
from tests.packages import DEFINITION, definition, harbour_tides, json_bytes, zip_of


def best(work: Callable[[], object], rounds: int = 3) -> float:
    times = []
    for _ in range(rounds):
        started = time.process_time()
        work()
        times.append(time.process_time() - started)
    return min(times)


def grown(paths: int) -> bytes:
    """A definition with `paths` times the operations of the sample."""
    items = {f"/a{at}{path}": item for at in range(paths) for path, item in DEFINITION["paths"].items()}
    return json_bytes(definition(paths=items))


def locate_all(content: bytes) -> None:
    document = Document.read(SourceFile("apiDefinition.swagger.json", content))
    for operation in operations(document.value):
        document.locate(operation.pointer + "/summary")


def report(label: str, size: int, seconds: float) -> None:
    print(f"{label:<44} {size / 1e6:8.2f} MB {seconds * 1000:10.1f} ms {size / 1e6 / seconds:9.1f} MB/s")


def samples() -> None:
    small = zip_of(harbour_tides())
    report("sample package, zip", len(small), best(lambda: read_archive(small)))
    for paths in (10, 100, 300):
        content = grown(paths)
        label, size = f"{paths * 3} operations", len(content)
        whole, broken = harbour_tides(definition=content), harbour_tides(definition=content[:-2] + b",}")
        report(f"{label}, read", size, best(partial(read_files, whole)))
        report(f"{label}, all located", size, best(partial(locate_all, content)))
        report(f"{label}, broken", size, best(partial(read_files, broken)))


def collection(root: Path) -> None:
    packages: list[Mapping[str, bytes]] = [
        {path.name: path.read_bytes() for path in marker.parent.iterdir() if path.is_file()}
        for marker in sorted(root.rglob("apiProperties.json"))
    ]
    size = sum(len(content) for files in packages for content in files.values())
    report(f"{len(packages)} packages, read", size, best(lambda: [read_files(f) and None for f in packages]))
    report(f"{len(packages)} packages, facts", size, best(lambda: [facts(read_files(f)) for f in packages]))
    zips = [zip_of(dict(files)) for files in packages]
    report(
        f"{len(packages)} packages, from zip", size, best(lambda: [read_archive(z) and None for z in zips])
    )


if __name__ == "__main__":
    if len(sys.argv) > 1:
        collection(Path(sys.argv[1]))
    else:
        samples()
