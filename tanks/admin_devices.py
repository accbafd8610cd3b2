"""The admin's page to register devices by the batch: to ship unowned, or from a file."""

import csv
import io
from typing import Any

from django import forms
from django.contrib.admin import AdminSite
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from common.time import utc_now
from tanks.device_ids import DEVICE_ID
from tanks.labels import archive
from tanks.models import DeviceKind
from tanks.services.claims import Provisioned, Wanted, batch_make, csv_rows, devices_provision

MOST = 1_000
MOST_BYTES = 1024 * 1024
EXPLANATION = (
    "The answer is a ZIP file with a table of the devices, their secrets and claim codes, and labels to print. "
    "Secrets and codes are told only there: they are stored as digests. A device with a claim code is claimed by "
    "whoever has its label (POST /api/devices/claim), and keeps its secret."
)


class BatchForm(forms.Form):
    count = forms.IntegerField(min_value=1, max_value=MOST, initial=20, widget=UnfoldAdminIntegerFieldWidget)
    kind = forms.ChoiceField(choices=DeviceKind.choices, widget=UnfoldAdminSelectWidget)
    names = forms.RegexField(
        DEVICE_ID,
        max_length=64,
        initial="wt",
        widget=UnfoldAdminTextInputWidget,
        help_text="Each is this, a dash and ten random digits.",
    )
    batch = forms.CharField(
        max_length=100, required=False, widget=UnfoldAdminTextInputWidget, help_text="To find them by later."
    )

    def devices(self) -> list[Provisioned]:
        sent = self.cleaned_data
        return batch_make(count=sent["count"], kind=sent["kind"], prefix=sent["names"], batch=sent["batch"])


class FileForm(forms.Form):
    file = forms.FileField(
        widget=UnfoldAdminFileFieldWidget,
        help_text=f"CSV with the columns deviceId, kind, tankId and secret, the last three where there are any; "
        f"at most {MOST} rows. With a tankId the device is that tank's at once; without, it gets a claim code.",
    )
    batch = forms.CharField(max_length=100, required=False, widget=UnfoldAdminTextInputWidget)

    def clean_file(self) -> list[Wanted]:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError("The file is larger than 1 MiB.")
        try:
            text = file.read().decode("utf-8-sig")
            rows = list(csv.DictReader(io.StringIO(text)))
        except (UnicodeDecodeError, csv.Error) as error:
            raise forms.ValidationError(f"The file is no CSV in UTF-8: {error}") from error
        if not rows or "deviceId" not in rows[0]:
            raise forms.ValidationError("The file has no column deviceId, or no rows.")
        if len(rows) > MOST:
            raise forms.ValidationError(f"The file has {len(rows)} rows; at most {MOST}.")
        return csv_rows(rows)

    def devices(self) -> list[Provisioned]:
        return devices_provision(wanted=self.cleaned_data["file"], batch=self.cleaned_data["batch"])


FORMS: dict[str, tuple[str, type[BatchForm | FileForm]]] = {
    "batch": ("Make a batch to ship", BatchForm),
    "file": ("Register from a file", FileForm),
}


def register_devices(request: HttpRequest, site: AdminSite) -> HttpResponse:
    """Both forms; after a good one the ZIP file."""
    sent = request.POST.get("form") if request.method == "POST" else None
    shown: list[tuple[str, str, Any]] = []
    for name, (heading, form_class) in FORMS.items():
        form = (
            form_class(request.POST, request.FILES, prefix=name) if sent == name else form_class(prefix=name)
        )
        if sent == name and form.is_valid():
            batch = form.cleaned_data["batch"]
            return HttpResponse(
                archive(form.devices(), batch=batch),
                content_type="application/zip",
                headers={
                    "Content-Disposition": f'attachment; filename="devices-{utc_now():%Y%m%d-%H%M%S}.zip"',
                    "Cache-Control": "no-store",
                },
            )
        shown.append((name, heading, form))
    context = {
        **site.each_context(request),
        "title": "Register devices",
        "forms": shown,
        "explanation": EXPLANATION,
    }
    return TemplateResponse(request, "admin/operator_forms.html", context)
