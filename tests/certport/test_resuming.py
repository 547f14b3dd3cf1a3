"""A large package over a line that breaks again and again."""

from __future__ import annotations

import io
import json
import signal
import socket
import threading
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from certification.models import Submission
from connectors.models import ResumableUpload, Upload
from portal.certport import unfinished
from portal.certport.problems import Exit, Problem, Unreachable
from portal.certport.resuming import FROM_BYTES, PIECE_BYTES, send_in_pieces
from portal.certport.transport import Transport
from tests.factories import ConnectorFactory
from tests.factories.reviews import archive, large_definition

pytestmark = pytest.mark.django_db(transaction=True)


class Line:
    """Between client and portal. It is cut once a connection has carried so many bytes, as often as told."""

    def __init__(self, port: int, *, cuts: int, after_bytes: int) -> None:
        self.to, self.cuts, self.after_bytes = port, cuts, after_bytes
        self.carried = 0
        # Nothing more is carried once a connection has carried `after_bytes`, and nobody is told: a laptop
        # that is closed.
        self.stalls = False
        self.stalled = threading.Event()
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
                    if self.stalls:
                        return
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
            if sent > self.after_bytes and self.stalls:
                self.stalled.set()
                return True
            if sent > self.after_bytes and self.cuts:
                self.cuts -= 1
                return True
        return False


@contextmanager
def line_to(url: str, **how: int) -> Iterator[Line]:
    line = Line(int(url.rpartition(":")[2]), **how)
    threading.Thread(target=line.serve, daemon=True).start()
    try:
        yield line
    finally:
        for each in (line.listening, *line.ends):
            # A thread that reads from it would keep a socket open that is only closed.
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
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


SUBMIT = ("submit", "tides.zip", "--connector", "harbour-tides", "--draft", "--json")


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_the_next_command_goes_on_with_what_was_ended(certport, cast, how):
    ConnectorFactory(publisher=cast.publisher, slug="harbour-tides")
    content = large_package()
    (certport.folder / "tides.zip").write_bytes(content)
    with line_to(certport.url, cuts=0, after_bytes=2 * PIECE_BYTES + 100_000) as line:
        certport.url = f"http://127.0.0.1:{line.port}"
        token = certport.enter(cast.developer)
        line.stalls = True
        with certport.started(*SUBMIT, patience=150) as process:
            assert line.stalled.wait(60)
            process.send_signal(how)
            _out, said = process.communicate(timeout=60)
        if how == signal.SIGINT:
            assert process.returncode == Exit.INTERRUPTED
            assert "MB have arrived. Run the same command again" in said
            assert "Traceback" not in said
        (kept,) = (certport.folder / "home" / "uploads").iterdir()
        assert kept.stat().st_mode & 0o777 == 0o600
        assert token not in kept.read_text()
        arrived = ResumableUpload.objects.get().received_bytes
        assert arrived >= PIECE_BYTES
        line.stalls, line.carried = False, 0
        ended = certport(*SUBMIT)
        assert ended.code == 0, ended.out + ended.said
        assert "Going on with the upload that was cut off" in ended.said
        assert ended.document["reference"] == Submission.objects.get().reference
        assert line.carried < len(content) - arrived + PIECE_BYTES, "what had arrived is not sent again"
    assert ResumableUpload.objects.get().upload == Upload.objects.get()
    assert not list((certport.folder / "home" / "uploads").iterdir())


@pytest.fixture
def api(certport, cast, monkeypatch):
    """What the sending asks of the API, in this process; it never waits."""
    monkeypatch.setenv("CERTPORT_HOME", str(certport.folder / "home"))
    transport = Transport(certport.url, certport.enter(cast.developer), sleep=lambda _seconds: None)
    yield SimpleNamespace(transport=transport, token_retrieve=lambda: {"email": cast.developer.email})
    transport.close()


def kept_of(api, connector, content: bytes) -> unfinished.Unfinished:
    """What the command keeps once a line has broken after the first piece."""

    def broken(at: int) -> None:
        if at:
            raise Unreachable("the line is dead")

    with pytest.raises(Unreachable) as ended:
        send_in_pieces(api, str(connector.pk), "tides.zip", content, broken)
    assert any("it goes on from there" in line for line in ended.value.details)
    (file,) = unfinished.folder().iterdir()
    return unfinished.Unfinished(**json.loads(file.read_text()))


def test_only_the_same_content_of_the_same_person_for_the_same_connector_goes_on(api, cast):
    connector = ConnectorFactory(publisher=cast.publisher)
    kept = kept_of(api, connector, large_package())
    assert unfinished.find(replace(kept, place="", expires_at="")) == kept
    for other in ({"digest": "0" * 64}, {"connector": "another"}, {"url": "https://other.example"}):
        assert unfinished.find(replace(kept, **other)) is None
    assert kept.file.exists()
    assert unfinished.find(replace(kept, email="someone@else.example")) is None
    assert not kept.file.exists(), "what somebody else began here is dropped"


def test_what_is_over_or_cannot_be_read_is_dropped(api, cast):
    kept = kept_of(api, ConnectorFactory(publisher=cast.publisher), large_package())
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    unfinished.keep(replace(kept, expires_at=past))
    (unfinished.folder() / "torn.json").write_text('{"url": ')
    (unfinished.folder() / "list.json").write_text("[]")
    assert unfinished.find(kept) is None
    assert list(unfinished.folder().iterdir()) == []


@pytest.mark.parametrize("place", ["/api/v1/me/", "/api/v1/resumable-uploads/../me/", None])
def test_an_upload_that_the_portal_knows_no_more_begins_anew(api, cast, place):
    connector, content = ConnectorFactory(publisher=cast.publisher), large_package()
    kept = kept_of(api, connector, content)
    if place is None:
        ResumableUpload.objects.all().delete()
    else:
        unfinished.keep(replace(kept, place=place))
    upload = send_in_pieces(api, str(connector.pk), "tides.zip", content, lambda _at: None)
    assert upload["version"]
    assert list(unfinished.folder().iterdir()) == []


def test_an_upload_waits_for_a_new_sign_in(api, cast):
    connector, content = ConnectorFactory(publisher=cast.publisher), large_package()
    kept_of(api, connector, content)
    token_of, stranger = api.transport, Transport(api.transport.url, "ended")
    api.transport = stranger
    with pytest.raises(Problem) as ended:
        send_in_pieces(api, str(connector.pk), "tides.zip", content, lambda _at: None)
    assert ended.value.exit_code == Exit.SIGNED_OUT
    stranger.close()
    api.transport = token_of
    begins: list[int] = []
    send_in_pieces(api, str(connector.pk), "tides.zip", content, begins.append)
    assert begins[0] == PIECE_BYTES


def test_a_portal_that_never_takes_a_piece_is_given_up(api, cast, monkeypatch):
    """It answers where the upload is, again and again, and refuses every piece."""
    exchange = api.transport.exchange

    def refusing(method: str, path: str, **how):
        if method == "PATCH":
            raise Unreachable("a proxy in between takes no PATCH")
        return exchange(method, path, **how)

    monkeypatch.setattr(api.transport, "exchange", refusing)
    with pytest.raises(Unreachable, match="takes no PATCH"):
        connector = ConnectorFactory(publisher=cast.publisher)
        send_in_pieces(api, str(connector.pk), "tides.zip", large_package(), lambda _at: None)
