"""The WSGI entry point (`fangxin serve` runs it under granian)."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "fangxin.site.settings")
application = get_wsgi_application()
