"""The page behind a mail's unsubscribe link: what one is told, and how, without signing in."""

from bson import ObjectId
from django import forms
from django.conf import settings
from django.core import signing
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.mongo import collection, object_id
from common.time import utc_now
from notifications.models import Channel

SALT = "notifications.preferences"


class ChannelsForm(forms.Form):
    push = forms.BooleanField(required=False, label="Push messages")
    email = forms.BooleanField(required=False, label="E-mail")
    sms = forms.BooleanField(required=False, label="SMS")


def preferences_url(*, user_id: ObjectId) -> str:
    """The signed address of a user's own page; it stays good, as old mails do."""
    token = signing.Signer(salt=SALT).sign(str(user_id))
    return settings.PUBLIC_URL + reverse("notification-preferences", kwargs={"token": token})


def channels_set(*, user_id: ObjectId, **channels: bool) -> None:
    """Switch channels on or off; those not named stay as they are."""
    changes = {f"notification_preferences.{name}": value for name, value in channels.items()}
    collection(User).update_one({"_id": user_id}, {"$set": {**changes, "updated_at": utc_now()}})


@never_cache
@csrf_exempt  # mail programs post here (RFC 8058); the signed token authorises
@require_http_methods(["GET", "POST"])
def preferences_page(request: HttpRequest, token: str) -> HttpResponse:
    """Shows and saves the channels. A one-click post, as mail programs send it, switches e-mail off."""
    try:
        user_id = object_id(signing.Signer(salt=SALT).unsign(token))
    except signing.BadSignature as error:
        raise Http404 from error
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None:
        raise Http404
    saved = request.method == "POST"
    if saved and request.POST.get("List-Unsubscribe") == "One-Click":
        channels_set(user_id=user.pk, email=False)
    elif saved:
        form = ChannelsForm(request.POST)
        form.is_valid()  # check boxes always are
        channels_set(user_id=user.pk, **form.cleaned_data)
    if saved:
        user.refresh_from_db()
    preferences = user.notification_preferences
    form = ChannelsForm(initial={name: getattr(preferences, name) for name in Channel.values})
    return render(request, "notifications/preferences.html", {"form": form, "user": user, "saved": saved})
