"""How much of the host's memory this process has used."""

import sys

try:
    import resource
except ImportError:  # There is none on Windows.
    resource = None


def peak_memory_gib() -> float | None:
    """Returns the most memory that this process has held at once, in GiB.

    Returns:
        The peak, or None where the system does not tell it.
    """
    if resource is None:
        return None
    # In KiB, but on macOS in bytes.
    units_a_gib = 2**30 if sys.platform == "darwin" else 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / units_a_gib
