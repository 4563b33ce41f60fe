"""Writes a trained network for servers: `export --checkpoint=... --export_dir=...`."""

from flags import export_flags, program

from absl import flags

from deeplab_nas.serving import exporter

export_flags.define()


def main(_):
    print(exporter.run(export_flags.export_config(flags.FLAGS)))


if __name__ == "__main__":
    program.run(main)
