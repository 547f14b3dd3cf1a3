"""Sets Django up when it is imported, which sorts before the imports of models that need it."""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.test")
django.setup()
