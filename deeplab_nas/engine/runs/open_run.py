"""A run directory for as long as a process works in it."""

import contextlib
import sys

import tensorflow as tf

from deeplab_nas.engine.devices.workers import Workers
from deeplab_nas.engine.networks import weights
from deeplab_nas.engine.reporting.history import History
from deeplab_nas.engine.runs import throw_away
from deeplab_nas.engine.runs.bad_records import BadRecords
from deeplab_nas.engine.runs.checkpoints import Checkpoints
from deeplab_nas.engine.runs.run_claim import RunClaim
from deeplab_nas.engine.runs.run_directory import RunDirectory
from deeplab_nas.errors import UserError


class OpenRun(contextlib.AbstractContextManager):
    """A run directory that this process works in; what it took is free when the context ends.

    Nothing is written there before `restore`, which comes when everything else has been checked.

    Every worker measures and saves, one writes the run directory: each of the others has a
    throw-away folder in its place.

    Attributes:
        workers: `Workers` of the run.
        shared: `RunDirectory` of the run, which all workers read.
        own: `RunDirectory` that this process writes: the same on the chief.
        history: `History` in it.
        bad_records: `BadRecords` of the training split.
        checkpoints: `Checkpoints` of the run, from `restore` on.
        variables: Those of the network by name, from `restore` on.
        steps_done: Variable that the checkpoints hold too, from `restore` on.
    """

    def __init__(self, config, split, strategy, known=None, data=None):
        """Compares with what is there: the chief before the others.

        Args:
            config: A `SearchConfig` or `TrainConfig`.
            split: `Split` that is trained on.
            strategy: A `tf.distribute.Strategy`.
            known: As `RunClaim` takes it.
            data: The same.

        Raises:
            UserError: It does not fit, is in use or cannot be written, or a file in it is damaged.
        """
        self._config = config
        self._strategy = strategy
        self.workers = Workers(strategy)
        self.shared = RunDirectory(config.train_logdir)
        with contextlib.ExitStack() as taken:
            chief = self.workers.is_chief
            self._claim = self.workers.chief_first(
                lambda: RunClaim(self.shared, config, chief, known, data)
            )
            taken.callback(self._claim.close)
            self.own = self.shared
            if not chief:
                self.own = RunDirectory(taken.enter_context(throw_away.folder()))
            self.history = History(self.own.history_path)
            self.bad_records = BadRecords(
                self.own.bad_records_path, config.skip_bad_records, split, anew=self._claim.anew
            )
            self._taken = taken.pop_all()

    def __exit__(self, error_class, *_):
        with self._taken, contextlib.suppress(*[UserError] if error_class else []):
            self.history.flush()

    def restore(self, contents, total_steps, added=()):
        """Goes back to the newest checkpoint, if there is one, and says on stderr where that is.

        From then on the run directory is this run's own, and is written.

        Args:
            contents: What checkpoints hold besides the steps done, by name: the network's variables
                as `weights.VARIABLES`, built optimizers and more.
            total_steps: Steps of the whole run.
            added: Names of those `contents` that checkpoints of earlier versions lack.

        Returns:
            The steps done; None if there is no checkpoint yet.

        Raises:
            UserError: No checkpoint is whole, workers found different ones, or the directory cannot
                be written.
        """
        self.variables = contents[weights.VARIABLES]
        with self._strategy.scope():
            self.steps_done = tf.Variable(0, dtype=tf.int64, trainable=False)
        contents = {**contents, "steps_done": self.steps_done}
        older = {name: value for name, value in contents.items() if name not in added}
        self.checkpoints = Checkpoints(
            self.shared.checkpoints,
            tf.train.Checkpoint(**contents),
            self._config.keep_checkpoints,
            self.own.checkpoints,
            tf.train.Checkpoint(**older) if added else None,
        )
        step = self.checkpoints.restore_newest()
        self.workers.check_alike(step or 0, "the step of the newest checkpoint")
        self.workers.chief_first(self._claim.begin)
        self.checkpoints.take_over()
        self.history.truncate_after(step or 0)
        self.bad_records.report(self.history, step or 0)
        if step is not None:
            print(f"Resuming after step {step} of {total_steps}.", file=sys.stderr)
        elif self._claim.resumes:
            print("No checkpoint was saved yet: starting again from step 0.", file=sys.stderr)
        return step
