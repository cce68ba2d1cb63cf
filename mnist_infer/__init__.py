"""Handwritten digits from any picture, offline, in milliseconds.

>>> from mnist_infer import Recognizer
>>> recognizer = Recognizer()
>>> recognizer.predict("digit.png").digit
7
"""

from __future__ import annotations

from importlib import import_module

from mnist_infer.errors import (
    DecodeLimitError,
    DecoderBusyError,
    DeviceError,
    ImageError,
    LowConfidenceError,
    MnistInferError,
    ModelError,
    ModelIntegrityError,
    NoDigitError,
    PictureTooLargeError,
    SeveralDigitsError,
    SeveralPagesError,
)

# Not from `typing`, whose import is longer than all the others: Ctrl-C while it lasts would end the
# command line with a traceback.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mnist_infer.decode.images import Page
    from mnist_infer.inference.registry import ModelInfo, bundled_models
    from mnist_infer.recognizer import Recognizer
    from mnist_infer.results import Explanation, LocatedDigit, Prediction, Reading

__version__ = "0.2.0"

__all__ = [
    "DecodeLimitError",
    "DecoderBusyError",
    "DeviceError",
    "Explanation",
    "ImageError",
    "LocatedDigit",
    "LowConfidenceError",
    "MnistInferError",
    "ModelError",
    "ModelInfo",
    "ModelIntegrityError",
    "NoDigitError",
    "Page",
    "PictureTooLargeError",
    "Prediction",
    "Reading",
    "Recognizer",
    "SeveralDigitsError",
    "SeveralPagesError",
    "__version__",
    "bundled_models",
]

_LAZY = {
    "Explanation": "results",
    "LocatedDigit": "results",
    "ModelInfo": "inference.registry",
    "Page": "decode.images",
    "Prediction": "results",
    "Reading": "results",
    "Recognizer": "recognizer",
    "bundled_models": "inference.registry",
}


def __getattr__(name: str) -> Any:
    """Import the rest where it is used: `mnist-infer --version` needs neither numpy nor Pillow."""
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LAZY[name]}"), name)
