from django.urls import path

from accounts.api import admin, auth, users

urlpatterns = [
    path("auth/register", auth.RegisterView.as_view()),
    path("auth/login", auth.LoginView.as_view()),
    path("auth/refresh-token", auth.RefreshView.as_view()),
    path("auth/logout", auth.LogoutView.as_view()),
    path("auth/password-reset", auth.PasswordResetView.as_view()),
    path("auth/password-reset/confirm", auth.PasswordResetConfirmView.as_view()),
    path("auth/change-password", auth.ChangePasswordView.as_view()),
    path("users/me", users.MeView.as_view()),
    path("users/me/export", users.ExportView.as_view()),
    path("users/notification-preferences", users.PreferencesView.as_view()),
    path("admin/users", admin.UsersView.as_view()),
    path("admin/suppliers", admin.SuppliersView.as_view()),
]
