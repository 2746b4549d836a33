"""Settings, read from the environment only.

`FANGXIN_ENV`           development (default) or production
`FANGXIN_HOME`          folder for keys, exported roots, uploads and the default database (default ./var)
`FANGXIN_DATABASE_URL`  sqlite:///path or postgres://user@host:port/name (default: SQLite in FANGXIN_HOME)
`FANGXIN_SECRET_KEY`    secret of sessions and signatures; made on first use in development
`FANGXIN_HOSTS`         comma-separated host names that the service answers to
`FANGXIN_ORIGINS`       comma-separated https:// origins behind a proxy (CSRF)
`FANGXIN_PROXIES`       comma-separated networks of proxies whose X-Forwarded-For is believed (none by default)
`FANGXIN_VAULT_KEYS`, `FANGXIN_SIGNING_KEY`  key files outside FANGXIN_HOME (see docs/security.md)
`FANGXIN_GATEWAYS`      TOML file of the gateways for notices (default: notices are written as files)
`FANGXIN_FILES_HOST`    host name (with port, if it has one) that attachments are served from; none: from the pages' own host
`FANGXIN_UPLOAD_MB`, `FANGXIN_UPLOAD_REQUEST_MB`, `FANGXIN_UPLOAD_MEGAPIXELS`, `FANGXIN_UPLOADS_PER_SUBJECT`  limits of uploads
`FANGXIN_RETENTION_YEARS` years that a closed case has to be kept before its personal data may be erased (none: not yet decided)
`FANGXIN_LOG`           level of the log (WARNING)
`FANGXIN_LANGUAGE`      zh-hans (default) or en, for the command line

Production refuses to start without its own secrets, hosts and keys: see `refusals`.
"""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONCE, NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

PACKAGE = Path(__file__).resolve().parent.parent
ENVIRONMENT = os.environ.get("FANGXIN_ENV", "development")
if ENVIRONMENT not in {"development", "production"}:
    raise ImproperlyConfigured(f"FANGXIN_ENV must be development or production, not {ENVIRONMENT!r}.")
PRODUCTION = ENVIRONMENT == "production"
DEBUG = False
HOME = Path(os.environ.get("FANGXIN_HOME", "var")).resolve()


def development_secret(home: Path) -> str:
    """The development secret, made once and kept in the data folder, readable by its owner only."""
    path = home / "keys" / "secret"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(50))
    return path.read_text()


def refusals(environment: dict[str, str]) -> list[str]:
    """What makes these variables unsafe for production; empty when they are safe."""
    found = []
    if len(environment.get("FANGXIN_SECRET_KEY", "")) < 40:
        found.append("FANGXIN_SECRET_KEY is missing or shorter than 40 characters.")
    hosts = environment.get("FANGXIN_HOSTS", "")
    if not hosts or "*" in hosts:
        found.append("FANGXIN_HOSTS must name the hosts; * is not allowed.")
    if not environment.get("FANGXIN_DATABASE_URL", "").startswith(("postgres://", "postgresql://")):
        found.append("FANGXIN_DATABASE_URL must be a PostgreSQL address.")
    found += [f"{name} must name a key file." for name in ("FANGXIN_VAULT_KEYS", "FANGXIN_SIGNING_KEY") if not environment.get(name)]
    return found


if PRODUCTION and (unsafe := refusals(dict(os.environ))):
    raise ImproperlyConfigured("Refusing to start in production:\n" + "\n".join(f"- {line}" for line in unsafe))

SECRET_KEY = os.environ.get("FANGXIN_SECRET_KEY") or development_secret(HOME)
ALLOWED_HOSTS = [host for host in os.environ.get("FANGXIN_HOSTS", "localhost,127.0.0.1,[::1]").split(",") if host]
CSRF_TRUSTED_ORIGINS = [origin for origin in os.environ.get("FANGXIN_ORIGINS", "").split(",") if origin]
VAULT_KEYS = Path(os.environ.get("FANGXIN_VAULT_KEYS") or HOME / "keys" / "vault.json")
SIGNING_KEY = Path(os.environ.get("FANGXIN_SIGNING_KEY") or HOME / "keys" / "signing.pem")
JOURNAL_ROOTS = HOME / "journal"
RETENTION_YEARS = int(os.environ["FANGXIN_RETENTION_YEARS"]) if os.environ.get("FANGXIN_RETENTION_YEARS") else None
FILES_HOME = HOME / "files"
FILES_HOST = os.environ.get("FANGXIN_FILES_HOST", "")
if FILES_HOST:
    ALLOWED_HOSTS.append(FILES_HOST.rpartition(":")[0] if FILES_HOST.rpartition(":")[2].isdigit() else FILES_HOST)
