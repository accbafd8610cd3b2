"""System checks: a bad configuration stops the start with a message and an id."""

from zoneinfo import available_timezones

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

CURRENCY_LENGTH = 3


@register()
def check_currency(**_: object) -> list[CheckMessage]:
    """config.E001: CURRENCY is an ISO 4217 code."""
    currency = settings.CURRENCY
    if len(currency) == CURRENCY_LENGTH and currency.isalpha() and currency.isupper():
        return []
    return [Error(f"CURRENCY must be a three-letter ISO 4217 code, not {currency!r}.", id="config.E001")]


@register()
def check_time_zones(**_: object) -> list[CheckMessage]:
    """config.E002: the zone database is there (forecasts and quiet hours are local)."""
    if available_timezones():
        return []
    return [Error("No time zones found: install the tzdata package.", id="config.E002")]


@register(deploy=True)
def check_secret_key(**_: object) -> list[CheckMessage]:
    """config.E003: a production start has a secret key of its own."""
    if settings.SECRET_KEY_GIVEN:
        return []
    return [Error("Set SECRET_KEY to at least 32 random characters.", id="config.E003")]
