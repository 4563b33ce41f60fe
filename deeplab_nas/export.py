"""Writes a trained network for servers: `export --checkpoint=... --export_dir=...`."""

from flags import program

from deeplab_nas.serving import exporter
from deeplab_nas.serving.export_config import ExportConfig


def main(config: ExportConfig) -> None:
    """Exports, and prints the path of the version directory."""
    print(exporter.run(config))


if __name__ == "__main__":
    program.run(ExportConfig, main)
