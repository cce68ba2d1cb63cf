"""Keras models become ONNX files of one contract, and are proved to give the same answers."""

import os

# TensorFlow reads this when it is imported; without it, its notes on CPU and GPU fill stderr
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
