"""The portal's addresses. Ids are checked by the reads: a malformed one is a 404 like an unknown one."""

from django.urls import path

from suppliers.portal.views import customers, dashboard, order, orders, schedule, settings, tanks

app_name = "portal"

urlpatterns = [
    path("", dashboard.dashboard, name="dashboard"),
    path("new-orders", orders.new_orders, name="new-orders"),
    path("orders", orders.order_list, name="orders"),
    path("orders/<str:order_id>", order.order_detail, name="order"),
    path("orders/<str:order_id>/accept", order.accept, name="order-accept"),
    path("orders/<str:order_id>/reject", order.reject, name="order-reject"),
    path("orders/<str:order_id>/schedule", order.schedule, name="order-schedule"),
    path("orders/<str:order_id>/depart", order.depart, name="order-depart"),
    path("orders/<str:order_id>/deliver", order.deliver, name="order-deliver"),
    path("schedule", schedule.schedule, name="schedule"),
    path("customers", customers.customer_list, name="customers"),
    path("customers/<str:customer_id>", customers.customer, name="customer"),
    path("tanks/<str:tank_id>", tanks.tank, name="tank"),
    path("settings", settings.settings, name="settings"),
    path("settings/<str:section>", settings.settings, name="settings"),
]
