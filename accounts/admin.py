"""People, companies and sign-ins for operators. Password hashes and token ids are never shown."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group
from django.utils.safestring import mark_safe
from unfold.forms import AdminPasswordChangeForm, UserCreationForm

from accounts.families import user_families_revoke
from accounts.models import RefreshFamily, Role, Supplier, User
from accounts.services.suppliers import supplier_rest
from common.admin import KeptAdmin, ReadOnlyAdmin, shown

admin.site.unregister(Group)  # roles take the place of groups and permissions


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    class Meta:
        model = User
        fields = ("email", "name", "phone", "role", "timezone", "is_active")


class NewPersonForm(UserCreationForm):  # type: ignore[misc]
    class Meta:
        model = User
        fields = ("email", "name", "role")

    def clean_email(self) -> str:
        email = User.objects.normalize_email(self.cleaned_data["email"])
        if User.objects.filter(email=email).exists():
            self.add_error("email", "Somebody has this address already.")
        return email


class NewPasswordForm(AdminPasswordChangeForm):  # type: ignore[misc]
    def save(self, commit: bool = True) -> User:
        """Sets the password and ends all of the user's sign-ins."""
        user: User = super().save(commit)
        user_families_revoke(user_id=user.pk)
        return user


@admin.register(User)
class UserAdmin(DjangoUserAdmin, KeptAdmin):  # type: ignore[misc,type-arg]
    form = PersonForm
    add_form = NewPersonForm
    change_password_form = NewPasswordForm
    list_display = ("email", "name", "role", "is_active", "created_at")
    list_filter = ("role", "is_active")
    search_fields = ("email", "name", "phone")
    ordering = ("-created_at",)
    filter_horizontal = ()
    readonly_fields = ("shown_address", "shown_preferences", "password_link", "last_login", "created_at")
    fieldsets = (
        (None, {"fields": ("email", "name", "phone", "role", "timezone", "is_active", "password_link")}),
        ("Details", {"fields": ("shown_address", "shown_preferences", "last_login", "created_at")}),
    )
    add_fieldsets = ((None, {"fields": ("email", "name", "role", "password1", "password2")}),)
    shown_address = shown("address")
    shown_preferences = shown("notification_preferences", "notifications")

    @admin.display(description="password")
    def password_link(self, user: User) -> str:
        return mark_safe('<a class="text-primary-600 underline" href="../password/">Set a new password</a>')

    def save_model(self, request: Any, obj: User, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if obj.role == Role.SUPPLIER:
            # A supplier without a company could not open its portal.
            Supplier.objects.get_or_create(pk=obj.pk, defaults={"company": obj.name})
        if change and {"is_active", "role"}.intersection(form.changed_data):
            user_families_revoke(user_id=obj.pk)
            if not obj.is_active or obj.role != Role.SUPPLIER:
                supplier_rest(user_id=obj.pk)


@admin.register(Supplier)
class SupplierAdmin(KeptAdmin):
    list_display = ("company", "user", "active", "rating", "rating_count", "lead_time_hours")
    list_filter = ("active",)
    list_select_related = ("user",)
    search_fields = ("company",)
    ordering = ("company",)
    fields = (
        "user",
        "company",
        "active",
        "lead_time_hours",
        "rating",
        "rating_count",
        "avg_response_time",
        "shown_areas",
        "shown_pricing",
        "shown_reviews",
    )
    readonly_fields = (
        "user",
        "rating",
        "rating_count",
        "avg_response_time",
        "shown_areas",
        "shown_pricing",
        "shown_reviews",
    )
    shown_areas = shown("service_areas")
    shown_pricing = shown("pricing")
    shown_reviews = shown("reviews")
    search_help_text = "By company"

    def has_add_permission(self, request: Any, obj: Any = None) -> bool:
        return False  # a company comes with its user of role supplier


@admin.register(RefreshFamily)
class RefreshFamilyAdmin(ReadOnlyAdmin):
    list_display = ("user", "created_at", "expires_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("user__email",)
    ordering = ("-created_at",)
    fields = ("user", "created_at", "expires_at", "revoked_at")
