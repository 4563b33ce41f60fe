"""The supernet: every path and every cell at once (Auto-DeepLab, sections 3 and 4)."""

import dataclasses
import functools

import keras
import numpy as np
import tensorflow as tf

from deeplab_nas.core import nas_genotypes, trellis
from deeplab_nas.core.kernels import resize
from deeplab_nas.supernet import (
    kept_operations,
    relaxation,
    search_cell,
    search_head,
    search_stem,
    shared_functions,
    topology,
)
from deeplab_nas.supernet.supernet_config import SupernetConfig
from deeplab_nas.supernet.unreached import COMPUTED, zeros_unless


@keras.saving.register_keras_serializable(package="deeplab_nas")
class Supernet(keras.Model):
    """Images to logits through the continuous relaxation of the whole search space.

    Attributes:
        alpha: `[edges, operations]`, before the softmax; shared by all cells.
        beta: `[layers, 4, 3]`, before the softmax over the arrows that leave a node; None where the
            path is fixed.
        kept: bool `[edges, operations]`, the operations that are left; see `keep`.
        cells: `SearchCell`s, a list a layer, in the order of `topology.levels`.
        topology: Which nodes there are; see `topology.of`.
    """

    def __init__(self, num_classes, config=None, **kwargs):
        """Creates the supernet.

        Args:
            num_classes: Number of classes.
            config: `SupernetConfig`; the paper's by default.
            **kwargs: Of `keras.Model`.
        """
        super().__init__(**kwargs)
        self.num_classes = num_classes
        self.config = config or SupernetConfig()
        self.topology = topology.of(self.config.fixed_path)
        self._functions = shared_functions.SharedFunctions()
        decay = self.config.batch_norm_decay
        self.stem = search_stem.SearchStem(decay, name="stem", dtype=self.dtype_policy.name)
        self.cells = [
            [self._make_cell(layer, level) for level in self.topology.levels(layer)]
            for layer in range(1, self.config.num_layers + 1)
        ]
        self.heads = [
            search_head.SearchHead(
                output_stride=4 * 2**level,
                filters=self._node_channels(level),
                num_classes=num_classes,
                batch_norm_decay=decay,
                name=f"head_{level}",
                dtype=self.dtype_policy.name,
            )
            for level in self.topology.levels(self.config.num_layers)
        ]

    def _make_cell(self, layer, level):
        return search_cell.SearchCell(
            [direction for _, direction in self.topology.arrows_into(layer, level)],
            level,
            self.config,
            name=f"cell_{layer}_{level}",
            dtype=self.dtype_policy.name,
        )

    def _node_channels(self, level):
        return self.config.num_blocks * self.config.filters(level)

    @property
    def architecture_variables(self):
        """Alpha and beta; alpha alone where the path is fixed."""
        return [self.alpha] if self.beta is None else [self.alpha, self.beta]

    @property
    def network_variables(self):
        """All other trainable variables: the weights w."""
        architecture = {id(variable) for variable in self.architecture_variables}
        return [v for v in self.trainable_variables if id(v) not in architecture]

    def build(self, input_shape=None):
        """Creates all variables; they do not depend on the size of the images."""
        initial = {"initializer": keras.initializers.RandomNormal(stddev=1e-3), "autocast": False}
        num_operations = len(self.config.operations)
        num_edges = trellis.num_edges(self.config.num_blocks)
        self.alpha = self.add_weight(name="alpha", shape=(num_edges, num_operations), **initial)
        self.beta = None
        if not self.config.fixed_path:
            shape = (self.config.num_layers, nas_genotypes.NUM_LEVELS, trellis.NUM_DIRECTIONS)
            self.beta = self.add_weight(name="beta", shape=shape, **initial)
        self.stem.build((None, None, None, 3))
        for (layer, level), cell in self.nodes():
            sources = [
                (None, None, None, self._channels(layer - 1, source))
                for source, _ in self.topology.arrows_into(layer, level)
            ]
            skip = (None, None, None, self._channels(*self.topology.skip_source(layer, level)))
            cell.build(sources, skip)
        self.kept = np.ones([num_edges, num_operations], dtype=bool)
        for level, head in self._heads():
            head.build((None, None, None, self._node_channels(level)))
        self.built = True

    def nodes(self):
        """Yields `(layer, level), SearchCell` of every node, layer by layer from 1."""
        for layer, cells in enumerate(self.cells, 1):
            for level, cell in zip(self.topology.levels(layer), cells, strict=True):
                yield (layer, level), cell

    def _heads(self):
        return zip(self.topology.levels(self.config.num_layers), self.heads, strict=True)

    def _channels(self, layer, level):
        return search_stem.STEM_CHANNELS[layer + 1] if layer <= 0 else self._node_channels(level)

    def relaxed(self, logits=None):
        """The `relaxation.Weights` that alpha and beta stand for.

        Args:
            logits: Tensors in the place of the `architecture_variables`; None for these.
        """
        alpha, *beta = map(tf.convert_to_tensor, logits or self.architecture_variables)
        arrows = relaxation.arrow_weights(*beta) if beta else None
        return relaxation.Weights(relaxation.operation_weights(alpha, self.kept), arrows)

    def keep(self, mask):
        """Leaves operations out of the graph of whatever is traced from now on.

        Their variables stay, with no gradient.

        Args:
            mask: bool `[edges, operations]`, the operations that are kept.
        """
        kept = kept_operations.KeptOperations(mask, self.config.operations)
        self.kept = kept.mask
        self._functions = shared_functions.SharedFunctions()
        for _, cell in self.nodes():
            cell.keep(kept)

    def call(
        self,
        images,
        training=False,
        frozen=(),
        recompute=frozenset(),
        relaxed=None,
        track_statistics=True,
        unreached=COMPUTED,
    ):
        """Computes the logits.

        Args:
            images: `[batch, height, width, 3]`, float in 0..255.
            training: Whether to normalise by the batch's statistics.
            frozen: `SearchCell.WEIGHTS` or `SearchCell.ARCHITECTURE` if no gradient is taken of
                them, which spares a part of the work.
            recompute: `(layer, level)` of the nodes that compute again what their gradient needs
                instead of keeping it; see `memory_plan`.
            relaxed: `relaxation.Weights` in place of `self.relaxed()`: a part of the search space.
            track_statistics: Whether training moves the averages of the batch normalisations.
            unreached: What nodes and heads do that no arrow of `relaxed` leads to: `COMPUTED` like
                all others, or `SKIPPED` or `MASKED`, which give zeros. No averages may move then,
                since replicas compute them.

        Returns:
            `[batch, height, width, num_classes]`, float32: the sum of the heads of all scales,
            each upsampled to the size of the images.
        """
        if unreached != COMPUTED and track_statistics:
            raise ValueError(f"unreached={unreached}: expected track_statistics=False.")
        relaxed = relaxed or self.relaxed()
        gates = relaxation.OperationGates(
            relaxed.operations, self.config.num_blocks, self.config.operations
        )

        mode = {"training": training, "track_statistics": track_statistics}

        def run(part, reached, shape, *inputs, **settings):
            compute = functools.partial(part, *inputs, **settings, **mode)
            if reached is None:
                return compute()
            shape = [tf.shape(images)[0], *shape]
            return zeros_unless(reached, compute, shape, self.compute_dtype, unreached)

        size = resize.image_size(images)
        images = tf.cast(images, self.compute_dtype) * (2.0 / 255.0) - 1.0
        half, quarter = self.stem(images, **mode)
        sizes = _level_sizes(images)
        features = {(-1, 0): half, (0, 0): quarter}
        reached = dict.fromkeys(node for node, _ in self.nodes())
        for (layer, level), cell in self.nodes():
            into = self.topology.arrows_into(layer, level)
            arrows = tf.ones([len(into)])
            if relaxed.arrows is not None:
                arrows = tf.gather_nd(relaxed.arrows, [(layer - 1, *arrow) for arrow in into])
                if unreached != COMPUTED:
                    reached[layer, level] = tf.reduce_any(arrows > 0)
            features[layer, level] = run(
                cell,
                reached[layer, level],
                (*sizes[level], self._node_channels(level)),
                [features[layer - 1, source] for source, _ in into],
                skip_source=features[self.topology.skip_source(layer, level)],
                arrows=arrows,
                # Cells share them, so that they are made outside of any condition.
                gates=cell.gates(gates),
                size=sizes[level],
                run=functools.partial(
                    self._functions, frozen=frozen, recompute=(layer, level) in recompute
                ),
            )
        logits = []
        for level, head in self._heads():
            node = self.config.num_layers, level
            shape = (*sizes[level], self.num_classes)
            scale_logits = run(head, reached[node], shape, features[node])
            logits.append(resize.resize_bilinear(tf.cast(scale_logits, tf.float32), size))
        return tf.add_n(logits)

    def get_config(self):
        config = dataclasses.asdict(self.config)
        return {**super().get_config(), "num_classes": self.num_classes, "config": config}

    @classmethod
    def from_config(cls, config):
        settings = config.pop("config")
        settings = {
            name: tuple(value) if isinstance(value, list) else value
            for name, value in settings.items()
        }
        return cls(config=SupernetConfig(**settings), **config)


def _level_sizes(images):
    """`(height, width)` of the four levels: half, rounded up, at each convolution with stride 2."""
    sizes = [tuple((side + 3) // 4 for side in resize.image_size(images))]
    while len(sizes) < nas_genotypes.NUM_LEVELS:
        sizes.append(tuple((side + 1) // 2 for side in sizes[-1]))
    return sizes
