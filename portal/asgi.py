import os

from django.core.asgi import get_asgi_application

from portal import observability

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.base")
# Before the application: tracing adds a middleware.
observability.start("web")
application = get_asgi_application()
