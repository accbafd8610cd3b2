"""What an operator takes away of newly registered devices: a table with their secrets, and labels to print."""

import csv
import io
import zipfile
from collections.abc import Sequence

import segno
from django.template.loader import render_to_string
from django.utils.safestring import mark_safe

from tanks.services.claims import Provisioned

COLUMNS = ("deviceId", "kind", "deviceSecret", "claimCode", "problem")


def archive(devices: Sequence[Provisioned], *, batch: str) -> bytes:
    """A ZIP of `devices.csv`, and of `labels.html` for those that are to be claimed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("devices.csv", table(devices))
        if any(device.claim_code for device in devices):
            file.writestr("labels.html", labels(devices, batch=batch))
    return packed.getvalue()


def table(devices: Sequence[Provisioned]) -> str:
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(devices)
    return text.getvalue()


def labels(devices: Sequence[Provisioned], *, batch: str) -> str:
    """A page to print, whole in itself: each device's id, and its claim code as text and as QR code."""
    shown = [
        {
            "device_id": device.device_id,
            "code": device.claim_code,
            # Of the code's own letters and digits alone, which a QR code holds in its shortest form.
            "svg": mark_safe(segno.make_qr(device.claim_code, error="m").svg_inline(scale=3)),  # noqa: S308
        }
        for device in devices
        if device.claim_code
    ]
    return render_to_string("devices/labels.html", {"devices": shown, "batch": batch})
