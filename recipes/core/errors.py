"""The one error that a person causes and can mend; anything else that is raised is a bug."""


class UserError(Exception):
    """A sentence for the person: the rule, what was seen, what to do."""
