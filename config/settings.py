"""Django settings: one file, driven by the environment, grouped by concern.

Every variable is read through `config.environment`, which names a bad value and stops the start.
`docs/settings.md` has an entry for each.
"""

import secrets
from datetime import timedelta
from pathlib import Path

from csp.constants import NONCE, SELF

from config.environment import env, load_environment
from config.operators import operators_admin

BASE_DIR = Path(__file__).resolve().parent.parent
environment = load_environment()

# --- Start and security ----------------------------------------------------------------------------

# Without a key (no launcher runs and none is set) a passing one serves commands; `config.E003` refuses that
# in production.
SECRET_KEY_GIVEN = environment.secret_key is not None
SECRET_KEY = environment.secret_key or secrets.token_urlsafe(48)
DEBUG = environment.debug
ALLOWED_HOSTS = list(environment.allowed_hosts)
PUBLIC_URL = environment.public_url
VAR_DIR = environment.var_dir

HTTPS = PUBLIC_URL.startswith("https://")
SECURE_SSL_REDIRECT = env.bool("SECURE_SSL_REDIRECT", HTTPS)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$", r"^metrics$", r"^internal/"]
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = HTTPS
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
X_FRAME_OPTIONS = "DENY"
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", 0)  # how many X-Forwarded-For hops are ours
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": [SELF],
        "frame-ancestors": ["'none'"],
    }
}

# --- Apps and requests -----------------------------------------------------------------------------

INSTALLED_APPS = [
    "daphne",
    "unfold",
    "config.apps.MongoAdminConfig",
    "config.apps.MongoAuthConfig",
    "config.apps.MongoContentTypesConfig",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_mongodb_backend",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "django_filters",
    "channels",
    "config.apps.MongoBeatConfig",
    "django_htmx",
    "csp",
    "common",
    "accounts",
    "notifications",
    "tanks",
    "orders",
    "suppliers",
    "iot",
    "config.apps.ProjectConfig",
]

MIDDLEWARE = [
    "common.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.policy.PolicyMiddleware",
    "config.policy.AdminPolicyMiddleware",
    "common.middleware.ProblemMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
]

# What the API needs of them: it has no cookies, forms, files or pages (`config.wsgi`).
API_PATHS = ("/api/", "/internal/")
API_MIDDLEWARE = [
    "common.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "config.policy.PolicyMiddleware",
    "common.middleware.ProblemMiddleware",
    "django.middleware.common.CommonMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

MAX_BODY_BYTES = 1024 * 1024
MAX_UPLOAD_BYTES = 5 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = MAX_UPLOAD_BYTES

# Lets brokers and monitoring on other machines ask /internal/ and /metrics. Empty: loopback alone.
INTERNAL_TOKEN = env.str("INTERNAL_TOKEN", "")

# --- Storage ---------------------------------------------------------------------------------------

MONGODB_TIMEOUT_MS = env.int("MONGODB_TIMEOUT_MS", 5_000)
DATABASES = {
    "default": {
        "ENGINE": "django_mongodb_backend",
        "HOST": environment.mongodb_uri or "mongodb://127.0.0.1:27017/",
        "NAME": env.str("MONGODB_NAME", "water_tanks"),
        "OPTIONS": {
            "w": "majority",
            "serverSelectionTimeoutMS": MONGODB_TIMEOUT_MS,
            "connectTimeoutMS": MONGODB_TIMEOUT_MS,  # also how soon a server is missed that hangs
            "appname": "water-tanks",
        },
    }
}
DATABASE_ROUTERS = ["django_mongodb_backend.routers.MongoRouter"]
DEFAULT_AUTO_FIELD = "django_mongodb_backend.fields.ObjectIdAutoField"
MIGRATION_MODULES = {
    app: f"config.mongo_migrations.{app}" for app in ("admin", "auth", "contenttypes", "django_celery_beat")
}

REDIS_URL = environment.redis_url or "redis://127.0.0.1:6379/0"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}}
SESSION_ENGINE = "django.contrib.sessions.backends.cache"

MQTT_URL = environment.mqtt_url or "mqtt://127.0.0.1:1883"
# Mosquitto's dynamic-security plugin, if the product keeps its users: the address of its administrator.
MQTT_CONTROL_URL = env.str("MQTT_CONTROL_URL", "")
MQTT_SHARED_GROUP = env.str("MQTT_SHARED_GROUP", "")  # listeners of one group share the work

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR_DIR / "static"
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = VAR_DIR / "media"

# --- Time and language -----------------------------------------------------------------------------

TIME_ZONE = "UTC"
USE_TZ = True
LANGUAGE_CODE = "en"
USE_I18N = True

