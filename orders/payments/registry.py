"""Which payment providers there are: name → dotted path of the class, imported when first used."""

from typing import cast

from django.utils.module_loading import import_string

from orders.payments.provider import Provider

PROVIDERS = {"manual": "orders.payments.manual.ManualProvider"}
DEFAULT = "manual"  # what new payments are made with


def provider_named(name: str) -> Provider:
    """The provider of an order's payment. Raises KeyError for an unknown name."""
    return cast(Provider, import_string(PROVIDERS[name])())
