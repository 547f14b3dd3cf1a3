from django.apps import AppConfig


class AccountsConfig(AppConfig):
    """Who you are: people, staff roles, second factors, API tokens, preferences."""

    name = "portal.accounts"
    label = "accounts"
