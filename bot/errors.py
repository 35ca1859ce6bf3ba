"""The base of all errors whose text is for the user; any other exception is a bug."""


class UserError(Exception):
    """An expected failure; its text says in a sentence what was wrong and what to do."""
