"""All settings, one file, typed from the environment (see README for the table). No provider is named here."""

from __future__ import annotations

import sys
from pathlib import Path

from csp.constants import NONE, SELF

from config import embedded, environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = environment.folder("TIEOUT_VAR", BASE_DIR / "var")

#: Demo mode: the fictional practice, one-time sign-in links on loopback, the sandbox instead of real services.
DEMO = environment.flag("TIEOUT_DEMO")
DEBUG = environment.flag("TIEOUT_DEBUG")
#: The port the run command serves on, on loopback.
PORT = environment.whole("TIEOUT_PORT", 8000)
PUBLIC_URL = environment.text("TIEOUT_PUBLIC_URL", f"http://127.0.0.1:{PORT}")
LOCAL = DEMO or DEBUG or PUBLIC_URL.startswith("http://127.0.0.1")
SECRET_KEY = environment.text("TIEOUT_SECRET_KEY", "loopback-only-" + "k" * 50 if LOCAL else None)
ALLOWED_HOSTS = environment.words("TIEOUT_ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if LOCAL else "")
CSRF_TRUSTED_ORIGINS = environment.words("TIEOUT_TRUSTED_ORIGINS")

# ---- the database: the app's role owns nothing; the owner's role migrates -----------------------------------------------
DATABASE_APP_ROLE = "tieout_app"
_url = environment.text("DATABASE_URL", "") or embedded.address(VAR / "postgres", user=DATABASE_APP_ROLE, name="tieout")
_owner_url = environment.text("DATABASE_OWNER_URL", "") or (
    embedded.address(VAR / "postgres", user="postgres", name="tieout")
    if not environment.text("DATABASE_URL", "")
    else _url
)
DATABASES = {
    "default": environment.database("DATABASE_URL", _url),
    "owner": environment.database("DATABASE_OWNER_URL", _owner_url),
}
DATABASE_APP_ROLE = str(DATABASES["default"]["USER"]) or DATABASE_APP_ROLE
DATABASE_ROUTERS = ["clients.tenancy.Router"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.humanize",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "csp",
    "django_htmx",
    "rest_framework",
    "clients",
    "integrations",
    "ledger",
    "closeout",
    "config",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "clients.middleware.OneTransaction",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "clients.middleware.SecondFactor",
    "django_htmx.middleware.HtmxMiddleware",
    "clients.middleware.NoStore",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
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
                "clients.navigation.context",
            ],
            "builtins": ["clients.templatetags.portal"],
        },
    }
]

# ---- signing in ---------------------------------------------------------------------------------------------------------
AUTH_USER_MODEL = "clients.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
ACCOUNT_ADAPTER = "clients.signin.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_PREVENT_ENUMERATION = True
ACCOUNT_EMAIL_NOTIFICATIONS = True
MFA_ADAPTER = "clients.signin.MfaAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_TOTP_TOLERANCE = 0
MFA_TOTP_ISSUER = "Tieout"
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = LOCAL
USERSESSIONS_TRACK_ACTIVITY = True
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
#: Idle minutes after which a session is over, by role.
IDLE_MINUTES = {
    "staff": environment.whole("TIEOUT_IDLE_MINUTES", 15 if not DEMO else 240),
    "client": 30 if not DEMO else 240,
}
#: How old a second factor may be for an act that asks for it again.
STEP_UP_SECONDS = 300
TRUSTED_PROXY_COUNT = environment.whole("TIEOUT_PROXIES", 0)
ALLAUTH_TRUSTED_PROXY_COUNT = TRUSTED_PROXY_COUNT

# ---- the browser --------------------------------------------------------------------------------------------------------
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF, *environment.words("TIEOUT_FORM_TARGETS")],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "manifest-src": [SELF],
    }
}
SECURE_HTTPS = PUBLIC_URL.startswith("https://")
SECURE_SSL_REDIRECT = SECURE_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if TRUSTED_PROXY_COUNT else None
SECURE_HSTS_SECONDS = 31_536_000 if SECURE_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HTTPS
SECURE_HSTS_PRELOAD = SECURE_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_HTTPS
SESSION_COOKIE_NAME = "__Host-tieout" if SECURE_HTTPS else "tieout"
CSRF_COOKIE_NAME = "__Host-tieout-csrf" if SECURE_HTTPS else "tieout-csrf"
CSRF_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
FILE_UPLOAD_MAX_MEMORY_SIZE = 12 * 1024 * 1024
UPLOAD_LIMIT_BYTES = 10 * 1024 * 1024

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = VAR / "static"
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LANGUAGE_CODE = "en-us"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"

