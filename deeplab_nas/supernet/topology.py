"""Which nodes of the trellis a supernet has, and what leads into them: all paths, or one."""

from deeplab_nas.core import trellis


class AllPaths:
    """The whole trellis (Auto-DeepLab, section 3.2)."""

    def levels(self, layer):
        """The levels of the nodes after `layer` layers, finest first; layer 0 is the stem."""
        return tuple(range(trellis.num_levels(layer)))

    def arrows_into(self, layer, level):
        """As `trellis.arrows_into`."""
        return trellis.arrows_into(layer, level)

    def skip_source(self, layer, level):
        """As `trellis.skip_source`."""
        return trellis.skip_source(layer, level)


class FixedPath:
    """One path, on which the cell alone is searched."""

    def __init__(self, path):
        """Args: path, the level of each layer, as in `nas_genotypes.Architecture`."""
        self._levels = (0, *path)

    def levels(self, layer):
        """The level of the node after `layer` layers, alone in a tuple."""
        return (self._levels[layer],)

    def arrows_into(self, layer, level):
        """The `(source level, direction)` of the one arrow into a node."""
        source = self._levels[layer - 1]
        return [(source, level - source + trellis.SAME)]

    def skip_source(self, layer, level):
        """The `(layer, level)` of H^{l-2}, which is resized where it has another level."""
        return (layer - 2, self._levels[max(layer - 2, 0)])


def of(fixed_path):
    """The topology of a path, as a tuple of levels; of all paths if it is empty."""
    return FixedPath(fixed_path) if fixed_path else AllPaths()