UPLOAD_BYTES = int(os.environ.get("FANGXIN_UPLOAD_MB", "20")) << 20
UPLOAD_REQUEST_BYTES = int(os.environ.get("FANGXIN_UPLOAD_REQUEST_MB", "60")) << 20
UPLOAD_PIXELS = int(os.environ.get("FANGXIN_UPLOAD_MEGAPIXELS", "50")) * 1_000_000
UPLOADS_PER_SUBJECT = int(os.environ.get("FANGXIN_UPLOADS_PER_SUBJECT", "50"))
FILE_UPLOAD_HANDLERS = ["fangxin.files.uploads.BoundedUploadHandler"]  # in memory: a temporary file would lie there in the clear
DATA_UPLOAD_MAX_NUMBER_FILES = 30
GATEWAYS = os.environ.get("FANGXIN_GATEWAYS", "")

INSTALLED_APPS = [
    "fangxin.site",
    "fangxin.sample",
    "fangxin.odr",
    "fangxin.mediation",
    "fangxin.exchange",
    "fangxin.cases",
    "fangxin.documents",
    "fangxin.knowledge",
    "fangxin.notices",
    "fangxin.files",
    "fangxin.clocks",
    "fangxin.registry",
    "fangxin.accounts",
    "fangxin.kernel",
    "template_partials",
    "django_htmx",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "fangxin.files.middleware.FilesHostMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",  # every page needs sign-in unless it says otherwise
    "fangxin.accounts.middleware.SessionPolicyMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "fangxin.site.middleware.RefusalMiddleware",
]
ROOT_URLCONF = "fangxin.site.urls"
WSGI_APPLICATION = "fangxin.site.wsgi.application"
TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
            ],
        },
    }
]


def database(url: str) -> dict[str, Any]:
    """Django's settings for one database address; SQLite in WAL with immediate transactions, PostgreSQL with a pool."""
    settings: dict[str, Any] = dict(dj_database_url.parse(url))
    if "sqlite" in settings["ENGINE"]:
        settings["OPTIONS"] = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON; PRAGMA temp_store=MEMORY; "
            "PRAGMA cache_size=-65536; PRAGMA mmap_size=268435456",
        }
    else:
        settings["OPTIONS"] = {"pool": {"min_size": 1, "max_size": 8, "timeout": 30}}
    return settings


DATABASE_URL = os.environ.get("FANGXIN_DATABASE_URL") or f"sqlite:///{HOME / 'fangxin.sqlite3'}"
DATABASES = {"default": database(DATABASE_URL)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "accounts.Person"
AUTHENTICATION_BACKENDS = ["fangxin.accounts.backends.PersonBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("login", "name")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 10}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {"NAME": "fangxin.accounts.validators.OwnDetailsValidator"},
]
TRUSTED_PROXIES = [network for network in os.environ.get("FANGXIN_PROXIES", "").split(",") if network]
LOGIN_URL = "accounts:sign-in"
LOGIN_REDIRECT_URL = "cases:list"
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = PRODUCTION
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if PRODUCTION else None
X_FRAME_OPTIONS = "DENY"
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF, *([FILES_HOST] if FILES_HOST else [])],  # a download is a form whose answer leads there
    }
}

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", _("Chinese")), ("en", _("English"))]
TIME_ZONE = "Asia/Shanghai"
USE_TZ = True
USE_I18N = True

STATIC_URL = "static/"
STATIC_ROOT = HOME / "static"
HOME.mkdir(mode=0o700, parents=True, exist_ok=True)
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise wants it to be there
STATICFILES_DIRS = [path for path in [PACKAGE / "site" / "vendor"] if path.exists()]
WHITENOISE_USE_FINDERS = True  # serves the apps' own static folders; nothing to collect
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"secrets": {"()": "fangxin.site.logs.WithoutSecrets"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["secrets"]}},
    "loggers": {"django.request": {"level": "ERROR"}},  # a refusal (409) is an answer, not a warning
    "root": {"handlers": ["console"], "level": os.environ.get("FANGXIN_LOG", "WARNING")},
}
