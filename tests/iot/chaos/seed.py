"""Run in the chaos world's own environment: a customer, a supplier, and tanks with devices. Prints nothing."""

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from tanks.services.devices import device_register  # noqa: E402
from tests.factories import SupplierFactory, TankFactory, UserFactory  # noqa: E402

if __name__ == "__main__":
    user = UserFactory()
    SupplierFactory()
    for number in range(int(sys.argv[1])):
        tank = TankFactory(user=user, auto_order=True, critical_threshold=5)
        device_register(tank=tank, device_id=f"dev-{number}", kind="json")
