"""Labels image files: `python -m deeplab_nas.predict --checkpoint=... --input=...`."""

from flags import predict_flags, program

from absl import flags

from deeplab_nas.engine import predict_loop
from deeplab_nas.engine.devices import strategies
from deeplab_nas.errors import UserError

predict_flags.define()


def main(_):
    config = predict_flags.predict_config(flags.FLAGS)
    strategies.set_threads(flags.FLAGS.threads, side_by_side=False)
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
    program.run(main)
