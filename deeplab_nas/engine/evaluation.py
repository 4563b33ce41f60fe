"""The evaluation of a trained network on a whole split, images at their own size."""

import contextlib
import dataclasses
import math
import os
import sys
import time

import numpy as np

from deeplab_nas.core import folding
from deeplab_nas.core.cost import network_cost
from deeplab_nas.data import datasets, input_errors, pipeline, record_faults
from deeplab_nas.data.brightness import ranges
from deeplab_nas.data.split import Split
from deeplab_nas.drawing import confusion_matrix
from deeplab_nas.engine.devices import strategies, workers
from deeplab_nas.engine.networks import inference, trained_network
from deeplab_nas.engine.reporting.progress import Progress
from deeplab_nas.engine.scoring import image_matrices, metrics
from deeplab_nas.engine.scoring.image_matrices import ImageMatricesWriter
from deeplab_nas.engine.scoring.prediction_files import PredictionFiles
from deeplab_nas.engine.scoring.split_evaluator import SplitEvaluator
from deeplab_nas.errors import UserError
from deeplab_nas.files import atomic
from deeplab_nas.files.json_field import as_json


def run(config):
    """Evaluates, and writes `metrics.json`, `confusion_matrix.png` and what else is asked for.

    Args:
        config: An `EvaluateConfig`.

    Returns:
        What `metrics.json` holds.

    Raises:
        UserError: The checkpoint, the data or the folder to write to do not fit.
    """
    strategies.set_threads(config.threads, side_by_side=False)
    strategy = strategies.of(config)
    print(strategies.describe(strategy), file=sys.stderr)
    if config.save_image_matrices and strategies.num_workers(strategy) > 1:
        raise UserError(
            "Expected one worker for --save_image_matrices, found "
            f"{strategies.num_workers(strategy)}: leave it out, or evaluate on one machine."
        )
    with strategy.scope():
        trained = trained_network.load(config.checkpoint, config.mixed_precision)
        model = folding.fold(trained.model)
    config = _completed(config, trained)
    descriptor = _descriptor(config, trained)
    split = Split.load(descriptor, config.dataset_dir, config.eval_split)
    chief = strategies.is_chief(strategy)
    with contextlib.ExitStack() as folders:
        if chief:
            folders.enter_context(atomic.new_folder(config.eval_logdir, "--eval_logdir"))
        files = None
        of_images = ImageMatricesWriter() if config.save_image_matrices else None
        if config.save_predictions:
            folder = os.path.join(config.eval_logdir, "predictions")
            folders.enter_context(atomic.new_folder(folder, "--eval_logdir"))
            files = PredictionFiles(folder, descriptor)
        started = time.monotonic()
        with (
            input_errors.as_user_errors(),
            record_faults.named(split),
            workers.lost_as_user_errors(strategy),
        ):
            matrix = _confusion_matrix(strategy, config, model, split, files, of_images)
        by_image = of_images.whole() if of_images else None
        found = {
            **_facts(config, trained, split.index),
            **summarize(matrix, descriptor.class_names),
            "images_a_second": split.index.num_examples / (time.monotonic() - started),
        }
    if chief:
        atomic.write_json(os.path.join(config.eval_logdir, "metrics.json"), found)
        picture = confusion_matrix.draw_confusion_matrix(matrix, descriptor.class_names)
        path = os.path.join(config.eval_logdir, "confusion_matrix.png")
        atomic.write_png(path, picture)
        if by_image:
            by_image.save(os.path.join(config.eval_logdir, image_matrices.FILE))
    return found


