"""The one error the launcher shows its user."""


class LaunchError(Exception):
    """Something the person starting the product can mend; the text says what happened and what to do."""
