"""What the workers of a cluster have to do alike, between the steps."""

import contextlib

import tensorflow as tf

from deeplab_nas.engine.devices import strategies
from deeplab_nas.errors import UserError

# How TensorFlow begins to tell that another process does not answer any more.
_LOST = "Collective ops is aborted by"


class Workers:
    """The processes that run one program together; of most strategies this one alone.

    Each decides by its own clock, signals and files. Where one of them saved or stopped on its own,
    the others would wait for it in the next step without end.

    Attributes:
        is_chief: Whether this is the one that writes the run directory.
    """

    def __init__(self, strategy: tf.distribute.Strategy):
        """Args: strategy, of this process."""
        self.is_chief = strategies.is_chief(strategy)
        self._alone = strategies.num_workers(strategy) == 1

        @tf.function(autograph=False)
        def total(values):
            return strategy.reduce("SUM", strategy.run(tf.identity, args=(values,)), axis=None)

        self._total = total

    def any(self, *here: bool) -> tuple[bool, ...]:
        """Answers questions, each yes if it is yes on any worker; all workers have to call it."""
        if self._alone:
            return here
        votes = self._total(tf.constant([int(answer) for answer in here], tf.int64))
        return tuple(bool(vote) for vote in votes.numpy() > 0)

    def chief_first(self, action):
        """Calls a function and returns what it returns: on the chief before on the others."""
        if self.is_chief:
            found = action()
            self.any(False)
            return found
        self.any(False)
        return action()

    def check_alike(self, number: int, what: str) -> None:
        """Checks that a number is the same on all workers; all have to call it.

        Args:
            number: Here, at least 0.
            what: Its name, for the error.

        Raises:
            UserError: They differ.
        """
        if self._alone:
            return
        mine = tf.constant([number, 1] if self.is_chief else [0, 0], tf.int64)
        chiefs, replicas = self._total(mine).numpy()
        if self.any(number * replicas != chiefs)[0]:
            raise UserError(
                f"Expected {what} to be {chiefs // replicas} on every worker, as it is on the "
                f"chief, found {number} on this one or another number on others: name a folder "
                "that all of them share, and start them all with the same flags."
            )


@contextlib.contextmanager
def lost_as_user_errors(strategy: tf.distribute.Strategy):
    """Tells in one sentence that another worker has ended or cannot be reached.

    TensorFlow's workers send each other signs of life and give one up after some ten seconds
    without.

    Raises:
        UserError: In place of the `tf.errors.OpError` that the operation which waited for it ended
            with.
    """
    try:
        yield
    except tf.errors.OpError as error:
        if _LOST not in error.message:
            raise
        reason = error.message.split(_LOST, 1)[1].strip(": \n").splitlines()[0].rstrip(":")
        raise UserError(
            f"Expected all {strategies.num_workers(strategy)} workers to go on, found one that has "
            f"ended or cannot be reached ({reason}): see what it wrote, and start all of them "
            "again with the same command."
        ) from error
