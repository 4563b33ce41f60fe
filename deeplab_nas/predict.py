"""Labels image files: `python -m deeplab_nas.predict --checkpoint=... --input=...`."""

from flags import program

from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.configs.predict import PredictConfig
from deeplab_nas.errors import UserError


def main(config: PredictConfig) -> None:
    """Predicts, and prints how many label maps were written.

    Raises:
        UserError: Some images could not be used; the others were processed.
    """
    done = predict_loop.run(config)
    pace = f", {done.images_a_second:.3g} images a second" if done.images_a_second else ""
    print(f"{done.written} label maps and overlays in {config.output_dir}{pace}")
    if done.refused:
        raise UserError(
            f"Expected images that can be decoded, found {len(done.refused)} of "
            f"{done.written + len(done.refused)} that cannot (named above): repair or remove them; "
            "the others were processed."
        )


if __name__ == "__main__":
    program.run(PredictConfig, main)
