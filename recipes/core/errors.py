"""The error that a user causes and can fix; every other exception is a bug."""


class UserError(Exception):
    """One or two sentences for the user: what is wrong, and what to do."""
