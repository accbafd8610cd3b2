"""`/api/users/…`: one's own profile, and what is held about oneself."""

from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api import serializers
from accounts.api.requests import IdentityRequest, person_of
from accounts.services.exports import export_json
from accounts.services.profiles import preferences_update, profile_update, user_delete
from common.api.requests import valid


class MeView(APIView):
    problem_statuses = {"DELETE": [409]}

    @extend_schema(operation_id="users_me_read", summary="Oneself", responses=serializers.UserSerializer)
    def get(self, request: IdentityRequest) -> Response:
        return Response(serializers.UserSerializer(person_of(request)).data)

    @extend_schema(
        operation_id="users_me_update",
        summary="Change one's name, phone, address or time zone",
        description="Of an address, the given parts alone change; null removes it.",
        request=serializers.ProfileSerializer(partial=True),
        responses=serializers.UserSerializer,
    )
    def patch(self, request: IdentityRequest) -> Response:
        changes = valid(serializers.ProfileSerializer(data=request.data, partial=True))
        return Response(serializers.UserSerializer(profile_update(user=person_of(request), **changes)).data)

    @extend_schema(
        operation_id="users_me_delete",
        summary="Have oneself forgotten",
        description="Tanks, readings and whatever else is personal go at once; orders stay for the books, without "
        "a name. 409 `open_order` while water is on its way, `last_admin`.",
        responses={204: None},
    )
    def delete(self, request: IdentityRequest) -> Response:
        user_delete(user_id=person_of(request).pk)
        return Response(status=204)


class PreferencesView(APIView):
    @extend_schema(
        operation_id="users_notification_preferences_update",
        summary="Choose how one is told things, and when not",
        description="Between the quiet hours' start and end only urgent messages go out; null removes them.",
        request=serializers.PreferencesSerializer(partial=True),
        responses=serializers.PreferencesSerializer,
    )
    def patch(self, request: IdentityRequest) -> Response:
        changes = valid(serializers.PreferencesSerializer(data=request.data, partial=True))
        preferences = preferences_update(user=person_of(request), **changes)
        return Response(serializers.PreferencesSerializer(preferences).data)


class ExportView(APIView):
    @extend_schema(
        operation_id="users_me_export",
        summary="Everything that is held about oneself",
        responses=OpenApiTypes.OBJECT,
    )
    def get(self, request: IdentityRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(
            export_json(user_id=person_of(request).pk),
            content_type="application/json",
            headers={"Content-Disposition": 'attachment; filename="my-data.json"'},
        )