def summarize(matrix, class_names):
    """What is read from a confusion matrix, for `metrics.json`.

    Args:
        matrix: Pixel counts `[classes, classes]`, rows are labels and columns predictions.
        class_names: One name a class.

    Returns:
        Numbers by name. Classes that are absent are left out of `class_iou` and `class_accuracy`.
        `miou_accuracy_mean` is ADE20K's score, the mean of mean IoU and pixel accuracy.

    Raises:
        UserError: No pixel was counted.
    """
    miou, accuracy = metrics.mean_iou(matrix), metrics.pixel_accuracy(matrix)
    class_accuracy = metrics.class_accuracy(matrix)
    return {
        "miou": miou,
        "pixel_accuracy": accuracy,
        "mean_class_accuracy": float(np.nanmean(class_accuracy)),
        "frequency_weighted_iou": metrics.frequency_weighted_iou(matrix),
        "miou_accuracy_mean": (miou + accuracy) / 2,
        "class_iou": metrics.by_class(class_names, metrics.class_iou(matrix)),
        "class_accuracy": metrics.by_class(class_names, class_accuracy),
        "confusion_matrix": matrix.tolist(),
    }


def _completed(config, trained):
    """Fills what was left empty from the training."""
    settings = trained.settings
    return dataclasses.replace(
        config,
        eval_logdir=config.eval_logdir or trained.run.path,
        dataset=config.dataset or settings["dataset"],
        dataset_dir=config.dataset_dir or settings["dataset_dir"],
        eval_split=config.eval_split or settings["val_split"],
        inference=config.inference.of_training(trained.resize),
    )


def _descriptor(config, trained):
    descriptor = datasets.describe(config.dataset, config.dataset_dir)
    if descriptor.num_classes != trained.descriptor.num_classes:
        raise UserError(
            f"Expected a data set of {trained.descriptor.num_classes} classes, as the network of "
            f"{trained.checkpoint} has, found {descriptor.num_classes} in {config.dataset}: name "
            "the data set that it was trained on, or another --checkpoint."
        )
    known = zip(trained.descriptor.class_names, descriptor.class_names, strict=True)
    for label, (learned, there) in enumerate(known):
        # A name that a builder made up says nothing.
        if learned != there and f"class_{label}" not in (learned, there):
            raise UserError(
                f"Expected the classes of {trained.checkpoint} in {config.dataset_dir}, found "
                f"{there!r} as class {label}, which is {learned!r} there: build the shards with "
                "the classes of the training, or name another --checkpoint."
            )
    ranges_here = descriptor.image_range, trained.descriptor.image_range
    if None not in ranges_here and len(set(ranges_here)) > 1:
        here, learned = map(ranges.shown, ranges_here)
        print(
            f"{config.dataset_dir} was built with --image_range={here}, and the network was "
            f"trained on {learned}: one brightness may mean two things.",
            file=sys.stderr,
        )
    return descriptor


def _confusion_matrix(strategy, config, model, split, files, of_images):
    def dataset(context):
        return pipeline.whole_image_dataset(config.eval_batch_size, split, context)

    evaluator = SplitEvaluator(strategy, inference.predictor(model, config.inference), split)
    matrix = np.zeros([split.descriptor.num_classes] * 2, np.int64)
    images_a_step = config.eval_batch_size
    if len(split.index.image_sizes) > 1:
        images_a_step = strategy.num_replicas_in_sync
    progress = Progress({"batch": math.ceil(split.index.num_examples / images_a_step)})
    started = time.monotonic()
    for images, labels, names in strategies.distributed(strategy, dataset):
        counts = evaluator.count(images, labels)
        matrix += counts.matrix
        local_names = [part.numpy() for part in strategy.experimental_local_results(names)]
        if files:
            for part, part_names in zip(counts.predictions, local_names, strict=True):
                files.write(part, part_names)
        if of_images:
            for part, part_names in zip(counts.image_matrices, local_names, strict=True):
                of_images.add(part, part_names)
        progress.update("batch", 1, time.monotonic() - started, {})
        started = time.monotonic()
    progress.close()
    return matrix


def _facts(config, trained, index):
    height, width = index.max_height, index.max_width
    measured = network_cost.measure(trained.model, height, width)
    return {
        "checkpoint": trained.checkpoint,
        "step": trained.step,
        "dataset": config.dataset,
        "split": index.split,
        "num_images": index.num_examples,
        **as_json(dataclasses.asdict(config.inference)),
        **dataclasses.asdict(config.inference.resize),
        "mixed_precision": config.mixed_precision,
        "parameters": measured.trainable_parameters,
        "multiply_adds": measured.multiply_adds,
        "multiply_adds_input_size": [height, width],
    }
