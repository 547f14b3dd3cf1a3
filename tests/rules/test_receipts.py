"""Receipts: what they say, who signed them, and when they no longer hold."""

from __future__ import annotations

import copy
import json
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from certification.rules import RULES_VERSION, Profile, check_package, receipts
from certification.rules.commandline.main import main
from certification.rules.receipts import (
    canonical,
    fingerprint,
    private_key_from,
    public_key_from,
    receipt_for,
    sign,
    verify,
)
from certification.rules.version import rules_digest
from connectors.definitions import Package, read_archive
from tests.rules.packages import BAD, DEFINITION, GOOD, folder

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER_KEY = Ed25519PrivateKey.from_private_bytes(bytes(32))
MOMENT = datetime(2031, 5, 6, 9, 8, 7, 654321, tzinfo=timezone(timedelta(hours=2)))


def pem(key: Ed25519PrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: Ed25519PrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


@pytest.fixture(scope="module")
def package() -> Package:
    return read_archive(GOOD.archive(), filename="tides.zip")


@pytest.fixture
def receipt(package: Package) -> dict[str, Any]:
    return receipt_for(check_package(package, Profile(), label="tides.zip"), time=MOMENT)


def test_a_receipt_names_package_rules_profile_verdict_and_time(
    receipt: dict[str, Any], package: Package
) -> None:
    assert receipt == {
        "format": "connector-receipt/1",
        "package": {"name": "tides.zip", "sha256": package.digest},
        "rules": {"version": RULES_VERSION, "sha256": rules_digest()},
        "profile": {"change": "new", "publisher": "verified"},
        "baseline": "",
        "verdict": "pass",
        "counts": {"error": 0, "warning": 0, "info": 0},
        "time": "2031-05-06T07:08:07Z",
        "tool": "connector-rules",
    }


def test_the_canonical_form_depends_on_the_content_alone(receipt: dict[str, Any]) -> None:
    turned = json.loads(json.dumps(dict(reversed(receipt.items())), indent=3))
    assert canonical(turned) == canonical(receipt)
    assert canonical({"b": "ä", "a": 1}) == '{"a":1,"b":"ä"}'.encode()


def test_an_unsigned_receipt_holds_as_far_as_that_can_be_told(
    receipt: dict[str, Any], package: Package
) -> None:
    found = verify(receipt, package)
    assert (found.holds, found.is_signed, found.is_trusted, found.key) == (True, False, None, "")
    assert found.is_of_these_rules
    assert not verify(receipt, package, KEY.public_key()).holds


def test_a_signed_receipt_tells_by_whom(receipt: dict[str, Any], package: Package) -> None:
    signed = sign(receipt, KEY)
    found = verify(signed, package, KEY.public_key())
    assert (found.holds, found.is_genuine, found.is_trusted) == (True, True, True)
    assert found.key == fingerprint(KEY.public_key())
    without_key = verify(signed, package)
    assert (without_key.holds, without_key.is_trusted) == (True, None)
    assert sign(signed, KEY) == signed


def test_another_key_is_not_trusted(receipt: dict[str, Any], package: Package) -> None:
    found = verify(sign(receipt, OTHER_KEY), package, KEY.public_key())
    assert (found.holds, found.is_genuine, found.is_trusted) == (False, True, False)


@pytest.mark.parametrize(
    "member", ["package", "rules", "profile", "baseline", "verdict", "counts", "time", "tool"]
)
def test_no_member_of_a_signed_receipt_can_be_changed(
    receipt: dict[str, Any], package: Package, member: str
) -> None:
    changed = copy.deepcopy(sign(receipt, KEY))
    if isinstance(changed[member], dict):
        changed[member]["more"] = "x"
    else:
        changed[member] = "fail"
    found = verify(changed, package, KEY.public_key())
    assert (found.holds, found.is_genuine, found.is_trusted) == (False, False, False)


@pytest.mark.parametrize(
    "signature",
    [None, "x", {}, {"algorithm": "none"}, {"algorithm": "Ed25519", "public_key": "?", "value": ""},
     {"algorithm": "Ed25519", "public_key": "AAAA", "value": "AAAA"}, {"algorithm": "Ed25519", "public_key": 1, "value": 2}],
)  # fmt: skip
def test_a_damaged_signature_is_not_the_same_as_none(
    receipt: dict[str, Any], package: Package, signature: Any
) -> None:
    found = verify({**receipt, "signature": signature}, package)
    assert (found.is_signed, found.is_genuine, found.holds) == (True, False, False)


def test_a_receipt_of_another_package_does_not_hold(receipt: dict[str, Any]) -> None:
    assert not verify(receipt, read_archive(BAD.archive())).holds
    assert not verify(receipt, read_archive(b"no archive")).holds


def test_a_receipt_of_other_rules_is_recognised(
    receipt: dict[str, Any], package: Package, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receipts, "RULES_VERSION", "99.0.0")
    assert not verify(receipt, package).is_of_these_rules
    monkeypatch.undo()
    monkeypatch.setattr(receipts, "rules_digest", lambda: "0" * 64)
    assert not verify(receipt, package).is_of_these_rules


@pytest.mark.parametrize(
    "change", [{"format": "else/1"}, {"verdict": "maybe"}, {"counts": 3}, {"package": None}, {"more": 1}]
)
def test_what_is_no_receipt_is_not_verified(
    receipt: dict[str, Any], package: Package, change: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="receipt"):
        verify({**receipt, **change}, package)


def test_a_refused_package_has_no_receipt() -> None:
    with pytest.raises(ValueError, match="refused"):
        receipt_for(check_package(read_archive(b"no archive"), Profile()))


def test_keys_of_other_kinds_are_refused() -> None:
    elliptic = generate_private_key(SECP256R1())
    locked = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret"))
    for content in (
        elliptic.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        locked,
        public_pem(KEY),
        b"",
    ):
        with pytest.raises(ValueError, match="key"):
            private_key_from(content)
    for content in (
        elliptic.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        pem(KEY),
        b"",
    ):
        with pytest.raises(ValueError, match="key"):
            public_key_from(content)
    assert fingerprint(private_key_from(pem(KEY)).public_key()) == fingerprint(
        public_key_from(public_pem(KEY))
    )


# -- on the command line


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "key.pem").write_bytes(pem(KEY))
    (tmp_path / "public.pem").write_bytes(public_pem(KEY))
    (tmp_path / "other.pem").write_bytes(public_pem(OTHER_KEY))
    (tmp_path / "tides.zip").write_bytes(GOOD.archive())
    folder(tmp_path / "tides", GOOD.members())
    return tmp_path


