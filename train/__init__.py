"""Builds and fits the networks with Keras: documented ones, robust ones, and those of `read`.

Neither `import train` nor `import train.data`, the verified data set, loads Keras or TensorFlow.
"""

import os

# TensorFlow reads this once, when it is first imported. Without it every run on a machine without a
# GPU opens with a dozen lines of C++ log that look like failures.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# OpenBLAS reads this once, when numpy is first imported. Its threads wait for each other in a busy
# loop: beside TensorFlow's own they made an epoch of augmentation five times as long.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