# ---- mail ---------------------------------------------------------------------------------------------------------------
EMAIL_HOST = environment.text("SMTP_HOST", "")
EMAIL_PORT = environment.whole("SMTP_PORT", 587)
EMAIL_HOST_USER = environment.text("SMTP_USER", "")
EMAIL_HOST_PASSWORD = environment.text("SMTP_PASSWORD", "")
EMAIL_USE_TLS = environment.flag("SMTP_TLS", default=True)
EMAIL_BACKEND = f"django.core.mail.backends.{'smtp' if EMAIL_HOST else 'filebased'}.EmailBackend"
EMAIL_FILE_PATH = VAR / "mail"
DEFAULT_FROM_EMAIL = environment.text("TIEOUT_MAIL_FROM", "Tieout <books@tieout.example>")

# ---- jobs: the database is the truth, Celery is the bell ------------------------------------------------------------------
CELERY_BROKER_URL = environment.text("CELERY_BROKER_URL", "filesystem://localhost")
CELERY_BELL_FOLDER = VAR / "bell"
CELERY_BROKER_TRANSPORT_OPTIONS = (
    {
        "data_folder_in": str(CELERY_BELL_FOLDER),
        "data_folder_out": str(CELERY_BELL_FOLDER),
        "control_folder": str(VAR / "bell-control"),
        "store_processed": False,
        "polling_interval": 0.1,  # seconds; the transport's own second makes each job wait for one
    }
    if CELERY_BROKER_URL.startswith("filesystem://")
    else {}
)
if CELERY_BROKER_URL.startswith("filesystem://"):
    CELERY_BELL_FOLDER.mkdir(parents=True, exist_ok=True)
    (VAR / "bell-control").mkdir(parents=True, exist_ok=True)
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_MAX_MEMORY_PER_CHILD = 300_000
CELERY_TASK_SOFT_TIME_LIMIT = 240
CELERY_TASK_TIME_LIMIT = 300
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(VAR / "beat-schedule")
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
#: Seconds of a job's lease, counted by the database's clock; renewed while the work goes on.
JOB_LEASE_SECONDS = environment.whole("TIEOUT_LEASE_SECONDS", 60)
#: How long a write that was not answered may still land, doubled; before that it is not looked up.
OUTBOX_SETTLE_SECONDS = environment.whole("TIEOUT_SETTLE_SECONDS", 120)
JOB_SWEEP_SECONDS = environment.whole("TIEOUT_SWEEP_SECONDS", 30)

# ---- secrets ------------------------------------------------------------------------------------------------------------
#: "id:base64 of 32 bytes", newest first. Kept apart from the database and its backups; never SECRET_KEY.
VAULT_KEYS = environment.words("TIEOUT_VAULT_KEYS")
VAULT_KEY_FILE = environment.folder("TIEOUT_VAULT_KEY_FILE", VAR / "vault.keys") if LOCAL else None
#: Where the sandbox answers; set by the run command. Providers then use it instead of their own addresses.
SANDBOX_PORT = environment.whole("TIEOUT_SANDBOX_PORT", 8700)
SANDBOX_URL = environment.text("TIEOUT_SANDBOX_URL", f"http://127.0.0.1:{SANDBOX_PORT}" if DEMO else "")
CRASH_AT = environment.text("TIEOUT_CRASH_AT", "")

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["rest_framework.authentication.SessionAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "COERCE_DECIMAL_TO_STRING": True,
}

CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "clients_cache"}}
if environment.text("REDIS_URL", ""):
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": environment.text("REDIS_URL"),
    }

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": "config.logs.Redacting"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "stream": sys.stderr, "formatter": "json"}},
    "root": {"handlers": ["stderr"], "level": environment.text("TIEOUT_LOG_LEVEL", "WARNING" if LOCAL else "INFO")},
}
SILENCED_SYSTEM_CHECKS = (
    ["security.W004", "security.W008", "security.W012", "security.W016"] if not SECURE_HTTPS else []
)
