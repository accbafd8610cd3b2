"""The operators' admin in Chromium: every model's pages under the content policy, the main ones by axe-core."""

from typing import Any

import pytest
from django.contrib import admin
from django.urls import reverse
from playwright.sync_api import expect

from tests.admin.test_admin import name, world

__all__ = ["world"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db]

MAIN = {"accounts.User", "tanks.Tank", "tanks.Device", "orders.Order"}


def test_the_pages_run_under_the_content_policy_and_the_main_ones_are_accessible(
    visit: Any, world: None, ada: Any
) -> None:
    window = visit(ada)
    page = window.page
    found = window.serious("admin")
    for model in admin.site._registry:
        listed, row = reverse(name(model, "changelist")), model._default_manager.first()
        assert row is not None
        window.open(listed)
        if model._meta.label in MAIN:
            found += window.serious(f"admin-{model._meta.model_name}-list")
            window.open(reverse(name(model, "change"), args=[row.pk]))
            found += window.serious(f"admin-{model._meta.model_name}-detail")
    assert found == []

    window.open(reverse("admin:orders_order_changelist"))
    page.locator("a", has_text="Filters").first.click()
    expect(page.get_by_role("link", name="In transit").first).to_be_visible()
    page.set_viewport_size({"width": 390, "height": 844})
    found += window.serious("admin-phone")
    assert found == []
    assert window.complaints == []
