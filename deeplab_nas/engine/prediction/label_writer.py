"""Label maps to files, on threads: to compress a picture takes time and no network."""

import collections
import concurrent.futures
import os
import zlib
from types import TracebackType

import numpy as np
import PIL.Image
import tensorflow as tf

from deeplab_nas.data import datasets
from deeplab_nas.data.datasets import DatasetDescriptor
from deeplab_nas.drawing import label_maps
from deeplab_nas.engine.prediction import input_files
from deeplab_nas.files import atomic

# Of the images and label maps that wait, in bytes.
_BUDGET = 2**26


class LabelWriter:
    """Writes what is predicted under the name of its image.

    Use it as a context manager: when it is left, everything that it was given is written, or after
    Ctrl-C whatever a thread had begun.

    Attributes:
        written: Number of images whose label map and overlay are written.
    """

    def __init__(self, output_dir: str, descriptor: DatasetDescriptor | None, threads: int):
        """Makes the folder.

        Args:
            output_dir: Folder of `labels/`, `overlays/` and `legend.png`.
            descriptor: What the classes are called and look like; None for the colours of PASCAL
                VOC and no legend.
            threads: How many images are written at once.

        Raises:
            UserError: Nothing can be written there.
        """
        self.written = 0
        self._output_dir = output_dir
        self._descriptor = descriptor
        self._colormap = descriptor.colormap if descriptor else datasets.pascal_colormap(256)
        self._has_legend = descriptor is None
        self._pool = concurrent.futures.ThreadPoolExecutor(threads)
        self._pending: collections.deque[tuple[concurrent.futures.Future, int]] = (
            collections.deque()
        )
        self._held = 0
        # By them a later prediction knows this one's folder, however early it ends.
        overlays = os.path.join(output_dir, input_files.OVERLAYS)
        atomic.make_folder(output_dir, "--output_dir", overlays)

    def __enter__(self) -> "LabelWriter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        stopped = error is not None and not isinstance(error, Exception)
        self._pool.shutdown(wait=True, cancel_futures=stopped)
        if error is None:
            self.finish()

    def write(self, name: str, pixels: np.ndarray, label_map: np.ndarray) -> None:
        """Has a label map and its overlay written, and waits while too much waits already.

        Args:
            name: Of the files, relative to the folders of both kinds.
            pixels: The image, uint8 `[height, width, 3]`.
            label_map: Class ids `[height, width]`.

        Raises:
            UserError: This or an earlier one cannot be written.
        """
        if not self._has_legend:
            # Not before there is something that it explains.
            legend = label_maps.draw_legend(self._descriptor.class_names, self._colormap)
            atomic.write_png(os.path.join(self._output_dir, input_files.LEGEND), legend)
            self._has_legend = True
        num_bytes = pixels.nbytes + label_map.nbytes
        future = self._pool.submit(self._write_both, name, pixels, label_map)
        self._pending.append((future, num_bytes))
        self._held += num_bytes
        while self._pending and (self._held > _BUDGET or self._pending[0][0].done()):
            self._take_oldest()

    def finish(self) -> None:
        """Waits until everything is written; raises `UserError` where that fails."""
        while self._pending:
            self._take_oldest()

    def _take_oldest(self) -> None:
        future, num_bytes = self._pending.popleft()
        self._held -= num_bytes
        future.result()
        self.written += 1

    def _write_both(self, name: str, pixels: np.ndarray, label_map: np.ndarray) -> None:
        labels = label_maps.with_palette(label_map, self._colormap)
        self._write(input_files.LABELS, name, labels, zlib.Z_DEFAULT_STRATEGY)
        overlay = label_maps.overlay(pixels, label_map, self._colormap)
        # A fifth of the time for photographs, which become a tenth larger at most.
        self._write(input_files.OVERLAYS, name, overlay, zlib.Z_RLE)

    def _write(self, kind: str, name: str, picture: PIL.Image.Image, strategy: int) -> None:
        path = os.path.join(self._output_dir, kind, name)
        with atomic.as_user_errors(path, atomic.ADVICE):
            tf.io.gfile.makedirs(os.path.dirname(path))
        atomic.write_png(path, picture, strategy=strategy)
