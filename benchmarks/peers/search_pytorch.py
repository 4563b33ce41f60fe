"""The search step in PyTorch, written edge by edge as a textbook would; prints one JSON line.

    pip install -e '.[benchmark]'
    python -m benchmarks.peers.search_pytorch --train_crop_size=129,129 --operation_set=darts

It stands for what people have today: the same space, the same sizes and the same two steps as
`benchmarks.search_step`, whose flags it takes. Its numbers are its own; nothing is compared but
time and memory.
"""

import dataclasses
import json
import statistics
import time

from flags import program

import torch
import torch._dynamo  # Its compiler library cannot be loaded after TensorFlow's.  # noqa: F401
from torch import nn
from torch.nn import functional

from benchmarks.measured.search_settings import SearchSizes
from deeplab_nas.core import trellis
from deeplab_nas.core.nas_genotypes import NUM_LEVELS
from deeplab_nas.engine.devices.host_memory import peak_memory_gib
from deeplab_nas.settings import setting

_EPSILON = 1e-3
_STEM_CHANNELS = (64, 128)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchPytorchConfig(SearchSizes):
    """The step that is measured."""

    repetitions: int = setting(3, "Timed steps of each kind, after one that is not.", least=1)


def _normalization(channels):
    return nn.BatchNorm2d(channels, eps=_EPSILON, affine=False)


