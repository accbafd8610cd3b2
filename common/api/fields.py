"""Serializer fields that take a JSON type for what it is, and refuse what cannot be stored or shown again.

A string is no number, a boolean no integer, and no text holds a NUL. What a field accepts is what its schema
says (see `common.api.schema`); lengths are checked before patterns, so that neither can be made slow.
"""

import math
import re
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import available_timezones

from bson import Decimal128, ObjectId
from rest_framework import serializers

from common.mongo import object_id
from common.time import iso, truncate_ms

# Beyond this, other JSON readers round (RFC 8259).
MAX_SAFE_INTEGER = 2**53 - 1
EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)

# What the schema says of one line of text, of several, and of times. The API trims white space around text.
LINE = r"^[^\x00-\x1f\x7f]*[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]*$"
LINE_OR_BLANK = r"^[^\x00-\x1f\x7f]*$"
TEXT = r"^[^\x00]*[^\s\x00][^\x00]*$"
TEXT_AS_IT_IS = r"^[^\x00]+$"
TEXT_OR_BLANK = r"^[^\x00]*$"
CONTROL = re.compile(r"[\x00-\x1f\x7f]")
INSTANT = (
    r"^(197[1-9]|19[89][0-9]|20[0-9]{2})-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])"
    r"T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$"
)


class TextField(serializers.CharField):
    """A string of at most `max_length` characters, line breaks allowed; `blank`: it may be empty."""

    default_error_messages = {"invalid": "Give a string.", "control": "Give text without control characters."}
    control = re.compile("\x00")

    def __init__(self, *, max_length: int, blank: bool = False, **options: Any) -> None:
        super().__init__(max_length=max_length, allow_blank=blank, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        if len(data) > (self.max_length or 0):
            self.fail("max_length", max_length=self.max_length)
        if self.control.search(data):
            self.fail("control")
        return data.strip() if self.trim_whitespace else data

    @property
    def pattern(self) -> str:
        if self.allow_blank:
            return TEXT_OR_BLANK
        return TEXT if self.trim_whitespace else TEXT_AS_IT_IS


class LineField(TextField):
    """One line of text: no control characters at all."""

    control = CONTROL

    @property
    def pattern(self) -> str:
        return LINE_OR_BLANK if self.allow_blank else LINE


class EmailField(serializers.EmailField):
    """An address, in lower case: people do not think of case when they sign in."""

    default_error_messages = {"invalid": "Give an e-mail address."}

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=254, **options)

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str) or len(data) > 254:
            self.fail("invalid")
        return data.strip().lower()


class ChoiceField(serializers.ChoiceField):
    """One of the given strings, exactly."""

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("invalid_choice", input=data)
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """true or false, and nothing that resembles them."""

    default_error_messages = {"invalid": "Give true or false."}

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid")
        return data


class NumberField(serializers.FloatField):
    """A finite JSON number."""

    default_error_messages = {"invalid": "Give a number."}

    def to_internal_value(self, data: Any) -> float:
        if isinstance(data, bool) or not isinstance(data, (int, float)):
            self.fail("invalid")
        try:
            number = float(data)
        except OverflowError:
            self.fail("invalid")
        if not math.isfinite(number):
            self.fail("invalid")
        return number


class WholeNumberField(serializers.IntegerField):
    """A JSON number without a fraction (5.0 is 5: JSON does not tell them apart)."""

    default_error_messages = {"invalid": "Give a whole number."}

    def __init__(self, **options: Any) -> None:
        options.setdefault("min_value", -MAX_SAFE_INTEGER)
        options.setdefault("max_value", MAX_SAFE_INTEGER)
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, (int, float)) or data != data // 1:
            self.fail("invalid")
        return int(data)


class LitersField(NumberField):
    """Litres: a JSON number, kept to the millilitre."""

    def to_internal_value(self, data: Any) -> float:
        return round(super().to_internal_value(data), 3)

    def to_representation(self, value: Any) -> float:  # type: ignore[override]
        return round(float(value), 3)


