"""Numbers that were sent: small ones are read, anything else is none and breaks nothing."""

from __future__ import annotations

import pytest
from django.http import QueryDict
from rest_framework.exceptions import ValidationError

from certification.api.rollout_dates import DatesSerializer
from certification.web.plans import waves_from
from certification.web.rollout_order import numbers_in
from portal.shared.numbers import small_number

ENDLESS = "9" * 5_000


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("17", 17), ("999999999", 999_999_999), ("007", 7)])
def test_small_numbers_are_read(text, number):
    assert small_number(text) == number


@pytest.mark.parametrize("text", ["", None, "-1", "1.5", " 1", "²", "٣", "1000000000", ENDLESS, "0x1", "1_0"])
def test_anything_else_is_none(text):
    assert small_number(text) is None


def test_an_endless_number_in_a_form_or_a_document_is_told_and_breaks_nothing():
    assert numbers_in(f"1, {ENDLESS},2") == [1, 2]
    data = QueryDict(f"wave-1-name=One&wave-1-bake={ENDLESS}&region-asia={ENDLESS}&region-europe=1")
    (wave,) = waves_from(data)
    assert "europe" in str(wave)
    assert "asia" not in str(wave)
    with pytest.raises(ValidationError):
        DatesSerializer(data={"waves": {ENDLESS: "2027-01-04"}}).is_valid(raise_exception=True)
