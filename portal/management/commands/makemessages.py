"""makemessages that knows the name under which files import both the eager and the lazy gettext."""

from django.core.management.commands import makemessages


class Command(makemessages.Command):
    # `_` is gettext where functions use it; tables and classes beside them then use `_lazy`.
    xgettext_options = [*makemessages.Command.xgettext_options, "--keyword=_lazy"]
