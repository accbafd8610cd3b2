"""What the portal asks for. Field names are those of the services they are handed to."""

import re
from itertools import pairwise
from typing import Any

from bson import ObjectId
from django import forms

from suppliers.models import Driver

MAX_LITRES = 1_000_000
MAX_NOTES = 500
LOCAL_TIME = "%Y-%m-%dT%H:%M"


class LocalTimeField(forms.DateTimeField):
    """A date and time in the reader's zone, by the browser's own picker."""

    def __init__(self, **options: Any) -> None:
        picker = forms.DateTimeInput(attrs={"type": "datetime-local", "step": 900}, format=LOCAL_TIME)
        super().__init__(widget=picker, input_formats=[LOCAL_TIME, "%Y-%m-%dT%H:%M:%S"], **options)


class NotesField(forms.CharField):
    def __init__(self, label: str, **options: Any) -> None:
        super().__init__(
            label=label,
            required=False,
            max_length=MAX_NOTES,
            widget=forms.Textarea(attrs={"rows": 2}),
            **options,
        )


class DriverChoice(forms.Form):
    """Who drives: one of the company's drivers, or nobody yet."""

    driver_id = forms.ChoiceField(label="Driver", required=False)

    def __init__(self, *args: Any, drivers: list[Driver], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", "No driver yet"), *((str(driver.pk), driver.name) for driver in drivers)]
        self.fields["driver_id"].choices = choices  # type: ignore[attr-defined]

    def clean_driver_id(self) -> ObjectId | None:
        chosen = self.cleaned_data["driver_id"]
        return ObjectId(chosen) if chosen else None


class DateForm(forms.Form):
    """When the order will come."""

    scheduled_delivery_date = LocalTimeField(label="Delivery date and time")


class ScheduleForm(DriverChoice, DateForm):
    """When the order will come, and with whom."""

    field_order = ["scheduled_delivery_date", "driver_id"]


class RejectForm(forms.Form):
    notes = NotesField("Reason", help_text="The customer may read it.")


class DeliverForm(forms.Form):
    delivered_liters = forms.FloatField(
        label="Litres delivered",
        min_value=0.1,
        max_value=MAX_LITRES,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    notes = NotesField("Notes")


class CompanyForm(forms.Form):
    company = forms.CharField(label="Company", max_length=150)
    name = forms.CharField(label="Contact person", max_length=150)
    phone = forms.CharField(label="Phone", max_length=32, required=False)
    timezone = forms.ChoiceField(label="Time zone", help_text="All times in the portal are shown in it.")
    lead_time_hours = forms.FloatField(
        label="Lead time (hours)",
        min_value=0,
        max_value=24 * 30,
        help_text="From an order to the earliest delivery.",
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )
    active = forms.BooleanField(
        label="Take new orders", required=False, help_text="Off: nobody is offered your company."
    )

    def __init__(self, *args: Any, zones: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["timezone"].choices = [(zone, zone.replace("_", " ")) for zone in zones]  # type: ignore[attr-defined]


class AreaForm(forms.Form):
    region = forms.CharField(label="Region", max_length=100)
    postal_codes = forms.CharField(
        label="Postal codes",
        help_text="Separated by commas or lines.",
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def clean_postal_codes(self) -> list[str]:
        # Not by spaces: many countries' codes have one inside.
        words = re.split(r"[,;\r\n]+", self.cleaned_data["postal_codes"])
        codes = list(dict.fromkeys(" ".join(word.split()).upper() for word in words if word.strip()))
        if any(len(code) > 20 for code in codes):
            raise forms.ValidationError("A postal code has at most 20 characters.")
        return codes


class PriceForm(forms.Form):
    min_volume = forms.FloatField(label="From litres", min_value=0, max_value=MAX_LITRES)
    max_volume = forms.FloatField(
        label="To litres",
        min_value=0,
        max_value=MAX_LITRES,
        required=False,
        help_text="Empty: without end.",
    )
    price_per_liter = forms.DecimalField(
        label="Price per litre",
        min_value=0,
        max_digits=12,
        decimal_places=6,
        widget=forms.NumberInput(attrs={"inputmode": "decimal", "step": "any"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        low, high = values.get("min_volume"), values.get("max_volume")
        if low is not None and high is not None and high <= low:
            self.add_error("max_volume", "Must be more than the lower limit.")
        return values


class DriverForm(forms.Form):
    id = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="Name", max_length=150)
    phone = forms.CharField(label="Phone", max_length=32, required=False)
    active = forms.BooleanField(label="Drives now", required=False, initial=True)


class VehicleForm(forms.Form):
    id = forms.CharField(required=False, widget=forms.HiddenInput)
    name = forms.CharField(label="Name", max_length=100)
    plate = forms.CharField(label="Plate", max_length=20, required=False)
    capacity_liters = forms.FloatField(label="Capacity (litres)", min_value=1, max_value=MAX_LITRES)
    driver_id = forms.ChoiceField(label="Usual driver", required=False)
    active = forms.BooleanField(label="In use", required=False, initial=True)

    def __init__(self, *args: Any, drivers: list[Driver], **options: Any) -> None:
        super().__init__(*args, **options)
        choices = [("", "None"), *((str(driver.pk), driver.name) for driver in drivers)]
        self.fields["driver_id"].choices = choices  # type: ignore[attr-defined]

    def clean_driver_id(self) -> ObjectId | None:
        chosen = self.cleaned_data["driver_id"]
        return ObjectId(chosen) if chosen else None


class PriceFormSet(forms.BaseFormSet):  # type: ignore[type-arg]
    """Price tiers, of which no two may hold for the same volume."""

    def clean(self) -> None:
        if any(self.errors):
            return
        tiers = sorted(
            (
                form.cleaned_data
                for form in self.forms
                if form.cleaned_data and not form.cleaned_data["DELETE"]
            ),
            key=lambda tier: tier["min_volume"],
        )
        for lower, upper in pairwise(tiers):
            if lower["max_volume"] is None or lower["max_volume"] > upper["min_volume"]:
                raise forms.ValidationError("Two prices hold for the same volume.")


def _rows(form: Any, base: Any = forms.BaseFormSet) -> Any:
    """All of a list at once: its rows, each of which can be removed, and an empty one to add."""
    return forms.formset_factory(form, formset=base, extra=1, can_delete=True, max_num=200, absolute_max=250)


AreaRows = _rows(AreaForm)
PriceRows = _rows(PriceForm, PriceFormSet)
DriverRows = _rows(DriverForm)
VehicleRows = _rows(VehicleForm)
