"""What PyInstaller cannot see in an app that imports `mnist_infer`; it reads the names below."""

from PyInstaller.utils.hooks import collect_data_files, copy_metadata

_SHOWN_BY_INFO = ("numpy", "onnxruntime", "pillow")

datas = [
    *collect_data_files("mnist_infer"),
    *(entry for name in _SHOWN_BY_INFO for entry in copy_metadata(name)),
]
# `from mnist_infer import Recognizer` imports these by name, when they are first used.
hiddenimports = [
    "mnist_infer.decode.images",
    "mnist_infer.inference.registry",
    "mnist_infer.recognizer",
    "mnist_infer.results",
]
