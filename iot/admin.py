"""What devices sent in vain, for operators."""

from django.contrib import admin

from common.admin import ReadOnlyAdmin
from iot.models import RejectedMessage


@admin.register(RejectedMessage)
class RejectedMessageAdmin(ReadOnlyAdmin):
    list_display = ("at", "code", "device_id", "transport", "topic")
    list_filter = ("transport", "code")
    search_fields = ("device_id", "topic", "code")
    ordering = ("-at",)
    fields = ("at", "code", "detail", "device_id", "transport", "topic", "payload")
