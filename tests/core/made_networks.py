"""Networks for tests, by the settings that matter to each."""

import dataclasses

from deeplab_nas.core import nas_network, segmenter
from deeplab_nas.core.network_config import NetworkConfig, TrainingOptions


def build(architecture, filter_multiplier, num_classes, **options):
    """`segmenter.build`, with the fields of its two dataclasses among the options."""
    config, training = _taken_out(options, filter_multiplier)
    return segmenter.build(architecture, config, num_classes, training, **options)


def backbone(architecture, filter_multiplier, **options):
    """`nas_network.NasNetwork`, built, with the fields of its two dataclasses as options."""
    config, training = _taken_out(options, filter_multiplier)
    network = nas_network.NasNetwork(architecture, config, training, **options)
    network.build((None, None, None, 3))
    return network


def _taken_out(options, filter_multiplier):
    parts = []
    for settings in (NetworkConfig, TrainingOptions):
        names = {field.name for field in dataclasses.fields(settings)} & options.keys()
        parts.append(settings(**{name: options.pop(name) for name in names}))
    return dataclasses.replace(parts[0], filter_multiplier=filter_multiplier), parts[1]
