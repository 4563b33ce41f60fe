"""The paper's network in PyTorch, layer by layer as a textbook would; run by `network.py --peers`.

It stands for what people have today. Its weights are random: nothing is compared but time, memory
and the number of parameters, which is the paper's.
"""

from flags import program

import torch
import torch._dynamo  # Its compiler library cannot be loaded after TensorFlow's.  # noqa: F401
from torch import nn
from torch.nn import functional

from benchmarks.measured import network_measurement
from deeplab_nas.core import backbone_plan, nas_genotypes, trellis
from deeplab_nas.core.backbone_plan import STEM
from deeplab_nas.core.network_config import NetworkConfig

_ASPP_RATES = (12, 24, 36)
_HEAD_FILTERS = 256
_LOW_LEVEL_FILTERS = 48


def _convolution(inputs, outputs, size, stride=1, rate=1, groups=1):
    margin = rate * (size // 2)
    return nn.Conv2d(inputs, outputs, size, stride, margin, rate, groups, bias=False)


def _separable(channels, size, stride):
    layers = []
    for own_stride in (stride, 1):
        layers += [
            nn.ReLU(),
            _convolution(channels, channels, size, own_stride, groups=channels),
            _convolution(channels, channels, 1),
            nn.BatchNorm2d(channels, eps=1e-3),
        ]
    return nn.Sequential(*layers)


class _Atrous(nn.Module):
    def __init__(self, channels, size, stride):
        super().__init__()
        self.stride = stride
        self.convolution = _convolution(channels, channels, size, rate=2 if stride == 1 else 1)
        self.norm = nn.BatchNorm2d(channels, eps=1e-3)

    def forward(self, x):
        if self.stride > 1:
            x = _resize(x, [(side + 1) // 2 for side in x.shape[2:]])
        return self.norm(self.convolution(functional.relu(x)))


def _operation(name, channels, stride):
    size = int(name.partition("_")[2][0])
    return (_separable if name.startswith("separable") else _Atrous)(channels, size, stride)


class _Cell(nn.Module):
    def __init__(self, cell, net_channels, prev_channels, filters, stride):
        super().__init__()
        self.pairs = [pair for block in cell for pair in block]
        self.net, self.prev = (
            nn.Sequential(
                nn.ReLU(), _convolution(channels, filters, 1), nn.BatchNorm2d(filters, eps=1e-3)
            )
            for channels in (net_channels, prev_channels)
        )
        self.operations = nn.ModuleList(
            _operation(name, filters, stride if state < 2 else 1) for state, name in self.pairs
        )

    def forward(self, net, prev, size):
        states = [self.net(_resize(net, size)), self.prev(_resize(prev, size))]
        branches = []
        for (state, _), operation in zip(self.pairs, self.operations, strict=True):
            branches.append(operation(states[state]))
            if len(branches) % 2 == 0:
                states.append(branches[-2] + branches[-1])
        return torch.cat(states[2:], 1)


def _resize(x, size):
    if list(x.shape[2:]) == list(size):
        return x
    return functional.interpolate(x, list(size), mode="bilinear", align_corners=True)


def _activated(inputs, outputs, size=1, rate=1):
    return nn.Sequential(
        _convolution(inputs, outputs, size, rate=rate), nn.BatchNorm2d(outputs), nn.ReLU()
    )


class _Segmenter(nn.Module):
    """Stem, cells, ASPP and decoder (Auto-DeepLab, section 5.1)."""

    def __init__(self, filter_multiplier, num_classes):
        super().__init__()
        self.plan = backbone_plan.BackbonePlan(
            nas_genotypes.auto_deeplab(), NetworkConfig(filter_multiplier=filter_multiplier)
        )
        self.layers = range(1, self.plan.last_layer + 1)
        channels, stem = 3, []
        for filters, stride in STEM:
            stem.append(
                nn.Sequential(
                    _convolution(channels, filters, 3, stride), nn.BatchNorm2d(filters, eps=1e-3)
                )
            )
            channels = filters
        self.stem = nn.ModuleList(stem)
        self.cells = nn.ModuleList(
            _Cell(
                self.plan.architecture.cell,
                self.plan.channels(layer - 1),
                self.plan.channels(layer - 2),
                self.plan.filters(layer),
                2 if self.plan.direction(layer) == trellis.DOWN else 1,
            )
            for layer in self.layers
        )
        channels = self.plan.channels(self.plan.last_layer)
        self.pooled = _activated(channels, _HEAD_FILTERS)
        self.aspp = nn.ModuleList(
            [_activated(channels, _HEAD_FILTERS)]
            + [_activated(channels, _HEAD_FILTERS, 3, rate) for rate in _ASPP_RATES]
        )
        self.projection = _activated((2 + len(_ASPP_RATES)) * _HEAD_FILTERS, _HEAD_FILTERS)
        self.dropout = nn.Dropout(0.1)
        low_level_channels = self.plan.channels(self.plan.last_layer_at(4))
        self.low_level = _activated(low_level_channels, _LOW_LEVEL_FILTERS)
        self.decoder = nn.Sequential(
            _activated(_HEAD_FILTERS + _LOW_LEVEL_FILTERS, _HEAD_FILTERS, 3),
            _activated(_HEAD_FILTERS, _HEAD_FILTERS, 3),
            nn.Conv2d(_HEAD_FILTERS, num_classes, 1),
        )

    def forward(self, images):
        half = self.stem[1](functional.relu(self.stem[0](images / 127.5 - 1.0)))
        outputs = {-1: half, 0: self.stem[2](functional.relu(half))}
        sizes = self.plan.sizes(images.permute(0, 2, 3, 1))
        for layer, cell in zip(self.layers, self.cells, strict=True):
            outputs[layer] = cell(outputs[layer - 1], outputs[layer - 2], sizes[layer])
        net = functional.relu(outputs[self.plan.last_layer])
        pooled = self.pooled(net.mean([2, 3], keepdim=True)).expand(-1, -1, *net.shape[2:])
        branches = [pooled] + [branch(net) for branch in self.aspp]
        features = self.dropout(self.projection(torch.cat(branches, 1)))
        low_level = self.low_level(outputs[self.plan.last_layer_at(4)])
        features = torch.cat([_resize(features, low_level.shape[2:]), low_level], 1)
        return _resize(self.decoder(features), images.shape[2:])


def main(config: network_measurement.StepConfig) -> None:
    if config.threads:
        torch.set_num_threads(config.threads)
    torch.manual_seed(1)
    model = _Segmenter(config.filter_multiplier, config.num_classes)
    images = torch.rand(config.batch, 3, *config.size) * 255
    if config.kind == "training":
        step = _training(model, images, config.num_classes)
    else:
        step = _inference(model, images)
    autocast = torch.autocast("cpu", torch.bfloat16, enabled=config.precision == "bfloat16")

    def timed_step():
        with autocast:
            step()

    parameters = sum(p.numel() for p in model.parameters())
    network_measurement.report(config, timed_step, parameters)


def _inference(model, images):
    model.eval()
    return torch.inference_mode()(lambda: model(images))


def _training(model, images, num_classes):
    size = (images.shape[0], *images.shape[2:])
    labels = torch.randint(num_classes, size, dtype=torch.int64)
    optimizer = torch.optim.SGD(model.parameters(), 0.01, momentum=0.9, weight_decay=4e-5)

    def step():
        optimizer.zero_grad()
        loss = functional.cross_entropy(model(images), labels)
        with torch.autocast("cpu", enabled=False):
            loss.backward()
        optimizer.step()

    return step


if __name__ == "__main__":
    program.run(network_measurement.StepConfig, main)
