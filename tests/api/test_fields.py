"""What each field takes and what it gives back."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from bson import Decimal128, ObjectId
from hypothesis import given
from hypothesis import strategies as st
from rest_framework.exceptions import ValidationError
from rest_framework.fields import Field

from common.api import fields

LATER = datetime(2026, 5, 1, 10, 0, 0, 123000, UTC)


@pytest.mark.parametrize(
    ("field", "given_value", "taken"),
    [
        (fields.NumberField(), 5, 5.0),
        (fields.NumberField(), -1e300, -1e300),
        (fields.WholeNumberField(), 5.0, 5),
        (fields.FlagField(), True, True),
        (fields.LineField(max_length=5), " abc ", "abc"),
        (fields.LineField(max_length=5, blank=True), "  ", ""),
        (fields.TextField(max_length=5), "a\nb", "a\nb"),
        (fields.EmailField(), "Alice@Example.ORG", "alice@example.org"),
        (fields.ObjectIdField(), "64b000000000000000000001", ObjectId("64b000000000000000000001")),
        (fields.InstantField(), "2026-05-01T12:00:00.1239+02:00", LATER),
        (fields.InstantField(), "2026-05-01T10:00:00.123Z", LATER),
        (fields.InstantField(), "2026-05-01T10:00:00.123", LATER),
        (fields.MoneyField(), 12.5, Decimal("12.50")),
        (fields.MoneyField(places=6), 0.000001, Decimal("0.000001")),
        (fields.TimezoneField(), "Europe/Berlin", "Europe/Berlin"),
    ],
)
def test_a_good_value_is_taken(field: Field, given_value: Any, taken: Any) -> None:
    assert field.run_validation(given_value) == taken


@pytest.mark.parametrize(
    ("field", "bad"),
    [
        (fields.NumberField(), "5"),
        (fields.NumberField(), True),
        (fields.NumberField(), None),
        (fields.NumberField(), float("nan")),
        (fields.NumberField(), float("inf")),
        (fields.NumberField(), 10**400),
        (fields.WholeNumberField(), 5.5),
        (fields.WholeNumberField(), float("inf")),
        (fields.WholeNumberField(), False),
        (fields.FlagField(), "true"),
        (fields.FlagField(), 1),
        (fields.LineField(max_length=5), 5),
        (fields.LineField(max_length=5), " "),
        (fields.LineField(max_length=5), "abcdef"),
        (fields.LineField(max_length=5), "a\nb"),
        (fields.TextField(max_length=5), "a\x00b"),
        (fields.TextField(max_length=5), "a\ud800b"),
        (fields.EmailField(), "alice"),
        (fields.EmailField(), ["alice@example.org"]),
        (fields.ChoiceField(choices=["1"]), 1),
        (fields.ChoiceField(choices=["a"]), {}),
        (fields.ObjectIdField(), "64b00000000000000000000"),
        (fields.ObjectIdField(), 64),
        (fields.InstantField(), "yesterday"),
        (fields.InstantField(), "0001-01-01T00:00:00+23:00"),
        (fields.InstantField(), "9999-12-31T23:59:59-23:00"),
        (fields.InstantField(), "1969-12-31T23:59:59Z"),
        (fields.InstantField(), 1700000000),
        (fields.MoneyField(), "5"),
        (fields.MoneyField(), 0.001),
        (fields.MoneyField(), -1),
        (fields.MoneyField(), 1e300),
        (fields.MoneyField(), float("nan")),
        (fields.TimezoneField(), "Mars/Olympus"),
    ],
)
def test_a_bad_value_is_refused(field: Field, bad: Any) -> None:
    with pytest.raises(ValidationError):
        field.run_validation(bad)


@given(st.recursive(st.none() | st.booleans() | st.floats() | st.integers() | st.text(), st.lists))
def test_no_value_breaks_a_field(value: Any) -> None:
    for field in (
        fields.NumberField(),
        fields.WholeNumberField(),
        fields.MoneyField(),
        fields.InstantField(),
        fields.ObjectIdField(),
        fields.LineField(max_length=9),
        fields.EmailField(),
        fields.ChoiceField(choices=["a"]),
        fields.FlagField(),
    ):
        try:
            field.run_validation(value)
        except ValidationError as error:
            assert error.detail  # noqa: PT017


def test_money_and_times_are_shown_as_the_contract_says() -> None:
    assert fields.MoneyField().to_representation(Decimal128("12.345")) == Decimal("12.35")
    assert fields.InstantField().to_representation(LATER) == "2026-05-01T10:00:00.123Z"