# --- Accounts --------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
LOGIN_URL = "/login"
LOGIN_REDIRECT_URL = "/portal/"
LOGOUT_REDIRECT_URL = LOGIN_URL
PASSWORD_HASHERS = ["accounts.hashers.Argon2Hasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3_600
SIMPLE_JWT = {
    "ACCESS_TOKEN_LIFETIME": timedelta(seconds=env.int("ACCESS_TOKEN_SECONDS", 900)),
    "REFRESH_TOKEN_LIFETIME": timedelta(seconds=env.int("REFRESH_TOKEN_SECONDS", 30 * 86_400)),
    "AUTH_HEADER_TYPES": ("Bearer",),
    "USER_ID_CLAIM": "sub",
    "ALGORITHM": "HS256",
}

# --- API -------------------------------------------------------------------------------------------

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["common.api.renderers.CamelCaseRenderer"],
    "DEFAULT_PARSER_CLASSES": ["common.api.parsers.CamelCaseParser"],
    "DEFAULT_CONTENT_NEGOTIATION_CLASS": "common.api.negotiation.JsonAlways",
    "DEFAULT_THROTTLE_CLASSES": ["common.api.throttling.ScopeThrottle"],
    "DEFAULT_PAGINATION_CLASS": "common.api.pagination.PagePagination",
    "DEFAULT_FILTER_BACKENDS": ["django_filters.rest_framework.DjangoFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "common.api.schema.ApiAutoSchema",
    "EXCEPTION_HANDLER": "common.api.problems.exception_handler",
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,  # `format` is a parameter of our own
    "TEST_REQUEST_DEFAULT_FORMAT": "json",
}
# Requests a minute: auth by address, write and read by user, device by device. 0: no limit.
RATE_LIMITS = {
    "auth": env.int("RATE_LIMIT_AUTH", 30),
    "write": env.int("RATE_LIMIT_WRITE", 300),
    "read": env.int("RATE_LIMIT_READ", 1_200),
    "device": env.int("RATE_LIMIT_DEVICE", 600),
    "gateway": env.int("RATE_LIMIT_GATEWAY", 6_000),
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Water tanks",
    "DESCRIPTION": "Watches water tanks and keeps them full.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SCHEMA_PATH_PREFIX": "/api",
    "PATH_CONVERTER_OVERRIDES": {"oid": {"type": "string", "pattern": "^[0-9a-fA-F]{24}$"}},
    "ENUM_NAME_OVERRIDES": {
        "Role": "accounts.models.Role",
        "OrderStatus": "orders.models.Status",
        "PaymentStatus": "orders.models.PaymentStatus",
        "PaymentIntentStatus": ["pending"],
        "DeviceState": "tanks.models.DeviceStatus",
        "TankDeviceStatus": ["online", "offline", "faulty", "none"],
        "TankStatus": ["ok", "low", "critical", "empty", "unknown"],
        "NotificationType": "notifications.models.Type",
        "WebhookEvent": "notifications.models.WebhookEvent",
    },
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "common.api.schema.camelize_names",
    ],
    "COMPONENT_SPLIT_REQUEST": True,
}

# --- Money and orders ------------------------------------------------------------------------------

CURRENCY = env.str("CURRENCY", "USD")

# --- Notifications ---------------------------------------------------------------------------------

OUTBOX_DIR = VAR_DIR / "outbox"
EMAIL_HOST = env.str("SMTP_HOST", "")
EMAIL_PORT = env.int("SMTP_PORT", 587)
EMAIL_HOST_USER = env.str("SMTP_USER", "")
EMAIL_HOST_PASSWORD = env.str("SMTP_PASSWORD", "")
EMAIL_USE_TLS = env.bool("SMTP_TLS", True)
EMAIL_TIMEOUT = 15
EMAIL_BACKEND = (
    "django.core.mail.backends.smtp.EmailBackend"
    if EMAIL_HOST
    else "notifications.transports.outbox.OutboxEmailBackend"
)
DEFAULT_FROM_EMAIL = env.str("MAIL_FROM", "Water Tanks <no-reply@localhost>")
WEBHOOKS_ALLOW_PRIVATE = env.bool("WEBHOOKS_ALLOW_PRIVATE", False)  # for tests: calls into this network

# --- Operators' admin ------------------------------------------------------------------------------

UNFOLD = operators_admin()

# --- Work ------------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_RESULT_BACKEND = None
CELERY_RESULT_EXPIRES = None  # else beat would run a clean-up of results that nobody keeps
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3_600}
CELERY_TASK_TIME_LIMIT = 600
CELERY_BEAT_SCHEDULER = "django_celery_beat.schedulers:DatabaseScheduler"
CELERY_TIMEZONE = "UTC"

# --- Logs ------------------------------------------------------------------------------------------

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {
        "request_id": {"()": "common.logging.RequestIdFilter"},
        "secrets": {"()": "common.logging.SecretsFilter"},
    },
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"},
    },
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "line",
            "filters": ["request_id", "secrets"],
        },
    },
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "INFO")},
}
