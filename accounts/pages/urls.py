from django.urls import path

from accounts.pages import views

urlpatterns = [
    path("", views.home, name="home"),
    path("login", views.sign_in, name="login"),
    path("change-password", views.change_password, name="change-password"),
    path("forgot-password", views.forgot_password, name="forgot-password"),
    path("reset-password", views.reset_password, name="reset-password"),
    path("logout", views.sign_out, name="logout"),
    path("account", views.account, name="account"),
]