def _convolution(inputs, outputs, size, stride=1, rate=1, groups=1):
    margin = rate * (size // 2)
    return nn.Conv2d(inputs, outputs, size, stride, margin, rate, groups, bias=False)


def _separable(channels, size, repetitions, rate=1):
    layers = []
    for _ in range(repetitions):
        layers += [
            nn.ReLU(),
            _convolution(channels, channels, size, rate=rate, groups=channels),
            _convolution(channels, channels, 1),
            _normalization(channels),
        ]
    return nn.Sequential(*layers)


def _atrous(channels, size, operation_set):
    if operation_set == "darts":
        return _separable(channels, size, 1, rate=2)
    return nn.Sequential(
        nn.ReLU(), _convolution(channels, channels, size, rate=2), _normalization(channels)
    )


class _Zero(nn.Module):
    def forward(self, x):
        return torch.zeros_like(x)


def _operation(name, channels, operation_set):
    makers = {
        "separable_3x3_2": lambda: _separable(channels, 3, 2),
        "separable_5x5_2": lambda: _separable(channels, 5, 2),
        "atrous_3x3": lambda: _atrous(channels, 3, operation_set),
        "atrous_5x5": lambda: _atrous(channels, 5, operation_set),
        "avg_pool_3x3": lambda: nn.Sequential(nn.AvgPool2d(3, 1, 1), _normalization(channels)),
        "max_pool_3x3": lambda: nn.Sequential(nn.MaxPool2d(3, 1, 1), _normalization(channels)),
        "skip": nn.Identity,
        "zero": _Zero,
    }
    return makers[name]()


class _MixedOperation(nn.Module):
    """One edge: the candidate operations, weighted."""

    def __init__(self, channels, config):
        super().__init__()
        self.operations = nn.ModuleList(
            _operation(name, channels, config.operation_set) for name in config.operations
        )

    def forward(self, x, weights):
        return sum(w * operation(x) for w, operation in zip(weights, self.operations, strict=True))


class _Cell(nn.Module):
    """One cell on one arrow of the trellis."""

    def __init__(self, direction, source_channels, skip_channels, filters, config):
        super().__init__()
        self.num_blocks = config.num_blocks
        self.direction = direction
        stride, size = (2, 3) if direction == trellis.DOWN else (1, 1)
        self.source = nn.Sequential(
            nn.ReLU(), _convolution(source_channels, filters, size, stride), _normalization(filters)
        )
        self.skip = nn.Sequential(
            nn.ReLU(), _convolution(skip_channels, filters, 1), _normalization(filters)
        )
        self.edges = nn.ModuleList(
            _MixedOperation(filters, config) for _ in range(trellis.num_edges(config.num_blocks))
        )

    def forward(self, source, skip, alpha, size):
        if self.direction == trellis.UP:
            source = _resize(source, size)
        states = [self.source(source), self.skip(_resize(skip, size))]
        for number, (state, block) in enumerate(trellis.edges(self.num_blocks)):
            if len(states) == block + 2:
                states.append(0.0)
            states[-1] = states[-1] + self.edges[number](states[state], alpha[number])
        return torch.cat(states[2:], 1)


def _resize(x, size):
    if x.shape[2:] == size:
        return x
    return functional.interpolate(x, size, mode="bilinear", align_corners=True)


class _Head(nn.Module):
    """ASPP at one scale."""

    def __init__(self, channels, rate, num_classes):
        super().__init__()
        self.pooled, self.local, self.context = (
            nn.Sequential(
                _convolution(channels, channels, size, rate=rate),
                _normalization(channels),
                nn.ReLU(),
            )
            for size, rate in ((1, 1), (1, 1), (3, rate))
        )
        self.logits = nn.Conv2d(3 * channels, num_classes, 1)

    def forward(self, x):
        x = functional.relu(x)
        pooled = self.pooled(x.mean([2, 3], keepdim=True)).expand(-1, -1, *x.shape[2:])
        return self.logits(torch.cat([self.local(x), self.context(x), pooled], 1))


class _Supernet(nn.Module):
    """The relaxation of the whole search space (Auto-DeepLab, section 4)."""

    def __init__(self, config, num_classes):
        super().__init__()
        self.config = config
        edges = trellis.num_edges(config.num_blocks)
        self.alpha = nn.Parameter(1e-3 * torch.randn(edges, len(config.operations)))
        self.beta = nn.Parameter(1e-3 * torch.randn(config.num_layers, NUM_LEVELS, 3))
        self.stem = nn.ModuleList(
            nn.Sequential(_convolution(inputs, outputs, 3, 2), _normalization(outputs))
            for inputs, outputs in zip((3, *_STEM_CHANNELS), _STEM_CHANNELS, strict=False)
        )
        self.cells = nn.ModuleDict()
        for layer in range(1, config.num_layers + 1):
            for level in range(trellis.num_levels(layer)):
                for source, direction in trellis.arrows_into(layer, level):
                    self.cells[f"{layer} {level} {source}"] = _Cell(
                        direction,
                        self._channels(layer - 1, source),
                        self._channels(*trellis.skip_source(layer, level)),
                        config.filter_multiplier * 2**level,
                        config,
                    )
        self.heads = nn.ModuleList(
            _Head(self._channels(config.num_layers, level), 24 // 2**level, num_classes)
            for level in range(trellis.num_levels(config.num_layers))
        )

    def _channels(self, layer, level):
        if layer <= 0:
            return _STEM_CHANNELS[layer + 1]
        return self.config.num_blocks * self.config.filter_multiplier * 2**level

    def forward(self, images):
        alpha = torch.softmax(self.alpha, -1)
        half = self.stem[0](images)
        features = {(-1, 0): half, (0, 0): self.stem[1](functional.relu(half))}
        sizes = [features[0, 0].shape[2:]]
        for _ in range(NUM_LEVELS - 1):
            sizes.append(torch.Size((side + 1) // 2 for side in sizes[-1]))
        for layer in range(1, self.config.num_layers + 1):
            for level in range(trellis.num_levels(layer)):
                features[layer, level] = sum(
                    self._arrow(layer, source, direction)
                    * self.cells[f"{layer} {level} {source}"](
                        features[layer - 1, source],
                        features[trellis.skip_source(layer, level)],
                        alpha,
                        sizes[level],
                    )
                    for source, direction in trellis.arrows_into(layer, level)
                )
        scales = (
            head(features[self.config.num_layers, level]) for level, head in enumerate(self.heads)
        )
        return sum(_resize(logits, images.shape[2:]) for logits in scales)

    def _arrow(self, layer, source, direction):
        there = [d for d in range(3) if trellis.arrow_mask(layer)[layer - 1, source, d]]
        return torch.softmax(self.beta[layer - 1, source, there], 0)[there.index(direction)]


def main(config: SearchPytorchConfig) -> None:
    # TensorFlow's code is in memory as well, since the space's tables come with it.
    before = peak_memory_gib()
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(1)
    supernet = _Supernet(config.supernet, config.num_classes)
    architecture = [supernet.alpha, supernet.beta]
    weights = [p for p in supernet.parameters() if all(p is not a for a in architecture)]
    size = (config.train_batch_size, *config.train_crop_size)
    images = torch.rand(size[0], 3, *size[1:]) * 2 - 1
    labels = torch.randint(config.num_classes, size)
    optimizers = {
        "weights": torch.optim.SGD(weights, 0.025, momentum=0.9, weight_decay=3e-4),
        "architecture": torch.optim.Adam(architecture, 3e-3, (0.5, 0.999), weight_decay=1e-3),
    }

    def step(name):
        start = time.perf_counter()
        supernet.zero_grad()
        functional.cross_entropy(supernet(images), labels).backward()
        if name == "weights":
            nn.utils.clip_grad_norm_(weights, 5.0)
        optimizers[name].step()
        return time.perf_counter() - start

    seconds = {}
    for name in optimizers:
        step(name)
        seconds[name] = statistics.median(step(name) for _ in range(config.repetitions))
    print(
        json.dumps(
            {
                "benchmark": "search_pytorch",
                **{f"{name}_seconds": round(found, 3) for name, found in seconds.items()},
                "both_seconds": round(sum(seconds.values()), 3),
                "peak_memory_gib": round(peak_memory_gib(), 2),
                "imports_gib": round(before, 2),
                "parameters": sum(p.numel() for p in weights),
            }
        )
    )


if __name__ == "__main__":
    program.run(SearchPytorchConfig, main)
