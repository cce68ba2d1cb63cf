"""What can go wrong, as types.

Every error says what was found and how to put it right::

    MnistInferError
    ├── ImageError                  a picture that cannot be read or used
    │   ├── PictureTooLargeError    more pixels, or more bytes in a file, than are taken
    │   ├── DecodeLimitError        a picture that takes too much time or memory to decode
    │   │   └── DecoderBusyError    one that takes long while many others do; try again later
    │   ├── NoDigitError            a picture with nothing on it that could be a digit
    │   ├── SeveralPagesError       a file of several pages where one picture is needed
    │   ├── SeveralDigitsError      a picture with more than the one digit that was asked for
    │   └── LowConfidenceError      an answer below the confidence that the caller asked for
    ├── ModelError                  a model that cannot be loaded or is not a digit classifier
    │   └── ModelIntegrityError     a bundled model whose bytes are not the released ones
    └── DeviceError                 a device that was asked for and is not available
"""


class MnistInferError(Exception):
    """Any error that this package raises on purpose."""


class ImageError(MnistInferError):
    """A picture that cannot be read or used."""

    source: str | None = None
    """The path of the picture, where it has one."""

    @property
    def message(self) -> str:
        """What was found and what to do, without the path."""
        return super().__str__()

    def __str__(self) -> str:
        return f"{self.source}: {self.message}" if self.source else self.message


class PictureTooLargeError(ImageError):
    """A picture of more pixels, or a file of more bytes, than are taken."""


class DecodeLimitError(ImageError):
    """A picture that takes more time or memory to decode than pictures of its size need."""


class DecoderBusyError(DecodeLimitError):
    """A picture that takes long to decode, while many others that do so wait already."""


class NoDigitError(ImageError):
    """A picture with nothing on it that could be a digit."""


class SeveralPagesError(ImageError):
    """A file of several pages where one picture is needed."""


class SeveralDigitsError(ImageError):
    """A picture with more than the one digit that was asked for."""


class LowConfidenceError(ImageError):
    """An answer below the confidence that the caller asked for."""


class ModelError(MnistInferError):
    """A model that cannot be loaded or is not a digit classifier."""


class ModelIntegrityError(ModelError):
    """A bundled model whose bytes are not the released ones."""


class DeviceError(MnistInferError):
    """A device that was asked for and is not available."""
