"""Settings that name programs and intervals are looked at when the portal starts."""

from __future__ import annotations

import pytest

from certification.system_checks import probes_are_not_a_flood, region_programs_are_absolute


@pytest.mark.parametrize(("path", "count"), [("/opt/regions/reach", 0), ("reach", 1), ("./reach", 1)])
def test_a_program_is_a_whole_path(settings, path, count):
    settings.REGION_PROGRAMS = {"reach": path}
    assert len(region_programs_are_absolute()) == count


@pytest.mark.parametrize(("seconds", "count"), [(1800, 0), (60, 0), (5, 1)])
def test_nobody_looks_all_the_time(settings, seconds, count):
    settings.PROBE_INTERVAL_SECONDS = seconds
    assert len(probes_are_not_a_flood()) == count
