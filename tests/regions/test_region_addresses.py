from __future__ import annotations

import subprocess
import sys

import pytest

from certification.regions.addresses import check_base_url
from certification.regions.drivers import DRIVERS, driver_for
from certification.regions.http import HttpDriver
from certification.regions.protocol import RegionDriver


@pytest.mark.parametrize(
    "url",
    [
        "https://region.example",
        "https://region.example:8443/agents/westeurope/",
        "https://10.20.30.40/westeurope",
        "https://[2001:db8:1::7]/westeurope",
    ],
)
def test_a_region_may_live_at_any_https_address_also_a_private_one(url):
    check_base_url(url, allow_insecure=False)


@pytest.mark.parametrize(
    "url",
    ["http://127.0.0.1:8100/westeurope", "https://localhost/", "http://[::1]:8100/x", "http://region:8100/x"],
)
def test_the_trial_on_one_machine_may_use_loopback_and_plain_http_and_nothing_else_may(url):
    check_base_url(url, allow_insecure=True)
    with pytest.raises(ValueError, match=r"Use https|own machine"):
        check_base_url(url, allow_insecure=False)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "region.example",
        "ftp://region.example",
        "file:///etc/passwd",
        "https://",
        "https://:443/",
        "https://user:secret@region.example",
        "https://region.example/?a=1",
        "https://region.example/#x",
        "https://region.example?",
        "https://region.example/../admin",
        "https://region.example/%2e%2e/admin",
        "https://region.example\\@evil.example",
        " https://region.example",
        "https://region.example/\r\nX: 1",
        "https://région.example",
        "https://region.example:99999",
        "https://region.example:0",
        "https://169.254.169.254/latest",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "https://0.0.0.0/",
        "https://[::]/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://127.1/",
        "https://[::1",
    ],
)
@pytest.mark.parametrize("allow_insecure", [True, False])
def test_other_addresses_are_refused_with_advice_in_trial_and_production(url, allow_insecure):
    with pytest.raises(ValueError) as caught:
        check_base_url(url, allow_insecure=allow_insecure)
    assert str(caught.value).endswith(".")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    ["https://127.0.0.1./", "https://LOCALHOST/", "https://a.localhost/", "https://[::ffff:127.0.0.1]/"],
)
def test_loopback_in_disguise_is_loopback(url):
    with pytest.raises(ValueError, match="own machine"):
        check_base_url(url, allow_insecure=False)


def test_a_kind_of_region_is_one_line_in_the_table():
    assert DRIVERS["http"] is HttpDriver
    assert isinstance(driver_for("http"), RegionDriver)
    with pytest.raises(ValueError, match="choose one of"):
        driver_for("carrier-pigeon")


def test_protocol_driver_and_agent_load_without_django_celery_or_the_apps():
    program = """
import sys
import certification.regions.drivers, certification.regions.polling, certification.regions.addresses
import certification.regions.agent.serve
loaded = {name.partition(".")[0] for name in sys.modules}
print(sorted(loaded & {"django", "celery", "rest_framework", "kombu", "redis", "portal", "connectors"}))
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60
    )
    assert ended.stdout.strip() == "[]"
