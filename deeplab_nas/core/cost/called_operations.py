"""All operations of a graph, those of the functions that it calls among them."""

from collections.abc import Iterator

import tensorflow as tf

CALLS = ("PartitionedCall", "StatefulPartitionedCall")


def of(graph: tf.Graph) -> Iterator[tf.Operation]:
    """Yields the operations that run where a graph does.

    Args:
        graph: Such as that of a traced function; what it calls twice comes twice. Branches and
            loops are not followed.
    """
    for operation in graph.get_operations():
        if operation.type in CALLS:
            name = operation.get_attr("f").name
            yield from of(graph._get_function(name).graph)
        else:
            yield operation
