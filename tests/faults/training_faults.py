"""Faults in what a training passes on, and any run."""

from tests.faults.wiring_table import of

_ENGINE = "deeplab_nas/engine"
_LOOP = "tests/engine/runs/test_loop.py"
_TRAIN = ("tests/wiring/test_training.py", "tests/engine/test_train_loop.py")

FAULTS = (
    *of(
        f"{_ENGINE}/runs/loop.py",
        (_TRAIN[0], _LOOP),
        (
            "a resumed run begins with the first batch",
            "                batches.begin(done)\n        iterators",
            "                batches.begin(0)\n        iterators",
        ),
        (
            "the rate that is told is that of the next step",
            "self.learning_rate(done - 1)",
            "self.learning_rate(done)",
        ),
    ),
    *of(
        f"{_ENGINE}/runs/open_run.py",
        (_TRAIN[0], _LOOP),
        ("one checkpoint is kept", "self._config.keep_checkpoints,", "1,"),
        ("the history keeps lost lines", "        self.history.truncate_after(step or 0)\n", ""),
    ),
    *of(
        f"{_ENGINE}/train_loop.py",
        _TRAIN,
        (
            "the training is validated with batch statistics",
            "functools.partial(self.model, training=False)",
            "functools.partial(self.model, training=True)",
        ),
        (
            "the training is validated on the training split",
            "SplitEvaluator(self.strategy, scores, self.val)",
            "SplitEvaluator(self.strategy, scores, self.train)",
        ),
        (
            "the average of the weights is not what is evaluated",
            "with self.average.in_place() if self.average else contextlib.nullcontext():",
            "with contextlib.nullcontext():",
        ),
        (
            "the best checkpoint is that of another metric",
            'if record["miou"] > before:',
            'if record["pixel_accuracy"] > before:',
        ),
        (
            "the best checkpoint is the newest",
            'self.best_miou.assign(record["miou"])',
            "self.best_miou.assign(before)",
        ),
        (
            "a part of the training split is never seen",
            "np.arange(self.train.index.num_examples)",
            "np.arange(self.train.index.num_examples - 1)",
        ),
        (
            "the weights of the classes are lost",
            "config.optimization, label_weights=label_weights)",
            "config.optimization, label_weights=None)",
        ),
        (
            "the weights of the classes are not resolved",
            "                self.optimization,\n",
            "                config.optimization,\n",
        ),
        (
            "the statistics of the training have a decay of 0.9997",
            "batch_norm_decay=config.batch_norm_decay,",
            "batch_norm_decay=0.9997,",
        ),
        (
            "drop path is over too early",
            "training_number_of_steps=self._updates_of_statistics()",
            "training_number_of_steps=self.total_steps",
        ),
        (
            "no path is dropped",
            "drop_path_keep_prob=config.drop_path_keep_prob",
            "drop_path_keep_prob=1.0",
        ),
        (
            "the training ignores another label",
            "                self.train.descriptor.ignore_label,",
            "                255,",
        ),
        (
            "the momentum is not saved",
            '"optimizer": self.step.optimizer, "best_miou"',
            '"best_miou"',
        ),
        ("the training begins at random", "        keras.utils.set_random_seed(config.seed)\n", ""),
    ),
    *of(
        f"{_ENGINE}/steps/train_step.py",
        (_TRAIN[0], "tests/engine/steps/test_train_step.py"),
        ("the training's momentum is 0.9", "momentum=config.momentum", "momentum=0.9"),
        (
            "the last layers are never the logits alone",
            "config.last_layers_contain_logits_only,",
            "False,",
        ),
        ("biases always learn twice as fast", "            config.bias_gradient_multiplier,\n", ""),
    ),
    *of(
        f"{_ENGINE}/networks/initialization.py",
        (_TRAIN[0], "tests/engine/networks/test_initialization.py"),
        (
            "the last layers begin the other way",
            "if not config.initialize_last_layer",
            "if config.initialize_last_layer",
        ),
    ),
    *of(
        f"{_ENGINE}/train_loop.py",
        _TRAIN,
        (
            "an epoch is counted in batches of the evaluation",
            "self.train.index.num_examples, config.data.train_batch_size",
            "self.train.index.num_examples, config.data.eval_batch_size",
        ),
        (
            "the averages are not saved",
            "{weights.AVERAGES: self.average.averages} if self.average else {}",
            "{}",
        ),
        ("the best mean IoU is forgotten", ', "best_miou": self.best_miou}', "}"),
        (
            "every best checkpoint is kept",
            "tf.train.Checkpoint(**variables), 1, opened.own.best",
            "tf.train.Checkpoint(**variables), 9, opened.own.best",
        ),
        (
            "replicas normalise alone",
            "synchronized=self.strategy.num_replicas_in_sync > 1",
            "synchronized=False",
        ),
    ),
    *of(
        f"{_ENGINE}/steps/train_step.py",
        (_TRAIN[0], "tests/engine/steps/test_train_step.py"),
        (
            "mining knows no weights of classes",
            "hardest_pixel_cross_entropy(*arguments, share, weights)",
            "hardest_pixel_cross_entropy(*arguments, share)",
        ),
        ("each part is the first one", "images[part], labels[part]", "images[0], labels[0]"),
    ),
    *of(
        f"{_ENGINE}/networks/initialization.py",
        (_TRAIN[0], "tests/engine/networks/test_initialization.py"),
        (
            "our last layers are always taken",
            "weights.load(model, prefix, without, _FLAGS if",
            "weights.load(model, prefix, (), _FLAGS if",
        ),
    ),
    *of(
        f"{_ENGINE}/networks/networks.py",
        ("tests/wiring/test_networks.py", *_TRAIN),
        (
            "networks are trained with default options",
            "num_classes, training, dtype=dtype)",
            "num_classes, dtype=dtype)",
        ),
    ),
    *of(
        "deeplab_nas/core/nas_network.py",
        (
            "tests/wiring/test_networks.py",
            "tests/core/test_nas_network.py",
            "tests/core/layers/test_drop_path.py",
        ),
        ("every cell drops the paths of the first", "factors[layer - 1]", "factors[0]"),
    ),
    *of(
        f"{_ENGINE}/steps/batches.py",
        (_TRAIN[0], "tests/engine/runs/test_bad_records.py"),
        ("bad records are drawn again", "self.bad_records.replaced(self.indices)", "self.indices"),
    ),
    *of(
        f"{_ENGINE}/train_loop.py",
        _TRAIN,
        (
            "slow statistics are told by the steps",
            "updates = self._updates_of_statistics()",
            "updates = self.total_steps",
        ),
    ),
)
