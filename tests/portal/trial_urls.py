"""The addresses of a portal in trial mode."""

from portal import trial
from portal.urls import urlpatterns as _usual

urlpatterns = [*_usual, *trial.urlpatterns]
