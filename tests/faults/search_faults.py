"""Faults in what a search passes on."""

from tests.faults.wiring_table import of

_ENGINE = "deeplab_nas/engine"
_CHOICE = ("tests/engine/scoring/test_final_choice.py",)
_SEARCH = ("tests/wiring/test_search.py", "tests/engine/test_search_loop.py")

FAULTS = (
    *of(
        f"{_ENGINE}/search_loop.py",
        _SEARCH,
        (
            "trainB is trainA",
            "self.train, self.halves[half], seed",
            "self.train, self.halves[0], seed",
        ),
        (
            "alpha learns on trainA and the weights on trainB",
            "self._run_alternating, [train_a, train_b]",
            "self._run_alternating, [train_b, train_a]",
        ),
        (
            "the cosine ends after the first epoch",
            "                self.total_steps,\n                recompute",
            "                self.steps_per_epoch,\n                recompute",
        ),
        (
            "the search is validated on the training split",
            "SplitEvaluator(self.strategy, self.step.scores, self.val)",
            "SplitEvaluator(self.strategy, self.step.scores, self.train)",
        ),
        (
            "trainA and trainB have one seed",
            "seed = self.config.seed + half",
            "seed = self.config.seed",
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
    *of(
        f"{_ENGINE}/steps/search/search_step.py",
        (_SEARCH[0], "tests/engine/steps/search/test_search_step.py"),
        ("Adam's beta_1 is 0.9", "_ADAM_BETA_1 = 0.5", "_ADAM_BETA_1 = 0.9"),
        (
            "alpha has the decay of the weights",
            "self._config.architecture_weight_decay",
            "self._config.weight_decay",
        ),
        (
            "the weights are not clipped",
            "clip_norm = self._config.clip_gradient_norm",
            "clip_norm = 0.0",
        ),
        ("the search's momentum is 0.9", "momentum=config.momentum", "momentum=0.9"),
        (
            "alpha's rate is 0.003",
            "keras.optimizers.Adam(config.architecture_learning_rate,",
            "keras.optimizers.Adam(0.003,",
        ),
        (
            "the second order moves the weights first",
            "[(self.update_architecture, [0, 1]), weights]",
            "[weights, (self.update_architecture, [0, 1])]",
        ),
        ("the second order swaps its halves", "[0, 1]), weights]", "[1, 0]), weights]"),
    ),
    *of(
        f"{_ENGINE}/steps/search/supernet_gradients.py",
        (_SEARCH[0], "tests/engine/steps/search/test_search_step.py"),
        (
            "the search is validated with batch statistics",
            "self._supernet(images, training=False, **relaxed)",
            "self._supernet(images, training=True, **relaxed)",
        ),
        (
            "weights and architecture drop the same skips",
            "whole = self._whole(step, stream=0)",
            "whole = self._whole(step, stream=1)",
        ),
        (
            "every step trains the same sampled paths",
            "tf.cast(step, tf.int32) * self._num_paths + number",
            "number",
        ),
        (
            "sampled paths move the averages",
            '"track_statistics": False,\n            "unreached"',
            '"track_statistics": True,\n            "unreached"',
        ),
        (
            "sampled paths are trained in place of the whole",
            'return [{**part, "frozen": frozen} for part in parts]',
            'return [{**part, "frozen": frozen} for part in parts[1:] or parts]',
        ),
    ),
    *of(
        f"{_ENGINE}/steps/search/unrolled_gradient.py",
        (_SEARCH[0], "tests/engine/steps/search/test_unrolled_gradient.py"),
        ("w stays where the difference left it", "        self._assign(weights)\n", ""),
        ("the difference is none", "(plus - minus)", "(plus - plus)"),
        (
            "the step that is unrolled moves the averages",
            "frozen, loss_scale, track_statistics=False",
            "frozen, loss_scale, track_statistics=True",
        ),
        ("no step is unrolled", "        self._assign(stepped)\n", ""),
    ),
    *of(
        "deeplab_nas/supernet/decoding/by_logits.py",
        _SEARCH,
        (
            "what is decoded has the operations in another order",
            "decode(alpha, supernet.beta.numpy(), names, path_decoding",
            "decode(alpha, supernet.beta.numpy(), SEARCH_OPERATIONS, path_decoding",
        ),
    ),
    *of(
        "deeplab_nas/supernet/supernet.py",
        ("tests/wiring/test_networks.py", "tests/supernet/test_supernet.py"),
        (
            "the supernet's statistics have a decay of 0.9",
            "decay = self.config.batch_norm_decay",
            "decay = 0.9",
        ),
    ),
    *of(
        f"{_ENGINE}/search_loop.py",
        _SEARCH,
        (
            "an epoch is that of the larger half",
            "self.steps_per_epoch = min(",
            "self.steps_per_epoch = max(",
        ),
        (
            "a search is validated at its end",
            "evaluate_every=self.steps_per_epoch",
            "evaluate_every=0",
        ),
        (
            "the momentum of the search is not saved",
            '            "weight_optimizer": self.step.weight_optimizer,\n',
            "",
        ),
    ),
    *of(
        f"{_ENGINE}/steps/search/supernet_gradients.py",
        (_SEARCH[0], "tests/engine/steps/search/test_search_step.py"),
        (
            "the search learns by moving statistics",
            "images, training=True, recompute",
            "images, training=False, recompute",
        ),
    ),
    *of(
        f"{_ENGINE}/steps/search/search_step.py",
        (_SEARCH[0], "tests/engine/steps/search/test_search_step.py"),
        ("vectors decay too", "if len(variable.shape) > 1", "if len(variable.shape) > 0"),
    ),
    *of(
        f"{_ENGINE}/reporting/search_report.py",
        _SEARCH,
        (
            "an architecture has the name of its step",
            "decoded.save(self._run.architecture_epoch_path(epoch))",
            "decoded.save(self._run.architecture_epoch_path(step))",
        ),
        (
            "alpha is drawn with the operations in another order",
            "draw_alpha(chosen, num_blocks, self._operations)",
            "draw_alpha(chosen, num_blocks)",
        ),
    ),
    *of(
        f"{_ENGINE}/reporting/validation.py",
        _SEARCH,
        (
            "the pixel accuracy is the mean IoU",
            "metrics.pixel_accuracy(matrix)",
            "metrics.mean_iou(matrix)",
        ),
    ),
    *of(
        "deeplab_nas/data/pipeline.py",
        ("tests/wiring/test_batches.py", _SEARCH[0], "tests/data/test_pipeline.py"),
        (
            "every run augments alike",
            "tf.stack([tf.constant(seed, tf.int64), number])",
            "tf.stack([tf.constant(0, tf.int64), number])",
        ),
        (
            "padding has another label",
            "example_seed, config, split.descriptor.ignore_label",
            "example_seed, config, 255",
        ),
        (
            "an evaluation has the batches of the training",
            '_batches(load, "eval_batch_size", config.eval_batch_size, 0, steps, context)',
            '_batches(load, "eval_batch_size", config.train_batch_size, 0, steps, context)',
        ),
    ),
    *of(
        "deeplab_nas/data/pipeline.py",
        ("tests/wiring/test_batches.py",),
        (
            "what fills an evaluation of whole images is not ignored",
            "label = tf.where(real, _squeezed(label), split.descriptor.ignore_label)",
            "label = tf.where(real, _squeezed(label), 255)",
        ),
    ),
    *of(
        f"{_ENGINE}/scoring/supernet_loss.py",
        ("tests/engine/scoring/test_supernet_loss.py",),
        ("a cut supernet is scored by the averages", "training=True", "training=False"),
        (
            "scoring a cut supernet moves the averages",
            "track_statistics=False",
            "track_statistics=True",
        ),
        (
            "the loss is that of the last batch",
            "/ len(found)",
            "- sum(float(x) for x in found[:-1])",
        ),
    ),
    *of(
        f"{_ENGINE}/search_loop.py",
        _CHOICE,
        (
            "the supernet chooses on batches that alpha was trained on",
            "train_b.from_step(done)",
            "train_b.from_step(0)",
        ),
        (
            "what was found is rated on the batches that chose it",
            "loss.on(batches[count:])",
            "loss.on(batches[:count])",
        ),
    ),
    *of(
        f"{_ENGINE}/scoring/final_choice.py",
        _CHOICE,
        (
            "the cell is chosen on all paths",
            "arrows = by_loss.cut(arrows, path)",
            "arrows = by_loss.cut(arrows, ())",
        ),
    ),
    *of(
        f"{_ENGINE}/steps/search/part_training.py",
        ("tests/engine/steps/search/test_part_training.py",),
        (
            "the weights stay as a choice has trained them",
            "variable.assign(value)",
            "variable.assign(variable.value)",
        ),
    ),
    *of(
        f"{_ENGINE}/steps/search/pruning.py",
        ("tests/engine/steps/search/test_pruning.py",),
        (
            "operations go by the sums of gradients upside down",
            "alpha_t, *_ = self._tally.preferences()",
            "alpha_t = -self._tally.preferences()[0]",
        ),
        (
            "a resumed search has all operations again",
            "if not self.kept.numpy().all()",
            "if self.kept.numpy().all()",
        ),
    ),
)
