"""The exceptions that end a program without a traceback."""


class UserError(Exception):
    """A mistake of the user, told in one sentence: what was expected, what was found, what to do.

    Programs print the sentence and end with exit code 1, without a traceback. Everything else that
    goes wrong is a programming error and crashes loudly.
    """


class ImageError(UserError):
    """One image that cannot be used, while others may be."""


class StoppedError(Exception):
    """A signal ended the work, after everything was saved.

    Attributes:
        signal_number: The signal.
    """

    def __init__(self, signal_number: int):
        super().__init__(f"Stopped by signal {signal_number}.")
        self.signal_number = signal_number
