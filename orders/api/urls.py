from django.urls import path

import common.api.converters  # noqa: F401  registers `oid`
from orders.api import admin, views

urlpatterns = [
    path("orders", views.OrdersView.as_view()),
    path("orders/quote", views.QuoteView.as_view()),
    path("orders/statistics", views.StatisticsView.as_view()),
    path("orders/<oid:order_id>", views.OrderView.as_view()),
    path("orders/<oid:order_id>/cancel", views.CancelView.as_view()),
    path("orders/<oid:order_id>/reschedule", views.RescheduleView.as_view()),
    path("orders/<oid:order_id>/pay", views.PayView.as_view()),
    path("orders/<oid:order_id>/review", views.ReviewView.as_view()),
    path("admin/orders", admin.AdminOrdersView.as_view()),
    path("admin/orders/<oid:order_id>", admin.AdminOrderView.as_view()),
    path("admin/statistics", admin.SystemStatisticsView.as_view()),
]
