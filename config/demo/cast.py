"""Who plays in the demo: Tucson, Arizona, where many homes have their water hauled."""

from dataclasses import dataclass

PASSWORD = "water-demo-2026"  # noqa: S105 — printed by `make run`, and of use only in the demo
DEVICE_SECRET = "water-demo-2026-device"  # noqa: S105
ADMIN, SUPPLIER, CUSTOMER = "admin@example.com", "supplier@example.com", "customer@example.com"
TIMEZONE = "America/Phoenix"

# Postal code → latitude, longitude of its middle.
AREAS = {
    "85701": (32.217, -110.971),
    "85704": (32.336, -110.985),
    "85705": (32.269, -110.985),
    "85710": (32.214, -110.823),
    "85713": (32.194, -110.974),
    "85716": (32.243, -110.923),
    "85735": (32.092, -111.199),
    "85736": (31.909, -111.374),
    "85743": (32.329, -111.171),
    "85745": (32.242, -111.018),
    "85749": (32.279, -110.757),
    "85757": (32.131, -111.103),
}


@dataclass(frozen=True)
class Company:
    """A supplier: its tiers are (from litres, to litres, price a litre)."""

    email: str
    person: str
    company: str
    postal_codes: tuple[str, ...]
    tiers: tuple[tuple[float, float | None, str], ...]
    lead_time_hours: float
    rating: float
    drivers: tuple[str, ...]
    vehicles: tuple[tuple[str, str, float], ...]


EVERYWHERE = tuple(AREAS)
WEST = ("85735", "85736", "85743", "85745", "85757")
CITY = ("85701", "85704", "85705", "85710", "85713", "85716", "85749")

COMPANIES = (
    Company(
        SUPPLIER,
        "Dana Whitfield",
        "Blue Drop Water",
        EVERYWHERE,
        ((500, 2_000, "0.0260"), (2_000, 6_000, "0.0215"), (6_000, None, "0.0190")),
        20,
        4.6,
        ("Luis Ortega", "Marcy Bell", "Tom Kasper"),
        (("Tanker 1", "CJH 4821", 15_000), ("Tanker 2", "CJK 1190", 15_000), ("Pony", "BZT 7702", 7_500)),
    ),
    Company(
        "saguaro@example.com",
        "Renee Salas",
        "Saguaro Haulers",
        WEST,
        ((1_000, 5_000, "0.0235"), (5_000, None, "0.0205")),
        30,
        4.2,
        ("Ed Navarro", "Kim Tran"),
        (("Old Blue", "AKL 3310", 11_000), ("Ranger", "CMA 9054", 11_000)),
    ),
    Company(
        "catalina@example.com",
        "Victor Hale",
        "Catalina Water Company",
        CITY,
        ((800, 4_000, "0.0240"), (4_000, None, "0.0208")),
        26,
        4.4,
        ("Ana Brooks", "Joel Pratt"),
        (("CW-1", "CDP 2207", 13_000), ("CW-2", "CDP 2208", 13_000)),
    ),
    Company(
        "rincon@example.com",
        "Priya Raman",
        "Rincon Rural Water",
        ("85710", "85749", "85716"),
        ((500, None, "0.0290"),),
        12,
        3.9,
        ("Sam Little",),
        (("Rincon 1", "BXR 6616", 9_000),),
    ),
)

CUSTOMERS = (
    "Alex Romero",
    "Beatriz Nunez",
    "Carl Jensen",
    "Denise Holt",
    "Emil Vargas",
    "Fay Okafor",
    "Gus Lindqvist",
    "Hana Mori",
    "Ivan Petrov",
    "Jo Castellano",
    "Kofi Mensah",
    "Lena Fischer",
    "Miguel Duarte",
    "Nora Whelan",
    "Omar Haddad",
    "Paula Reyes",
    "Quinn Abbott",
    "Rosa Medina",
    "Stan Kowalski",
    "Tara Singh",
    "Uma Krishnan",
    "Vera Novak",
    "Will Dunmore",
    "Xenia Papadakis",
    "Yusuf Demir",
    "Zoe Carrington",
    "Aaron Fields",
    "Bianca Rossi",
    "Caleb Stone",
    "Dora Nagy",
    "Ethan Clark",
    "Frida Larsen",
    "Gita Patel",
    "Henry Osei",
    "Isla Murray",
    "Jamal Reed",
    "Kara Winslow",
    "Leo Brandt",
    "Maya Torres",
    "Nils Eriksen",
)

STREETS = ("W Ajo Way", "E Speedway", "N Oracle Rd", "S Mission Rd", "W Gates Pass Rd", "E Tanque Verde Rd")
TANK_NAMES = ("House", "Barn", "Roof", "Garden", "Cistern", "Guest house")
