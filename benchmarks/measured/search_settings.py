"""Settings of the programs that measure a step of the search; names and defaults are a search's."""

import dataclasses

from deeplab_nas.engine.configs.devices import mixed_precision
from deeplab_nas.engine.configs.search import FIRST_ORDER, SECOND_ORDER
from deeplab_nas.settings import Settings, setting
from deeplab_nas.supernet.supernet_config import SupernetConfig


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchSizes(Settings):
    """What sizes the supernet and its batch, in whatever framework."""

    supernet: SupernetConfig = SupernetConfig()
    train_crop_size: tuple[int, int] = setting(
        (321, 321), "Height and width in pixels, or one number for both.", paper="321", least=1
    )
    train_batch_size: int = setting(2, "Images a step.", paper="2", least=1)
    num_classes: int = setting(19, "Number of classes.", least=2)
    threads: int = setting(0, "Threads in all; 0: one a core.", least=0)


@dataclasses.dataclass(frozen=True, kw_only=True)
class SearchCost(SearchSizes):
    """The precision and the memory of a step of ours, too."""

    mixed_precision: str = mixed_precision()
    recompute: str = setting(
        "auto",
        "Nodes of the supernet that compute again what their gradient needs: {choices}.",
        choices=("auto", "always", "never"),
    )
    activation_memory_gib: float = setting(
        0.5, "With --recompute=auto, GiB that the nodes may keep for the gradient.", least=0
    )
    architecture_gradient: str = setting(
        FIRST_ORDER,
        "Gradient of alpha and beta, one of {choices}.",
        choices=(FIRST_ORDER, SECOND_ORDER),
    )


@dataclasses.dataclass(frozen=True, kw_only=True)
class TimedSearch(SearchCost):
    """How many steps are timed."""

    repetitions: int = setting(5, "Measured steps of each kind.", least=1)
