"""Addresses whose views fail, for what becomes of errors that nobody foresaw."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.urls import path
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class FailingView(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        raise ZeroDivisionError("a secret of the house")


class UnwritableView(APIView):
    permission_classes = [AllowAny]

    def get(self, request: Request) -> Response:
        return Response({"n": 2**70})  # more than JSON's writer takes: it fails while rendering


def failing(request: HttpRequest, **_: Any) -> HttpResponse:
    raise ZeroDivisionError("a secret of the house")


urlpatterns = [
    path("api/fails", FailingView.as_view()),
    path("api/unwritable", UnwritableView.as_view()),
    path("api/fails-outside", failing),
]
