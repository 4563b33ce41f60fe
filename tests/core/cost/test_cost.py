"""Costs: the published figures, counts by hand, and what gradients really read and reach."""

import math

import numpy as np
import pytest
import tensorflow as tf

from deeplab_nas.core import nas_genotypes
from deeplab_nas.core.cost import cost_table, network_cost, traced_stages
from deeplab_nas.core.kernels import target
from tests.core import made_networks

# Cityscapes: F, trainable parameters of the backbone and of all, those with moving statistics,
# multiply-adds in billions, and the paper's Multi-Adds in billions.
_PUBLISHED = [
    (8, 1_272_416, 3_495_251, 3_512_419, 241.611, None),
    (20, 7_030_832, 10_147_427, 10_183_291, 320.450, 333.25),
    (32, 17_612_096, 21_622_451, 21_677_011, 439.922, 460.93),
    (48, 39_222_656, 44_424_691, 44_504_179, 662.424, 695.03),
]
_SEPARABLE = [(20, 7_784_507), (32, 18_526_211), (48, 40_350_691)]

_SMALL = nas_genotypes.Architecture(cell=(((0, "atrous_3x3"), (1, "skip")),), path=(0,))


@pytest.mark.parametrize(
    ("filters", "backbone", "total", "with_statistics", "billions", "paper_billions"),
    [
        pytest.param(*numbers, marks=[] if numbers[0] == 20 else pytest.mark.slow)
        for numbers in _PUBLISHED
    ],
)
def test_the_papers_networks_cost_what_is_published(
    filters, backbone, total, with_statistics, billions, paper_billions
):
    model = made_networks.build(nas_genotypes.auto_deeplab(), filters, num_classes=19)
    measured = network_cost.measure(model, 1025, 2049)
    assert measured.backbone_trainable_parameters == backbone
    assert measured.trainable_parameters == total
    assert measured.parameters == with_statistics
    assert round(measured.multiply_adds / 1e9, 3) == billions
    if paper_billions:
        assert measured.paper_multi_adds / 1e9 == pytest.approx(paper_billions, rel=5e-4)


@pytest.mark.parametrize(("filters", "total"), _SEPARABLE)
def test_separable_heads_have_the_official_number_of_parameters(filters, total):
    model = made_networks.build(
        nas_genotypes.auto_deeplab(),
        filters,
        num_classes=19,
        aspp_with_separable_conv=True,
        decoder_use_separable_conv=True,
    )
    assert sum(math.prod(variable.shape) for variable in model.trainable_variables) == total


def stages_by_name(measured):
    return {stage.name: stage for stage in measured.stages}


@pytest.mark.parametrize(("aspp", "decoder"), [(256, 256), (12, 20)])
def test_multiply_adds_are_those_counted_by_hand(aspp, decoder):
    widths = {"aspp_convs_filters": aspp, "decoder_filters": decoder}
    model = made_networks.build(_SMALL, 4, num_classes=5, **widths)
    stages = stages_by_name(network_cost.measure(model, 33, 65))
    half, quarter = 17 * 33, 9 * 17
    assert stages["Stem"].multiply_adds == (
        half * 9 * 3 * 64 + half * 9 * 64 * 64 + quarter * 9 * 64 * 128
    )
    assert stages["Cell_0"].multiply_adds == quarter * (64 * 4 + 128 * 4 + 9 * 4 * 4)
    branches = quarter * (4 * aspp + 3 * 9 * 4 * aspp) + 4 * aspp
    assert stages["aspp"].multiply_adds == branches + quarter * 5 * aspp * aspp
    assert stages["decoder"].multiply_adds == (
        quarter * (4 * 48 + 9 * (aspp + 48) * decoder + 9 * decoder * decoder)
    )
    assert stages["logits"].multiply_adds == quarter * decoder * 5
    assert (stages["aspp"].channels, stages["decoder"].channels) == (aspp, decoder)


def test_the_papers_count_pads_atrous_maps_and_adds_pools_and_additions():
    model = made_networks.build(_SMALL, 4, num_classes=5, atrous_rates=(8,))
    stages = stages_by_name(network_cost.measure(model, 33, 65))
    extra = {name: s.paper_multi_adds - s.multiply_adds for name, s in stages.items()}
    # Rate 2 pads 9x17 to 10x18; the block adds two maps.
    assert extra["Cell_0"] == (10 * 18 - 9 * 17) * 9 * 4 * 4 + 9 * 17 * 4 // 2
    # Rate 8 pads to 16x24; the pooling window is as large as the features.
    assert extra["aspp"] == (16 * 24 - 9 * 17) * 9 * 4 * 256 + 9 * 17 * 4 // 2
    assert extra["Stem"] == extra["decoder"] == extra["logits"] == 0


def test_separable_atrous_convolutions_count_as_many_positions_as_full_ones():
    model = made_networks.build(
        _SMALL, 4, num_classes=5, atrous_rates=(8,), aspp_with_separable_conv=True
    )
    aspp = stages_by_name(network_cost.measure(model, 33, 65))["aspp"]
    split = 9 * 4 + 4 * 256
    assert aspp.multiply_adds == 9 * 17 * (4 * 256 + split + 3 * 256 * 256) + 4 * 256
    padded = (16 * 24 - 9 * 17) * 9 * 4
    assert aspp.paper_multi_adds == aspp.multiply_adds + padded + 9 * 17 * 4 // 2


