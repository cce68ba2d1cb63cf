"""One ONNX Runtime session on one device, and the models for it."""
