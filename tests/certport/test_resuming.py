"""A large package over a line that breaks again and again."""

from __future__ import annotations

import io
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from certification.models import Submission
from connectors.models import ResumableUpload, Upload
from portal.certport.resuming import FROM_BYTES, PIECE_BYTES
from tests.factories import ConnectorFactory
from tests.factories.reviews import archive, large_definition

pytestmark = pytest.mark.django_db(transaction=True)


class Line:
    """Between client and portal. It is cut once a connection has carried so many bytes, as often as told."""

    def __init__(self, port: int, *, cuts: int, after_bytes: int) -> None:
        self.to, self.cuts, self.after_bytes = port, cuts, after_bytes
        self.carried = 0
        self.ends: list[socket.socket] = []
        self.lock = threading.Lock()
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]

    def serve(self) -> None:
        while True:
            try:
                near, _place = self.listening.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self.to))
            self.ends += [near, far]
            for source, target, counts in ((near, far, True), (far, near, False)):
                threading.Thread(target=self._carry, args=(source, target, counts), daemon=True).start()

    def _carry(self, source: socket.socket, target: socket.socket, counts: bool) -> None:
        sent = 0
        try:
            while chunk := source.recv(16 * 1024):
                sent += len(chunk)
                if counts and self._is_cut(sent, len(chunk)):
                    break
                target.sendall(chunk)
        except OSError:
            pass
        for each in (source, target):
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)

    def _is_cut(self, sent: int, size: int) -> bool:
        with self.lock:
            self.carried += size
            if sent > self.after_bytes and self.cuts:
                self.cuts -= 1
                return True
        return False


@contextmanager
def line_to(url: str, **how: int) -> Iterator[Line]:
    line = Line(int(url.rpartition(":")[2]), **how)
    threading.Thread(target=line.serve, daemon=True).start()
    yield line
    for each in (line.listening, *line.ends):
        each.close()


def large_package() -> bytes:
    """Stored, not compressed: the line carries all of it."""
    packed = zipfile.ZipFile(io.BytesIO(archive(large_definition(1_500))))
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as stored:
        for name in packed.namelist():
            stored.writestr(name, packed.read(name))
    return made.getvalue()


def test_it_goes_on_where_the_connection_broke(certport, cast):
    ConnectorFactory(publisher=cast.publisher, slug="harbour-tides")
    content = large_package()
    assert len(content) > FROM_BYTES
    (certport.folder / "tides.zip").write_bytes(content)
    with line_to(certport.url, cuts=4, after_bytes=PIECE_BYTES + 100_000) as line:
        certport.url = f"http://127.0.0.1:{line.port}"
        certport.enter(cast.developer)
        sent = certport(
            "submit", "tides.zip", "--connector", "harbour-tides", "--draft", "--json", patience=120
        )
    assert sent.code == 0, sent.out + sent.said
    assert line.cuts == 0, "it was cut as often as planned"
    assert line.carried < len(content) + 6 * PIECE_BYTES, "a cut costs a piece, not the whole"
    arrived = ResumableUpload.objects.get()
    assert arrived.upload == Upload.objects.get()
    assert Submission.objects.get().version == arrived.upload.version


def test_a_line_that_never_carries_anything_is_told_and_leaves_no_upload(certport, cast):
    ConnectorFactory(publisher=cast.publisher, slug="harbour-tides")
    (certport.folder / "tides.zip").write_bytes(large_package())
    certport.url = "http://127.0.0.1:9"
    certport.enter(cast.developer)
    sent = certport("submit", "tides.zip", "--connector", "harbour-tides", "--json", patience=120)
    assert sent.code == 6
    assert not Upload.objects.exists()