class MoneyField(serializers.Field):
    """Money: a JSON number of two decimals (or `places`) outside, a Decimal inside and in store."""

    default_error_messages = {
        "invalid": "Give a number.",
        "range": "Give an amount from 0 to {limit}, with at most {places} decimals.",
    }

    def __init__(self, *, places: int = 2, limit: Decimal = Decimal(1_000_000_000), **options: Any) -> None:
        self.places, self.limit = places, limit
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, (int, float)) or not math.isfinite(data):
            self.fail("invalid")
        amount = Decimal(str(data))
        fits = 0 <= amount <= self.limit and amount == round(amount, self.places)
        if not fits:
            self.fail("range", limit=self.limit, places=self.places)
        return round(amount, self.places)

    def to_representation(self, value: Any) -> Decimal:
        amount = value.to_decimal() if isinstance(value, Decimal128) else Decimal(value)
        return amount.quantize(Decimal(1).scaleb(-self.places), rounding=ROUND_HALF_UP)


class ObjectIdField(serializers.Field):
    """An id: 24 hex digits outside, an ObjectId inside."""

    default_error_messages = {"invalid": "Give an id of 24 hexadecimal digits."}

    def to_internal_value(self, data: Any) -> ObjectId:
        found = object_id(data) if isinstance(data, str) else None
        if found is None:
            self.fail("invalid")
        return found

    def to_representation(self, value: Any) -> str:
        return str(value)


def parse_instant(text: str) -> datetime | None:
    """The time that ISO 8601 text names, in UTC to the millisecond; None if it is none between 1970 and 2100.

    Text without an offset is UTC.
    """
    try:
        at = datetime.fromisoformat(text)
        at = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return truncate_ms(at) if EARLIEST <= at < LATEST else None


class InstantField(serializers.Field):
    """A moment: ISO 8601 outside (given back in UTC with `Z` and milliseconds), an aware datetime inside."""

    default_error_messages = {"invalid": "Give a time as ISO 8601, such as 2026-05-01T12:00:00.000Z."}

    def to_internal_value(self, data: Any) -> datetime:
        at = parse_instant(data) if isinstance(data, str) and len(data) <= 64 else None
        if at is None:
            self.fail("invalid")
        return at

    def to_representation(self, value: Any) -> str:
        return iso(value)


class TimezoneField(ChoiceField):
    """The name of a time zone, such as Europe/Berlin."""

    def __init__(self, **options: Any) -> None:
        super().__init__(choices=sorted(available_timezones()), **options)


class PhoneField(LineField):
    """A telephone number as people write it, or nothing."""

    default_error_messages = {"phone": "Give a phone number, such as +49 30 123456."}
    shape = r"^(\+?[0-9][0-9 ()./-]{0,30})?$"

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=32, blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(self.shape, text):
            self.fail("phone")
        return text

    @property
    def pattern(self) -> str:
        return self.shape


class PasswordField(TextField):
    """A password, kept as it is typed; `new`: one to be set, which also has to be hard to guess."""

    default_error_messages = {"digits": "Give more than digits."}

    def __init__(self, *, new: bool = False, **options: Any) -> None:
        self.new = new
        if new:
            options["min_length"] = 8
        super().__init__(max_length=256, trim_whitespace=False, write_only=True, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if self.new and text.isdecimal():
            self.fail("digits")
        return text

    @property
    def pattern(self) -> str:
        return r"^[^\x00]*[^0-9\x00][^\x00]*$" if self.new else r"^[^\x00]+$"


class ShapeField(TextField):
    """Text of a regular shape, kept as it is given."""

    default_error_messages = {"shape": "Give text of the shape {shape}."}

    def __init__(self, shape: str, **options: Any) -> None:
        self.shape = shape
        super().__init__(trim_whitespace=False, **options)

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(self.shape, text):
            self.fail("shape", shape=self.shape)
        return text

    @property
    def pattern(self) -> str:
        return self.shape
