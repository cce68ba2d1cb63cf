"""The networks: their files, their ONNX Runtime sessions, and how their answers are combined."""
