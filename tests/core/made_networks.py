"""Networks for tests, by the settings that matter to each."""

import dataclasses

from deeplab_nas.core import segmenter
from deeplab_nas.core.network_config import NetworkConfig
from deeplab_nas.core.segmenter import TrainingOptions


def build(architecture, filter_multiplier, num_classes, **options):
    """`segmenter.build`, with the fields of its two dataclasses among the options."""
    parts = []
    for settings in (NetworkConfig, TrainingOptions):
        names = {field.name for field in dataclasses.fields(settings)} & options.keys()
        parts.append(settings(**{name: options.pop(name) for name in names}))
    config = dataclasses.replace(parts[0], filter_multiplier=filter_multiplier)
    return segmenter.build(architecture, config, num_classes, parts[1], **options)
