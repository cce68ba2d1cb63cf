"""Keras models become ONNX files of one contract, and are proved to give the same answers."""

import os

# TensorFlow reads this when it is imported; without it, its notes on CPU and GPU fill stderr
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

# oneDNN sums in an order of its own. On images of pure noise, where sums are long and cancel, that
# alone moves a probability of Keras by 1e-5, as far as the proof of parity lets ONNX Runtime go.
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")
