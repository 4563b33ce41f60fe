"""Command-line programs: `program` runs each of them on the flags of its configuration.

Programs import this package before TensorFlow, which reads its settings from the environment once,
when it is loaded. Log level 2 keeps errors and leaves out information and warnings, apart from the
lines that TensorFlow prints before its log is set up; `deeplab_nas` sets how it computes. Nor does
anything open a file before stdout and stderr are there.
"""

import os

from flags import output

import deeplab_nas  # noqa: F401

output.open_what_is_closed()
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
