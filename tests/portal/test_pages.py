"""The portal's pages: what each shows, whom it lets in, and every step of an order."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from orders.models import Order, Status
from suppliers.models import Driver

pytestmark = pytest.mark.django_db

LISTS = ["/portal/", "/portal/orders", "/portal/schedule", "/portal/customers", "/portal/settings"]


@pytest.fixture
def portal(client: Client, sam: Any) -> Client:
    client.force_login(sam)
    return client


def address(order: Any, step: str = "") -> str:
    return f"/portal/orders/{order.pk}{step and '/' + step}"


def status_of(order: Any) -> str:
    return str(Order.objects.get(pk=order.pk).status)


@pytest.mark.parametrize("path", LISTS)
def test_every_page_renders_for_a_supplier_without_any_data(portal: Client, path: str) -> None:
    response = portal.get(path)

    assert response.status_code == 200
    assert "Sam&#x27;s Springs" in response.text


@pytest.mark.parametrize("path", [*LISTS, "/portal/orders?status=all", "/portal/schedule?week=2026-01-01"])
def test_every_page_renders_with_data(portal: Client, watched_tank: Any, path: str) -> None:
    assert portal.get(path).status_code == 200
    fragment = portal.get(path, headers={"HX-Request": "true"})
    assert fragment.status_code == 200
    assert path.endswith("settings") or "<html" not in fragment.text


def test_rows_carry_the_orders_number(portal: Client, order: Any) -> None:
    assert f'data-order="{order.order_number}"' in portal.get("/portal/orders").text
    assert f'data-order="{order.order_number}"' in portal.get("/portal/").text
    assert order.order_number not in portal.get("/portal/orders?status=delivered").text


@pytest.mark.parametrize("search", ["alice", "10115", "+4930", "WO-"])
def test_orders_are_found_by_who_and_where(portal: Client, order: Any, search: str) -> None:
    text = order.order_number if search == "WO-" else search

    assert order.order_number in portal.get("/portal/orders", {"q": text}).text
    assert order.order_number not in portal.get("/portal/orders", {"q": "(nobody"}).text


@pytest.mark.parametrize("query", ["page=99", "page=-1", "page=x", "status=nonsense", "q=%00"])
def test_a_senseless_query_is_no_error(portal: Client, order: Any, query: str) -> None:
    assert portal.get(f"/portal/orders?{query}").status_code == 200
    assert portal.get(f"/portal/customers?{query}").status_code == 200


@pytest.mark.parametrize("time_range", ["24h", "7d", "30d", "60d", "nonsense"])
def test_a_tank_shows_its_level_as_a_chart(portal: Client, watched_tank: Any, time_range: str) -> None:
    response = portal.get(f"/portal/tanks/{watched_tank.pk}?range={time_range}")

    assert response.status_code == 200
    assert "data-readings" in response.text
    assert "Low level" in response.text


def test_a_customer_shows_tanks_and_orders(portal: Client, alice: Any, watched_tank: Any, order: Any) -> None:
    text = portal.get(f"/portal/customers/{alice.pk}").text

    assert "Alice Well" in text
    assert "Roof tank" in text
    assert order.order_number in text


def test_what_is_anothers_is_not_found(client: Client, sue: Any, alice: Any, tank: Any, order: Any) -> None:
    client.force_login(sue)

    for path in (address(order), f"/portal/tanks/{tank.pk}", f"/portal/customers/{alice.pk}"):
        assert client.get(path).status_code == 404
    for step in ("accept", "reject", "schedule", "depart", "deliver"):
        assert client.post(address(order, step)).status_code == 404
    assert status_of(order) == Status.PLACED


@pytest.mark.parametrize("path", ["/portal/orders/x", "/portal/tanks/0", "/portal/customers/%00"])
def test_a_malformed_id_is_not_found(portal: Client, path: str) -> None:
    assert portal.get(path).status_code == 404


@pytest.mark.parametrize("path", LISTS)
def test_strangers_sign_in_and_others_are_kept_out(client: Client, alice: Any, path: str) -> None:
    assert client.get(path).headers["Location"].startswith("/login?next=")
    assert client.get(path, headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/login"
    client.force_login(alice)
    assert client.get(path).status_code == 403


@pytest.mark.parametrize("with_htmx", [True, False])
def test_an_order_goes_all_its_way_by_buttons(portal: Client, order: Any, sam: Any, with_htmx: bool) -> None:
    driver = Driver.objects.create(supplier_id=sam.pk, name="Dora")
    headers = {"HX-Request": "true"} if with_htmx else {}
    expected = 200 if with_htmx else 302
    date = timezone.now() + timedelta(days=2)
    steps = [
        ("accept", {}, Status.ACKNOWLEDGED),
        (
            "schedule",
            {"scheduled_delivery_date": f"{date:%Y-%m-%dT%H:%M}", "driver_id": str(driver.pk)},
            Status.SCHEDULED,
        ),
        ("depart", {}, Status.IN_TRANSIT),
        ("deliver", {"delivered_liters": "990", "notes": "gate open"}, Status.DELIVERED),
    ]
    for step, data, status in steps:
        response = portal.post(address(order, step), data, headers=headers)
        assert response.status_code == expected, response.text
        assert status_of(order) == status
        assert portal.get(address(order)).status_code == 200
        if with_htmx:
            assert "toast" in response.headers["HX-Trigger"]

    done = Order.objects.get(pk=order.pk)
    assert (done.delivered_liters, done.driver_name, done.driver_notes) == (990, "Dora", "gate open")


def scheduled(portal: Client, order: Any, **more: str) -> None:
    date = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"
    portal.post(address(order, "accept"))
    portal.post(address(order, "schedule"), {"scheduled_delivery_date": date, **more})


def test_the_driver_may_change_until_departure(portal: Client, order: Any, sam: Any) -> None:
    dora, dan = (Driver.objects.create(supplier_id=sam.pk, name=name) for name in ("Dora", "Dan"))
    scheduled(portal, order, driver_id=str(dora.pk))

    portal.post(address(order, "depart"), {"driver_id": str(dan.pk)})

    gone = Order.objects.get(pk=order.pk)
    assert (gone.status, gone.driver_id, gone.driver_name) == (Status.IN_TRANSIT, dan.pk, "Dan")


def test_the_agreed_date_can_be_changed(portal: Client, order: Any) -> None:
    scheduled(portal, order)
    later = (timezone.now() + timedelta(days=5)).replace(second=0, microsecond=0)

    portal.post(address(order, "schedule"), {"scheduled_delivery_date": f"{later:%Y-%m-%dT%H:%M}"})

    moved = Order.objects.get(pk=order.pk)
    assert (moved.status, moved.scheduled_delivery_date) == (Status.SCHEDULED, later)


def test_a_rejected_order_leaves_the_list(portal: Client, order: Any, sue: Any) -> None:
    response = portal.post(address(order, "reject"), {"notes": "No lorry"}, headers={"HX-Request": "true"})

    assert response.headers["HX-Redirect"] == "/portal/orders"
    assert Order.objects.get(pk=order.pk).supplier_id == sue.pk
    assert portal.get(address(order)).status_code == 404


def test_a_step_that_is_no_longer_possible_shows_the_order_and_why(portal: Client, order: Any) -> None:
    response = portal.post(address(order, "depart"), headers={"HX-Request": "true"})

    assert response.status_code == 409
    assert "cannot become in transit" in response.text
    assert status_of(order) == Status.PLACED


def test_an_order_accepted_in_a_list_leads_to_its_page(portal: Client, order: Any) -> None:
    assert address(order, "accept") in portal.get("/portal/").text
    headers = {"HX-Request": "true"}

    first = portal.post(address(order, "accept"), {"from": "list"}, headers=headers)
    again = portal.post(address(order, "accept"), {"from": "list"}, headers=headers)

    assert first.headers["HX-Redirect"] == again.headers["HX-Redirect"] == address(order)
    assert status_of(order) == Status.ACKNOWLEDGED
    assert address(order, "accept") not in portal.get("/portal/").text


@pytest.mark.parametrize("date", ["", "yesterday", "2020-01-01T10:00"])
def test_a_senseless_date_is_told_beside_the_field(portal: Client, order: Any, date: str) -> None:
    portal.post(address(order, "accept"))

    response = portal.post(address(order, "schedule"), {"scheduled_delivery_date": date})

    assert response.status_code == 400
    assert "errorlist" in response.text
    assert status_of(order) == Status.ACKNOWLEDGED


@pytest.mark.parametrize("litres", ["", "-5", "nan", "inf", "1e99"])
def test_senseless_litres_deliver_nothing(portal: Client, order: Any, litres: str) -> None:
    Order.objects.filter(pk=order.pk).update(status=Status.IN_TRANSIT)

    assert portal.post(address(order, "deliver"), {"delivered_liters": litres}).status_code == 400
    assert status_of(order) == Status.IN_TRANSIT


def test_another_suppliers_driver_cannot_be_chosen(portal: Client, order: Any, sue: Any) -> None:
    driver = Driver.objects.create(supplier_id=sue.pk, name="Theirs")
    portal.post(address(order, "accept"))
    date = f"{timezone.now() + timedelta(days=2):%Y-%m-%dT%H:%M}"

    response = portal.post(
        address(order, "schedule"), {"scheduled_delivery_date": date, "driver_id": str(driver.pk)}
    )

    assert response.status_code == 400
    assert status_of(order) == Status.ACKNOWLEDGED


def test_steps_need_the_forms_token_and_a_post(sam: Any, order: Any) -> None:
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(sam)

    assert strict.post(address(order, "accept")).status_code == 403
    assert strict.get(address(order, "accept")).status_code == 405
    assert status_of(order) == Status.PLACED


def test_pages_allow_no_inline_script_or_style(portal: Client, watched_tank: Any) -> None:
    response = portal.get(f"/portal/tanks/{watched_tank.pk}")

    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert " style=" not in response.text
    assert " onclick=" not in response.text
