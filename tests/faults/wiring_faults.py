"""One-line faults in what search, training, evaluation, prediction and export pass on."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Fault:
    """A line that is wrong.

    Attributes:
        name: What is wrong, in a few words.
        path: The file, from the top of the checkout.
        text: What stands there, once.
        becomes: What stands there instead.
        tests: The nearest tests, the first to see it first.
    """

    name: str
    path: str
    text: str
    becomes: str
    tests: tuple[str, ...]


_ENGINE = "deeplab_nas/engine"
_LOOP = "tests/engine/runs/test_loop.py"
_SEARCH = ("tests/wiring/test_search.py", "tests/engine/test_search_loop.py")
_TRAIN = ("tests/wiring/test_training.py", "tests/engine/test_train_loop.py")
_EVALUATE = (
    "tests/wiring/test_evaluation.py",
    "tests/engine/test_evaluation.py",
    "tests/engine/scoring",
    "tests/engine/networks/test_weights.py",
)
_PREDICT = ("tests/wiring/test_evaluation.py", "tests/engine/test_predict_loop.py")
_EXPORT = (
    "tests/wiring/test_export.py",
    "tests/serving/test_exporter.py",
    "tests/engine/networks/test_model_card.py",
)


def _of(path, tests, *lines):
    return [Fault(name, path, text, becomes, tests) for name, text, becomes in lines]


FAULTS = (
    *_of(
        f"{_ENGINE}/search_loop.py",
        _SEARCH,
        (
            "trainB is trainA",
            "for i, half in enumerate(self.halves)",
            "for i, half in enumerate([self.halves[0]] * 2)",
        ),
        (
            "the search is validated with batch statistics",
            "functools.partial(self.supernet, training=False)",
            "functools.partial(self.supernet, training=True)",
        ),
        (
            "alpha learns on trainA and the weights on trainB",
            "self.step.run_alternating, [train_a, train_b]",
            "self.step.run_alternating, [train_b, train_a]",
        ),
        (
            "the cosine ends after the first epoch",
            "                self.total_steps,\n                recompute",
            "                self.steps_per_epoch,\n                recompute",
        ),
        (
            "the search is validated on the training split",
            "SplitEvaluator(self.strategy, scores, self.val)",
            "SplitEvaluator(self.strategy, scores, self.train)",
        ),
        (
            "trainA and trainB have one seed",
            "config.seed + i, bad_records",
            "config.seed, bad_records",
        ),
        (
            "the search ignores another label",
            "                descriptor.ignore_label,",
            "                255,",
        ),
        (
            "Adam's moments are not saved",
            '            "architecture_optimizer": self.step.architecture_optimizer,\n',
            "",
        ),
        (
            "the search computes in float32",
            "precision.POLICIES[config.mixed_precision]",
            'precision.POLICIES["float32"]',
        ),
        ("the search begins at random", "        keras.utils.set_random_seed(config.seed)\n", ""),
    ),
    *_of(
        f"{_ENGINE}/steps/search_step.py",
        (_SEARCH[0], "tests/engine/steps/test_search_step.py"),
        ("Adam's beta_1 is 0.9", "_ADAM_BETA_1 = 0.5", "_ADAM_BETA_1 = 0.9"),
        (
            "alpha has the decay of the weights",
            "self._config.architecture_weight_decay",
            "self._config.weight_decay",
        ),
        (
            "the weights are not clipped",
            "clip_norm=self._config.clip_gradient_norm",
            "clip_norm=0.0",
        ),
        ("alpha is clipped", "clip_norm=0.0", "clip_norm=self._config.clip_gradient_norm"),
        ("the search's momentum is 0.9", "momentum=config.momentum", "momentum=0.9"),
        (
            "alpha's rate is 0.003",
            "keras.optimizers.Adam(config.architecture_learning_rate,",
            "keras.optimizers.Adam(0.003,",
        ),
    ),
    *_of(
        f"{_ENGINE}/reporting/search_report.py",
        _SEARCH,
        (
            "what is decoded has the operations in another order",
            "decoding.decode(alpha, beta, self._operations)",
            "decoding.decode(alpha, beta)",
        ),
    ),
    *_of(
        "deeplab_nas/supernet/supernet.py",
        ("tests/wiring/test_networks.py", "tests/supernet/test_supernet.py"),
        (
            "the supernet's statistics have a decay of 0.9",
            "decay = self.config.batch_norm_decay",
            "decay = 0.9",
        ),
    ),
    *_of(
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
    *_of(
        f"{_ENGINE}/runs/open_run.py",
        (_TRAIN[0], _LOOP),
        ("one checkpoint is kept", "self._config.keep_checkpoints,", "1,"),
        ("the history keeps lost lines", "        self.history.truncate_after(step or 0)\n", ""),
    ),
    *_of(
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
    *_of(
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
    *_of(
        f"{_ENGINE}/networks/initialization.py",
        (_TRAIN[0], "tests/engine/networks/test_initialization.py"),
        (
            "the last layers begin the other way",
            "if not config.initialize_last_layer",
            "if config.initialize_last_layer",
        ),
    ),
    *_of(
        f"{_ENGINE}/scoring/split_evaluator.py",
        _EVALUATE,
        (
            "the evaluation ignores another label",
            "self._descriptor.num_classes, self._descriptor.ignore_label",
            "self._descriptor.num_classes, 255",
        ),
    ),
    *_of(
        f"{_ENGINE}/scoring/metrics.py",
        _EVALUATE,
        ("the confusion matrix lies on its side", '"bhwl,bhwp->blp"', '"bhwl,bhwp->bpl"'),
    ),
    *_of(
        f"{_ENGINE}/networks/weights.py",
        _EVALUATE,
        (
            "the newest weights are taken, not the best",
            '("best", "checkpoints")',
            '("checkpoints", "best")',
        ),
    ),
    *_of(
        f"{_ENGINE}/networks/trained_network.py",
        _EVALUATE,
        (
            "a trained network has other atrous rates",
            '{**recorded, "output_stride": None}',
            '{**recorded, "output_stride": None, "atrous_rates": None}',
        ),
    ),
    *_of(
        f"{_ENGINE}/evaluation.py",
        _EVALUATE,
        (
            "evaluate sees images whole and once",
            "inference.predictor(model, config.inference)",
            "inference.predictor(model, type(config.inference)())",
        ),
    ),
    *_of(
        f"{_ENGINE}/predict_loop.py",
        _PREDICT,
        (
            "predict sees images whole and once",
            "inference.predictor(model, config.inference)",
            "inference.predictor(model, type(config.inference)())",
        ),
        (
            "overlays are label maps",
            "label_maps.overlay(image, label_map, self._colormap)",
            "label_maps.with_palette(label_map, self._colormap)",
        ),
    ),
    *_of(
        "deeplab_nas/serving/exporter.py",
        _EXPORT,
        (
            "what is exported is folded the other way",
            "if config.fold_batch_norm else",
            "if not config.fold_batch_norm else",
        ),
        (
            "what is exported sees images whole and once",
            "service.Service(model, config.inference,",
            "service.Service(model, type(config.inference)(),",
        ),
        (
            "what is exported computes in float32",
            "trained_network.load(config.checkpoint, config.mixed_precision)",
            "trained_network.load(config.checkpoint)",
        ),
    ),
    *_of(
        f"{_ENGINE}/networks/model_card.py",
        _EXPORT,
        ("the card has no metrics", "read_metrics(trained.run.metrics_path, trained.step)", "{}"),
    ),
    *_of(
        "deeplab_nas/serving/litert.py",
        _EXPORT,
        (
            "int8 is calibrated on the validation split",
            'trained.settings["train_split"]',
            'trained.settings["val_split"]',
        ),
        (
            "int8 is calibrated on the first images",
            "np.linspace(0, num_examples - 1, count)",
            "np.arange(count)",
        ),
    ),
)
