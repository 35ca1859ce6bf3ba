"""The error that a user causes and can fix; every other exception is a bug."""


class UserError(Exception):
    """One or two sentences for the user: what is wrong, and what to do."""


class Unworkable(UserError):
    """The same input gives the same error every time: the bot does not pay for another attempt.

    What may pass is a UserError: a server that fails, a right that is missing, too little memory.
    """
