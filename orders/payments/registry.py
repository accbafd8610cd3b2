"""Which payment providers there are: name → dotted path of the class, imported when first used."""

from typing import cast

from django.conf import settings
from django.utils.module_loading import import_string

from orders.payments.provider import Provider

PROVIDERS = {"manual": "orders.payments.manual.ManualProvider"}


def provider_named(name: str) -> Provider:
    """The provider of an order's payment. Raises KeyError for an unknown name."""
    return cast(Provider, import_string(PROVIDERS[name])())


def provider_name() -> str:
    """The one that new payments are made with."""
    return str(settings.PAYMENT_PROVIDER)
