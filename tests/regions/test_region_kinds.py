"""What a region of each kind needs to know, and what is refused."""

from __future__ import annotations

import pytest

from certification.regions.kinds import KINDS, Surroundings, cleaned_settings, kind_of

AROUND = Surroundings(programs=("reach",), allow_insecure=False)
PEM = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"
GOOD: dict[str, dict[str, object]] = {
    "http": {"base_url": "https://region.example/", "token": "one"},
    "command": {"program": "reach", "arguments": ["--west"], "seconds": 3},
    "manual": {"instructions": "Open the console."},
    "kubernetes": {"base_url": "https://cluster.example:6443", "namespace": "connectors", "token": "one"},
    "simulator": {},
}


@pytest.mark.parametrize("name", sorted(KINDS))
def test_the_least_that_a_kind_needs_is_enough(name):
    clean, faults = cleaned_settings(KINDS[name], GOOD[name], AROUND)
    assert faults == {}
    assert set(clean) == {setting.name for setting in KINDS[name].settings}


@pytest.mark.parametrize(
    ("name", "change", "where"),
    [
        ("http", {"base_url": "http://region.example/"}, "base_url"),
        ("http", {"token": ""}, "token"),
        ("http", {"token": "two words"}, "token"),
        ("http", {"namespace": "x"}, "namespace"),
        ("http", {"calls_operations": "yes"}, "calls_operations"),
        ("command", {"program": "/bin/sh"}, "program"),
        ("command", {"arguments": ["x" * 501]}, "arguments"),
        ("command", {"arguments": [1]}, "arguments"),
        ("command", {"arguments": "a\0b"}, "arguments"),
        ("command", {"seconds": 21}, "seconds"),
        ("command", {"seconds": True}, "seconds"),
        ("manual", {"instructions": "  "}, "instructions"),
        ("manual", {"confirmation_days": 0}, "confirmation_days"),
        ("kubernetes", {"namespace": "Big"}, "namespace"),
        ("kubernetes", {"workload": "pigeon"}, "workload"),
        ("kubernetes", {"workload": "deployment"}, "image"),
        ("kubernetes", {"token": ""}, "token"),
        ("kubernetes", {"client_certificate": PEM}, "client_key"),
        ("kubernetes", {"certificate_authority": "MIIB"}, "certificate_authority"),
        ("simulator", {"failures_percent": 101}, "failures_percent"),
    ],
)
def test_what_cannot_be_used_is_refused_where_it_was_entered(name, change, where):
    _, faults = cleaned_settings(KINDS[name], {**GOOD[name], **change}, AROUND)
    assert list(faults) == [where]
    assert all(texts and texts[0].endswith(".") for texts in faults.values())


def test_a_secret_that_is_stored_may_stay_empty():
    _, faults = cleaned_settings(
        KINDS["http"], {**GOOD["http"], "token": ""}, AROUND, kept=frozenset({"token"})
    )
    assert faults == {}
    certificate = {**GOOD["kubernetes"], "token": "", "client_certificate": PEM}
    _, faults = cleaned_settings(KINDS["kubernetes"], certificate, AROUND, kept=frozenset({"client_key"}))
    assert faults == {}


def test_lines_of_arguments_become_a_list():
    typed = {**GOOD["command"], "arguments": "--cluster\r\n\r\n  west  "}
    clean, _ = cleaned_settings(KINDS["command"], typed, AROUND)
    assert clean["arguments"] == ["--cluster", "west"]


def test_an_unknown_kind_names_the_known_ones():
    with pytest.raises(ValueError, match="kubernetes"):
        kind_of("carrier-pigeon")
