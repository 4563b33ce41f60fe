"""The exceptions that stand for a mistake of the user."""


class UserError(Exception):
    """A mistake of the user, told in one sentence: what was expected, what was found, what to do.

    Programs print the sentence and end with exit code 1, without a traceback. Everything else that
    goes wrong is a programming error and crashes loudly.
    """


class ImageError(UserError):
    """One image that cannot be used, while others may be."""
