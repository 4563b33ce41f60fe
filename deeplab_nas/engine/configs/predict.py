"""Everything that a prediction on image files depends on, as one value."""

import dataclasses

from deeplab_nas.data.brightness import ranges
from deeplab_nas.engine.configs.devices import mixed_precision
from deeplab_nas.engine.configs.evaluate import CHECKPOINT
from deeplab_nas.engine.configs.inference import InferenceConfig
from deeplab_nas.engine.prediction import server_address
from deeplab_nas.errors import UserError
from deeplab_nas.settings import Settings, required, setting


@dataclasses.dataclass(frozen=True)
class PredictConfig(Settings):
    """Image files to label maps."""

    input: tuple[str, ...] = required(
        "Image file, folder of images or glob, local or gs://; may be given several times.",
        repeated=True,
        example="images",
        path=True,
    )
    output_dir: str = required(
        "Folder of labels/, overlays/ and legend.png, local or gs://.", example="labels", path=True
    )
    checkpoint: str = setting("", CHECKPOINT, path=True)
    inference: InferenceConfig = InferenceConfig()
    mixed_precision: str = mixed_precision()
    server: str = setting(
        "",
        "Instead of --checkpoint: URL of an exported network behind TF Serving, http or https and "
        f"without a proxy, such as {server_address.EXAMPLE}.",
    )
    model_card: str = setting(
        "",
        "The model_card.json of what is served, for the names and colours of its classes; empty: "
        "the colours of PASCAL VOC and no legend.",
        path=True,
    )
    image_range: str = setting(
        "",
        "Numbers that are black and white in images of more than 8 bits, such as 0:4095; empty: "
        "those of the shards that the network was trained on, else all of 16 bits.",
    )
    threads: int = setting(0, "CPU threads; 0: as many as there are cores.", least=0)

    def check_together(self) -> None:
        ranges.parse(self.image_range)
        if bool(self.checkpoint) == bool(self.server):
            raise UserError(
                f"Expected one of --checkpoint and --server, found "
                f"{'both' if self.server else 'neither'}: a network is computed here or asked "
                "there."
            )
        if self.server:
            server_address.parse(self.server)
        if self.model_card and not self.server:
            raise UserError(
                "Expected --model_card together with --server, found it with --checkpoint, which "
                "knows its classes: leave it out."
            )
        here = (self.inference, self.mixed_precision)
        if self.server and here != (InferenceConfig(), PredictConfig.mixed_precision):
            raise UserError(
                "Expected scales, flips, windows, resize and precision to be options of the "
                "export, found them with --server: leave them out here and export with them."
            )
