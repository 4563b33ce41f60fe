"""Faults in what evaluation, prediction and export pass on."""

from tests.faults.wiring_table import of

_ENGINE = "deeplab_nas/engine"
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

FAULTS = (
    *of(
        f"{_ENGINE}/scoring/split_evaluator.py",
        _EVALUATE,
        (
            "the evaluation ignores another label",
            "self._descriptor.num_classes, self._descriptor.ignore_label",
            "self._descriptor.num_classes, 255",
        ),
    ),
    *of(
        f"{_ENGINE}/scoring/metrics.py",
        _EVALUATE,
        ("the confusion matrix lies on its side", '"bhwl,bhwp->blp"', '"bhwl,bhwp->bpl"'),
    ),
    *of(
        f"{_ENGINE}/networks/weights.py",
        _EVALUATE,
        (
            "the newest weights are taken, not the best",
            '("best", "checkpoints")',
            '("checkpoints", "best")',
        ),
    ),
    *of(
        f"{_ENGINE}/networks/trained_network.py",
        _EVALUATE,
        (
            "a trained network has other atrous rates",
            "checked_settings(TrainConfig, output_stride=None)",
            "checked_settings(TrainConfig, output_stride=None, atrous_rates=None)",
        ),
    ),
    *of(
        f"{_ENGINE}/evaluation.py",
        _EVALUATE,
        (
            "evaluate sees images whole and once",
            "inference.predictor(model, config.inference)",
            "inference.predictor(model, type(config.inference)())",
        ),
    ),
    *of(
        f"{_ENGINE}/predict_loop.py",
        _PREDICT,
        (
            "predict sees images whole and once",
            "inference.predictor(model, seen)",
            "inference.predictor(model, type(seen)())",
        ),
    ),
    *of(
        f"{_ENGINE}/prediction/label_writer.py",
        _PREDICT,
        (
            "overlays are label maps",
            "label_maps.overlay(pixels, label_map, self._colormap)",
            "label_maps.with_palette(label_map, self._colormap)",
        ),
        (
            "the legend has the names in another order",
            "draw_legend(self._descriptor.class_names,",
            "draw_legend(self._descriptor.class_names[::-1],",
        ),
    ),
    *of(
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
    *of(
        f"{_ENGINE}/networks/model_card.py",
        _EXPORT,
        ("the card has no metrics", "read_metrics(trained.run.metrics_path, trained.step)", "{}"),
    ),
    *of(
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
    *of(
        f"{_ENGINE}/evaluation.py",
        _EVALUATE,
        (
            "the training split is evaluated",
            'config.eval_split or settings["val_split"]',
            'config.eval_split or settings["train_split"]',
        ),
        (
            "the confusion matrix is drawn on its side",
            "draw_confusion_matrix(matrix,",
            "draw_confusion_matrix(matrix.T,",
        ),
    ),
    *of(
        "deeplab_nas/serving/exporter.py",
        _EXPORT,
        (
            "a network is exported for images of its crop alone",
            "config.image_size or tuple(",
            "tuple(",
        ),
    ),
    *of(
        "deeplab_nas/serving/service.py",
        _EXPORT,
        (
            "examples are served as files",
            "signatures.FROM_EXAMPLES: _graph(self.predict_examples",
            "signatures.FROM_EXAMPLES: _graph(self.predict_bytes",
        ),
    ),
    *of(
        f"{_ENGINE}/networks/inference.py",
        (_EVALUATE[0], "tests/engine/networks/test_inference.py"),
        ("windows do not overlap", "window, config.window_overlap)", "window, 0)"),
        (
            "mirror images count twice",
            "return tf.add_n(found) / len(found)",
            "return tf.add_n(found) / len(eval_scales)",
        ),
    ),
    *of(
        "deeplab_nas/serving/exporter.py",
        _EXPORT,
        (
            "a server is warmed up at another size",
            "_warm_up_feeds(size))",
            "_warm_up_feeds((9, 9)))",
        ),
    ),
    *of(
        "deeplab_nas/serving/litert.py",
        _EXPORT,
        (
            "what is quantised takes floats",
            "        converter.inference_input_type = tf.uint8\n",
            "",
        ),
        (
            "litert sees other numbers",
            "tf.argmax(scores(images),",
            "tf.argmax(scores(images / 255.0),",
        ),
    ),
)
