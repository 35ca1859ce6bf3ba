"""The one base of every failure whose text is for the person at the terminal; all else is a bug."""


class UserError(Exception):
    """One sentence: the rule, what was seen, what to do."""
