"""What devices sent in vain, the gateways that speak for them, and what an unknown payload means."""

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from unfold.decorators import action
from unfold.widgets import UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from common.admin import KeptAdmin, ReadOnlyAdmin
from common.mongo import object_id
from iot.explain import explain
from iot.ingest.known import known_tank
from iot.models import Gateway, RejectedMessage
from iot.services.gateways import gateway_secret_renew

MOST_CHARACTERS = 65_536
EXPLANATION = (
    "Paste what an unknown device sent: its text, or its bytes as hex or base64. The decoder, the field, the unit "
    "and the direction are inferred, and the level is shown that each would give in a tank. Nothing is saved."
)


class PastedForm(forms.Form):
    payload = forms.CharField(max_length=MOST_CHARACTERS, strip=False, widget=UnfoldAdminTextareaWidget)
    topic = forms.CharField(max_length=512, required=False, widget=UnfoldAdminTextInputWidget)
    tank = forms.CharField(
        max_length=24, required=False, widget=UnfoldAdminTextInputWidget, help_text="The id of a tank."
    )

    def clean_tank(self) -> Any:
        text = self.cleaned_data["tank"]
        tank_id = object_id(text)
        tank = known_tank(tank_id) if tank_id else None
        if text and tank is None:
            raise forms.ValidationError("There is no tank of this id.")
        return tank


@admin.register(RejectedMessage)
class RejectedMessageAdmin(ReadOnlyAdmin):
    list_display = ("at", "code", "device_id", "transport", "topic")
    list_filter = ("transport", "code")
    search_fields = ("device_id", "topic", "code")
    ordering = ("-at",)
    fields = ("at", "code", "detail", "device_id", "transport", "topic", "payload")
    actions_list = ("explain_payload",)
    actions_detail = ("explain_this",)

    @action(description="Explain a payload", url_path="explain")
    def explain_payload(self, request: HttpRequest) -> HttpResponse:
        return self._explained(request, {})

    @action(description="Explain its payload", url_path="explain-this")
    def explain_this(self, request: HttpRequest, object_id: str) -> HttpResponse:
        message = self.get_object(request, object_id)
        initial = {"payload": message.payload, "topic": message.topic} if message else {}
        return self._explained(request, initial)

    def _explained(self, request: HttpRequest, initial: dict[str, str]) -> HttpResponse:
        form = PastedForm(request.POST) if request.method == "POST" else PastedForm(initial=initial)
        results = None
        if request.method == "POST" and form.is_valid():
            pasted = form.cleaned_data
            results = explain(
                payload=pasted["payload"].encode(), topic=pasted["topic"] or None, tank=pasted["tank"]
            )
        context = {
            **self.admin_site.each_context(request),
            "title": "Explain a payload",
            "explanation": EXPLANATION,
            "forms": [("payload", "Explain", form)],
            "results": results,
        }
        return TemplateResponse(request, "admin/explain_payload.html", context)


@admin.register(Gateway)
class GatewayAdmin(KeptAdmin):
    """A new gateway's secret is shown once, and again when it is renewed."""

    list_display = ("gateway_id", "name", "active", "created_at")
    list_filter = ("active",)
    search_fields = ("gateway_id", "name")
    ordering = ("gateway_id",)
    fields = ("gateway_id", "name", "active")
    actions_detail = ("renew_secret",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return ("gateway_id",) if obj else ()

    def save_model(self, request: HttpRequest, obj: Gateway, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            self._renew(request, obj)

    @action(description="Renew the secret", url_path="renew", permissions=["change"])
    def renew_secret(self, request: HttpRequest, object_id: str) -> HttpResponse:
        gateway = self.get_object(request, object_id)
        if gateway is not None and request.method == "POST":
            self._renew(request, gateway)
        if gateway is None or request.method == "POST":
            return HttpResponseRedirect(reverse("admin:iot_gateway_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": f"Renew the secret of {gateway}",
            "explanation": "The one that it has stops working at once.",
            "forms": [("renew", "Renew the secret", forms.Form())],
        }
        return TemplateResponse(request, "admin/operator_forms.html", context)

    def _renew(self, request: HttpRequest, gateway: Gateway) -> None:
        secret = gateway_secret_renew(gateway=gateway)
        messages.warning(request, f"The secret of {gateway.gateway_id}, shown only here: {secret}")