@pytest.mark.parametrize("size", [(321, 257), (320, 250)])
@pytest.mark.parametrize("remove_os32_stride", [False, True])
def test_each_stage_has_the_stride_of_the_path(size, remove_os32_stride):
    cell = (((0, "separable_3x3_1"), (1, "max_pool_3x3")),)
    architecture = nas_genotypes.Architecture(cell=cell, path=(1, 2, 3, 3, 2, 1))
    model = made_networks.build(
        architecture, 2, num_classes=3, nas_remove_os32_stride=remove_os32_stride
    )
    measured = network_cost.measure(model, *size)
    coarsest = 16 if remove_os32_stride else 32
    strides = [stage.output_stride for stage in measured.stages]
    assert strides == [4, 8, 16, coarsest, coarsest, 16, 8, 8, 4, 4]
    assert measured.output_stride == 8
    assert [stage.channels for stage in measured.stages[:7]] == [128, 4, 8, 16, 16, 8, 4]


def read_by_gradients(model, height, width):
    """Bytes of the maps that gradient operations take, from the graph of a training step."""

    def step(images):
        with tf.GradientTape() as tape:
            logits = model.endpoints(images, training=True)["logits"]
        forward.update(op.name for op in logits.graph.get_operations())
        variables = [variable.value for variable in model.trainable_variables]
        return tape.gradient(logits, variables, output_gradients=tf.zeros(logits.shape))

    forward = set()
    images = tf.TensorSpec([1, height, width, 3], tf.float32)
    with target.other_machines():
        graph = tf.function(step, autograph=False).get_concrete_function(images).graph
    sizes = {}
    for operation in graph.get_operations():
        if operation.name not in forward:
            for tensor in map(traced_stages.origin, operation.inputs):
                # Large kernels are split into parts.
                is_kernel = tensor.op.type in ("ReadVariableOp", "Split")
                is_map = tensor.shape.rank == 4 and not is_kernel
                if tensor.op.name in forward and is_map:
                    sizes[tensor.name] = math.prod(tensor.shape) * tensor.dtype.size
    return sum(sizes.values())


@pytest.mark.parametrize("separable", [False, True])
def test_activations_are_the_maps_that_gradients_read(separable):
    cell = (
        ((0, "separable_5x5_2"), (1, "max_pool_3x3")),
        ((1, "atrous_3x3"), (0, "skip")),
        ((2, "avg_pool_3x3"), (3, "separable_3x3_1")),
    )
    model = made_networks.build(
        nas_genotypes.Architecture(cell=cell, path=(0, 1, 2, 1)),
        2,
        num_classes=3,
        aspp_with_separable_conv=separable,
        decoder_use_separable_conv=separable,
        # Dropout's mask is no feature map.
        dropout_keep_prob=1.0,
    )
    assert network_cost.measure(model, 33, 49).activation_bytes == read_by_gradients(model, 33, 49)


def reached(model, name, image_shape):
    """Pixels along the width that one position of an endpoint depends on, the most of several."""
    images = tf.Variable(tf.fill([1, *image_shape, 3], 255.0))
    spans = []
    with tf.GradientTape(persistent=True) as tape:
        endpoint = model.endpoints(images)[name]
        middle = endpoint.shape[2] // 2
        values = [tf.reduce_sum(endpoint[:, :, middle + i]) for i in range(2)]
    for value in values:
        gradient = tape.gradient(value, images).numpy()
        columns = np.flatnonzero(np.abs(gradient).sum((0, 1, 3)))
        spans.append(columns[-1] - columns[0] + 1)
    return max(spans)


def test_receptive_fields_are_what_a_position_depends_on():
    cell = (((0, "separable_5x5_2"), (1, "avg_pool_3x3")), ((2, "atrous_3x3"), (0, "skip")))
    architecture = nas_genotypes.Architecture(cell=cell, path=(1, 1, 0))
    model = made_networks.build(architecture, 2, num_classes=3, add_image_level_feature=False)
    # Where all values are positive no ReLU hides a dependence.
    for variable in model.trainable_variables:
        if "weights" in variable.name:
            variable.assign(tf.abs(variable))
    image_shape = (17, 1025)
    fields = {
        stage.name: stage.receptive_field
        for stage in network_cost.measure(model, *image_shape).stages
    }
    found = {name: reached(model, name, image_shape) for name in ("Stem", "Cell_0", "Cell_1")}
    assert found == {name: fields[name] for name in found}
    assert fields["Stem"] == 3 + 2 * 2 + 2 * 2
    # Upsampling reads two neighbours or one, by position: the recursion takes the most each time.
    assert found["Cell_1"] < reached(model, "Cell_2", image_shape) <= fields["Cell_2"]


def test_image_pooling_sees_the_whole_image():
    stages = stages_by_name(
        network_cost.measure(made_networks.build(_SMALL, 2, num_classes=3), 65, 65)
    )
    assert stages["Cell_0"].receptive_field is not None
    assert stages["aspp"].receptive_field is stages["logits"].receptive_field is None


def test_the_table_has_a_line_for_each_stage_and_the_sum():
    measured = network_cost.measure(made_networks.build(_SMALL, 2, num_classes=3), 33, 33)
    lines = cost_table.render(measured).splitlines()
    names = [line.split()[0] for line in lines[: lines.index("")]]
    assert names == ["stage", "Stem", "Cell_0", "aspp", "decoder", "logits", "total"]
    assert f"{measured.trainable_parameters:,}" in lines[len(names) - 1]
