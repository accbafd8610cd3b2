from django.urls import path

import common.api.converters  # noqa: F401  registers `oid`
from suppliers.api import crew, orders

urlpatterns = [
    path("supplier/orders", orders.OrdersView.as_view()),
    path("supplier/orders/<oid:order_id>", orders.OrderView.as_view()),
    path("supplier/orders/<oid:order_id>/status", orders.StatusView.as_view()),
    path("supplier/orders/<oid:order_id>/payment", orders.PaymentView.as_view()),
    path("supplier/schedule", orders.ScheduleView.as_view()),
    path("supplier/customers", orders.CustomersView.as_view()),
    path("supplier/dashboard", orders.DashboardView.as_view()),
    path("supplier/drivers", crew.DriversView.as_view()),
    path("supplier/drivers/<oid:driver_id>", crew.DriverView.as_view()),
    path("supplier/vehicles", crew.VehiclesView.as_view()),
    path("supplier/vehicles/<oid:vehicle_id>", crew.VehicleView.as_view()),
]
