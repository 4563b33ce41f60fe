"""Packaging of deeplab_nas."""

import ast
import pathlib

import setuptools

_ROOT = pathlib.Path(__file__).parent


def _version() -> str:
    """The value of `__version__`, read without importing the package."""
    module = ast.parse((_ROOT / "deeplab_nas" / "__init__.py").read_text(encoding="utf-8"))
    for node in module.body:
        if isinstance(node, ast.Assign) and node.targets[0].id == "__version__":
            return ast.literal_eval(node.value)
    raise RuntimeError("deeplab_nas/__init__.py does not assign __version__.")


setuptools.setup(
    name="deeplab_nas",
    version=_version(),
    description="Auto-DeepLab for TensorFlow 2 and Keras 3: search a segmentation network.",
    long_description=(_ROOT / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    packages=setuptools.find_packages(include=["deeplab_nas*", "flags*", "tfrecords_tools*"]),
    package_data={"deeplab_nas.selection.board": ["*.html"], "flags": ["recipes/*.flags"]},
    python_requires=">=3.10",
    install_requires=[
        "absl-py",
        "filelock>=3.30",
        "importlib_resources",
        "keras>=3.12",
        "numpy",
        "pillow",
        "tensorboard",
        "tensorflow>=2.18",
        "tensorflow-datasets",
        "tqdm",
    ],
    extras_require={
        "benchmark": ["torch"],
        "gpu": ["tensorflow[and-cuda]"],
        "select": ["optuna>=5", "psycopg[binary]", "scipy>=1.15"],
        "test": [
            "hypothesis",
            "openvino",
            "optuna>=5",
            "psycopg[binary]",
            "pytest",
            "pytest-xdist",
            "ruff",
            "scipy>=1.15",
            "selenium",
            "tensorflow-serving-api",
        ],
    },
)
