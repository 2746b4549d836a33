"""The product's settings in a data folder of this process alone, so that a test run leaves nothing behind and reads no one's keys.

FANGXIN_DATABASE_URL is kept: with it the suite runs on PostgreSQL (in `test_<name>`), without it on SQLite.
"""

import atexit
import os
import shutil
import tempfile

for name in [name for name in os.environ if name.startswith("FANGXIN_") and name not in {"FANGXIN_DATABASE_URL", "FANGXIN_SHARED"}]:
    del os.environ[name]
os.environ["FANGXIN_HOME"] = tempfile.mkdtemp(prefix="fangxin-tests-")
atexit.register(shutil.rmtree, os.environ["FANGXIN_HOME"], ignore_errors=True)
os.environ["DJANGO_SETTINGS_MODULE"] = "fangxin.site.settings"  # for the commands that tests start

from fangxin.site.settings import *  # noqa: E402, F403 -- the folder must be known before the settings are read
from fangxin.site.settings import DATABASES, HOME, STATIC_ROOT  # noqa: E402 -- what is changed below, by name

PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.MD5PasswordHasher",  # argon2 takes a tenth of a second by design; tests of sign-in ask for `argon2`
    "django.contrib.auth.hashers.Argon2PasswordHasher",
]
STATIC_ROOT.mkdir(exist_ok=True)  # whitenoise warns of a missing one; the live server finds the files in the apps
if "sqlite" in DATABASES["default"]["ENGINE"]:
    # A file, as in production, because two threads can't compete over one in memory; nothing in it has to outlive a power cut.
    DATABASES["default"]["TEST"] = {"NAME": str(HOME / "suite.sqlite3")}
    DATABASES["default"]["OPTIONS"]["init_command"] += "; PRAGMA synchronous=OFF"