def test_check_writes_a_receipt_and_verify_accepts_it(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt, before = files / "receipt.json", datetime.now(UTC).replace(microsecond=0)
    assert main(["check", str(files / "tides.zip"), "--receipt", str(receipt)]) == 0
    content = receipt.read_bytes()
    assert content == canonical(json.loads(content)) + b"\n"
    assert datetime.fromisoformat(json.loads(content)["time"]) >= before
    capsys.readouterr()
    # The same files, packed or not, are the same package.
    for path in ("tides.zip", "tides"):
        assert main(["verify", str(receipt), str(files / path), "--recheck"]) == 0
        out = capsys.readouterr().out
        assert "unsigned" in out
        assert "the same verdict and counts" in out
        assert out.endswith("the receipt holds\n")


def test_a_signed_receipt_is_compared_with_the_demanded_key(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt, package = str(files / "receipt.json"), str(files / "tides")
    assert main(["check", package, "--receipt", receipt, "--receipt-key", str(files / "key.pem")]) == 0
    name = fingerprint(KEY.public_key())
    for arguments, code, said in (
        ([], 0, f"signed by key {name}; give --public-key"),
        (["--public-key", str(files / "public.pem")], 0, f"signed by key {name}, as demanded"),
        (["--public-key", str(files / "other.pem")], 1, "not the key demanded"),
    ):
        capsys.readouterr()
        assert main(["verify", receipt, package, *arguments]) == code
        assert said in capsys.readouterr().out


def test_verify_says_when_the_package_was_changed(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = str(files / "receipt.json")
    main(["check", str(files / "tides"), "--receipt", receipt])
    (files / "tides" / DEFINITION).write_bytes(BAD.members()[DEFINITION])
    capsys.readouterr()
    assert main(["verify", receipt, str(files / "tides")]) == 1
    out = capsys.readouterr().out
    assert "not the one of the receipt" in out
    assert out.endswith("the receipt does not hold\n")


def test_the_receipt_of_a_failing_package_is_genuine_but_does_not_hold(files: Path) -> None:
    receipt, package = str(files / "receipt.json"), str(folder(files / "bad", BAD.members()))
    assert main(["check", package, "--receipt", receipt]) == 1
    assert json.loads((files / "receipt.json").read_bytes())["verdict"] == "fail"
    assert main(["verify", receipt, package]) == 1


def test_a_receipt_of_other_rules_holds_only_when_any_rules_will_do(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt, package = files / "receipt.json", str(files / "tides")
    main(["check", package, "--receipt", str(receipt)])
    data = json.loads(receipt.read_bytes())
    data["rules"]["version"] = "0.0.1"
    receipt.write_text(json.dumps(data))
    capsys.readouterr()
    assert main(["verify", str(receipt), package]) == 1
    assert f"0.0.1; installed are {RULES_VERSION}" in capsys.readouterr().out
    assert main(["verify", str(receipt), package, "--any-rules"]) == 0


def test_a_forged_verdict_does_not_survive_a_second_check(
    files: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    receipt, package = files / "receipt.json", str(folder(files / "bad", BAD.members()))
    main(["check", package, "--receipt", str(receipt)])
    data = json.loads(receipt.read_bytes())
    receipt.write_text(json.dumps({**data, "verdict": "pass", "counts": dict.fromkeys(data["counts"], 0)}))
    assert main(["verify", str(receipt), package]) == 0
    assert main(["verify", str(receipt), package, "--recheck"]) == 1


@pytest.mark.parametrize("content", [b"", b"[]", b"\xff", b"[" * 60000, b"{}" + b" " * 70000])
def test_a_file_that_is_no_receipt_exits_with_2(
    files: Path, capsys: pytest.CaptureFixture[str], content: bytes
) -> None:
    (files / "receipt.json").write_bytes(content)
    assert main(["verify", str(files / "receipt.json"), str(files / "tides")]) == 2
    assert capsys.readouterr().err.startswith("connector-rules: ")


def test_receipts_are_about_one_whole_package(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    receipt = str(files / "receipt.json")
    assert main(["check", str(files), "--receipt", receipt]) == 2
    assert "about one package" in capsys.readouterr().err
    (files / "x.zip").write_bytes(b"no archive")
    assert main(["check", str(files / "x.zip"), "--receipt", receipt]) == 2
    assert "no receipt was written" in capsys.readouterr().err
    assert not (files / "receipt.json").exists()


def test_a_receipt_says_with_which_version_an_update_was_compared(files: Path, package: Package) -> None:
    receipt = files / "receipt.json"
    arguments = [
        "check",
        str(files / "tides"),
        "--baseline",
        str(files / "tides.zip"),
        "--receipt",
        str(receipt),
    ]
    main(arguments)
    data = json.loads(receipt.read_bytes())
    assert data["baseline"] == package.digest
    assert data["profile"]["change"] == "update"
