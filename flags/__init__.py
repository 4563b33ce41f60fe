"""Command-line flags, one module a topic, and `program`, which runs every program.

Programs import this package before TensorFlow, whose C++ side reads its log level once, when it is
loaded. Level 2 keeps errors and leaves out information and warnings, apart from the lines that
TensorFlow prints before its log is set up.
"""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
