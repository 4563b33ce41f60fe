"""Signals that reach a loop while it works."""

import os
import signal


def send_after_a_step(patch, loop_class):
    """Makes a loop's process get SIGTERM once its first step is done; `patch` undoes it."""
    after_step = loop_class._after_step

    def signalled_after_step(loop, done):
        os.kill(os.getpid(), signal.SIGTERM)
        after_step(loop, done)

    patch.setattr(loop_class, "_after_step", signalled_after_step)
