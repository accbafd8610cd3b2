"""What a supplier sets in the portal: company, areas, prices, drivers and vehicles."""

from typing import Any

import pytest
from django.test import Client

from accounts.models import Supplier, User
from suppliers.models import Driver, Vehicle

pytestmark = pytest.mark.django_db


@pytest.fixture
def portal(client: Client, sam: Any) -> Client:
    client.force_login(sam)
    return client


def rows(prefix: str, given: list[dict[str, str]], *, initial: int = 0) -> dict[str, str]:
    data = {f"{prefix}-TOTAL_FORMS": str(len(given)), f"{prefix}-INITIAL_FORMS": str(initial)}
    for number, row in enumerate(given):
        data |= {f"{prefix}-{number}-{name}": value for name, value in row.items()}
    return data


def test_the_company_and_its_contact_are_changed(portal: Client, sam: Any) -> None:
    data = {
        "company": "Springs & Sons",
        "name": "Sam",
        "phone": "+49301",
        "timezone": "Europe/Berlin",
        "lead_time_hours": "36",
    }

    assert portal.post("/portal/settings/company", data).status_code == 302

    company = Supplier.objects.get(pk=sam.pk)
    assert (company.company, company.lead_time_hours, company.active) == ("Springs & Sons", 36, False)
    assert User.objects.get(pk=sam.pk).timezone == "Europe/Berlin"


def test_areas_are_changed_added_and_removed(portal: Client, sam: Any) -> None:
    given = [
        {"region": "Berlin", "postal_codes": "10115", "DELETE": "on"},
        {"region": "London", "postal_codes": "sw1a 1aa, e1 6an\nE1 6AN"},
    ]

    assert portal.post("/portal/settings/areas", rows("areas", given, initial=1)).status_code == 302

    [area] = Supplier.objects.get(pk=sam.pk).service_areas
    assert (area.region, area.postal_codes) == ("London", ["SW1A 1AA", "E1 6AN"])


def test_prices_are_kept_by_volume(portal: Client, sam: Any) -> None:
    given = [
        {"min_volume": "1000", "max_volume": "", "price_per_liter": "0.01"},
        {"min_volume": "0", "max_volume": "1000", "price_per_liter": "0.02"},
    ]

    assert portal.post("/portal/settings/prices", rows("prices", given)).status_code == 302

    tiers = Supplier.objects.get(pk=sam.pk).pricing
    assert [(tier.min_volume, tier.max_volume) for tier in tiers] == [(0, 1000), (1000, None)]


def test_prices_that_overlap_are_refused(portal: Client, sam: Any) -> None:
    given = [
        {"min_volume": "0", "max_volume": "", "price_per_liter": "0.01"},
        {"min_volume": "500", "max_volume": "1000", "price_per_liter": "0.02"},
    ]

    response = portal.post("/portal/settings/prices", rows("prices", given))

    assert response.status_code == 400
    assert "Two prices hold for the same volume." in response.text
    assert len(Supplier.objects.get(pk=sam.pk).pricing) == 2


def test_drivers_and_vehicles_are_added_changed_and_removed(portal: Client, sam: Any) -> None:
    new = {"name": "Dora", "phone": "", "active": "on"}
    assert portal.post("/portal/settings/drivers", rows("drivers", [new])).status_code == 302
    driver = Driver.objects.get(supplier_id=sam.pk)

    lorry = {"name": "Lorry", "plate": "B-WT 1", "capacity_liters": "9000", "driver_id": str(driver.pk)}
    assert portal.post("/portal/settings/vehicles", rows("vehicles", [lorry])).status_code == 302
    assert Vehicle.objects.get(supplier_id=sam.pk).driver_id == driver.pk
    assert "Dora" in portal.get("/portal/settings/vehicles").text

    gone = {"id": str(driver.pk), "name": "Dora", "DELETE": "on"}
    assert portal.post("/portal/settings/drivers", rows("drivers", [gone], initial=1)).status_code == 302
    assert not Driver.objects.filter(supplier_id=sam.pk).exists()
    assert Vehicle.objects.get(supplier_id=sam.pk).driver_id is None


def test_another_suppliers_driver_is_out_of_reach(portal: Client, sue: Any) -> None:
    theirs = Driver.objects.create(supplier_id=sue.pk, name="Theirs")
    changed = {"id": str(theirs.pk), "name": "Mine now"}

    portal.post("/portal/settings/drivers", rows("drivers", [changed], initial=0))

    assert Driver.objects.get(pk=theirs.pk).name == "Theirs"


@pytest.mark.parametrize("section", ["company", "areas", "prices", "drivers", "vehicles"])
def test_an_empty_or_broken_form_is_told_not_stored(portal: Client, sam: Any, section: str) -> None:
    response = portal.post(f"/portal/settings/{section}", {"areas-TOTAL_FORMS": "x"})

    assert response.status_code == 400
    assert Supplier.objects.get(pk=sam.pk).company == "Sam's Springs"


def test_an_unknown_section_is_not_found(portal: Client) -> None:
    assert portal.post("/portal/settings/nonsense").status_code == 404


def test_a_new_password_keeps_this_window_and_ends_the_rest(portal: Client, sam: Any) -> None:
    from tests.factories import PASSWORD

    elsewhere = Client()
    elsewhere.force_login(sam)
    data = {"current_password": PASSWORD, "new_password": "deep-green-well-41"}

    assert portal.post("/portal/settings/account", data).status_code == 302

    assert User.objects.get(pk=sam.pk).check_password("deep-green-well-41")
    assert portal.get("/portal/").status_code == 200
    assert elsewhere.get("/portal/").status_code == 302


@pytest.mark.parametrize(
    ("current", "new", "told"),
    [
        ("wrong-one-entirely", "deep-green-well-41", "The current password is wrong."),
        ("tall-blue-cistern-88", "password1", "too common"),
    ],
)
def test_a_password_is_not_changed_without_reason(
    portal: Client, sam: Any, current: str, new: str, told: str
) -> None:
    response = portal.post("/portal/settings/account", {"current_password": current, "new_password": new})

    assert response.status_code == 400
    assert told in response.text
    assert User.objects.get(pk=sam.pk).password == sam.password
