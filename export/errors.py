"""What can go wrong in an export.

ExportError
└── ParityError
"""


class ExportError(Exception):
    """A model that cannot be exported: the message says what was found and what to do."""


class ParityError(ExportError):
    """The ONNX model and the Keras model disagree: the message names the worst image."""
