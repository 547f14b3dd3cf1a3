import os

from django.core.wsgi import get_wsgi_application

from portal import observability

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
# Before the application: tracing adds a middleware.
observability.start("web")
application = get_wsgi_application()
