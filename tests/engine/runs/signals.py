"""Signals that reach a loop while it works."""

import os
import signal


def send_after_a_step(patch, loop_class):
    """Makes a loop's process get SIGTERM when all that follows its first step is done.

    That is later than the loop's own decision to save; `patch` undoes it.
    """
    after_step = loop_class._after_step

    def signalled_after_step(loop, done):
        after_step(loop, done)
        os.kill(os.getpid(), signal.SIGTERM)

    patch.setattr(loop_class, "_after_step", signalled_after_step)
