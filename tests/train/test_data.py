import gzip
import io
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from tests.paths import ROOT
from train.data import DataError, Mnist, load_mnist

SHAPES = {
    "x_train": (60000, 28, 28),
    "y_train": (60000,),
    "x_test": (10000, 28, 28),
    "y_test": (10000,),
}
FILES = {
    "x_train": "train-images-idx3-ubyte",
    "y_train": "train-labels-idx1-ubyte",
    "x_test": "t10k-images-idx3-ubyte",
    "y_test": "t10k-labels-idx1-ubyte",
}


def blank() -> dict[str, np.ndarray]:
    return {name: np.zeros(shape, np.uint8) for name, shape in SHAPES.items()}


def idx(array: np.ndarray) -> bytes:
    return struct.pack(f">4B{array.ndim}I", 0, 0, 8, array.ndim, *array.shape) + array.tobytes()


def write_folder(folder: Path, arrays: dict[str, np.ndarray], *, dotted=False, zipped=False):
    folder.mkdir(exist_ok=True)
    for name, array in arrays.items():
        file = FILES[name].replace("-idx", ".idx") if dotted else FILES[name]
        content = idx(array)
        if zipped:
            (folder / f"{file}.gz").write_bytes(gzip.compress(content, compresslevel=1))
        else:
            (folder / file).write_bytes(content)
    return folder


def arrays_of(mnist: Mnist) -> dict[str, np.ndarray]:
    return {name: getattr(mnist, name) for name in SHAPES}


@pytest.fixture
def no_mnist(monkeypatch, tmp_path):
    monkeypatch.delenv("MNIST_DATA", raising=False)
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return tmp_path


def fails(source, *words: str) -> None:
    with pytest.raises(DataError) as caught:
        load_mnist(source)
    message = str(caught.value)
    for word in words:
        assert word in message
    assert "\n" not in message


# Wherever it comes from, the content decides.


def test_real_mnist_loads(mnist):
    for name, shape in SHAPES.items():
        array = getattr(mnist, name)
        assert array.shape == shape
        assert array.dtype == np.uint8
    assert mnist.y_train[:10].tolist() == [5, 0, 4, 1, 9, 2, 1, 3, 1, 4]
    assert mnist.y_test[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]


@pytest.mark.parametrize(("dotted", "zipped"), [(False, False), (True, True)])
def test_idx_folders_hold_the_same_data(mnist, tmp_path, dotted, zipped):
    folder = write_folder(tmp_path / "idx", arrays_of(mnist), dotted=dotted, zipped=zipped)
    loaded = load_mnist(folder)
    for name, array in arrays_of(mnist).items():
        assert np.array_equal(getattr(loaded, name), array)


def test_a_gz_name_on_an_unpacked_file_is_forgiven(mnist, tmp_path):
    folder = write_folder(tmp_path / "idx", arrays_of(mnist))
    for file in list(folder.iterdir()):
        file.rename(file.with_name(f"{file.name}.gz"))
    assert np.array_equal(load_mnist(folder).x_test, mnist.x_test)


def test_one_changed_pixel_is_noticed(mnist, tmp_path):
    arrays = arrays_of(mnist)
    arrays["x_test"] = arrays["x_test"].copy()
    arrays["x_test"][9999, 27, 27] ^= 1
    np.savez(tmp_path / "near.npz", **arrays)
    fails(tmp_path / "near.npz", "x_test", "near.npz", "MD5")


def test_labels_in_another_order_are_noticed(mnist, tmp_path):
    arrays = arrays_of(mnist)
    np.savez(tmp_path / "m.npz", **{**arrays, "y_train": arrays["y_train"][::-1]})
    fails(tmp_path / "m.npz", "y_train", "MD5")


def test_the_source_names_no_folder(mnist_path, mnist):
    assert "/" not in mnist.source
    assert mnist.source.startswith(mnist_path.name)


# The order of places.


def test_the_environment_variable_is_used(mnist_path, no_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA", str(mnist_path))
    assert load_mnist().source == f"{mnist_path.name} (MNIST_DATA)"


def test_the_argument_comes_before_the_environment_variable(no_mnist, monkeypatch):
    monkeypatch.setenv("MNIST_DATA", str(no_mnist / "environment"))
    fails(no_mnist / "argument", "argument", "does not exist")
    fails(None, "environment", "does not exist")


def test_keras_cache_is_used(mnist, no_mnist):
    cache = no_mnist / "keras" / "datasets"
    cache.mkdir(parents=True)
    np.savez(cache / "mnist.npz", **arrays_of(mnist))
    assert load_mnist().source == "mnist.npz (Keras' cache)"


def test_a_corrupt_cache_is_an_error_and_not_a_download(no_mnist):
    cache = no_mnist / "keras" / "datasets"
    cache.mkdir(parents=True)
    (cache / "mnist.npz").write_bytes(b"PK\x03\x04 and then the line broke")
    fails(None, "mnist.npz", "truncated or corrupt")


def test_no_network_is_one_sentence(no_mnist, monkeypatch):
    import keras

    def unreachable():
        raise Exception("URL fetch failure")

    monkeypatch.setattr(keras.datasets.mnist, "load_data", unreachable)
    fails(None, "could not download", "URL fetch failure", "--data", "MNIST_DATA")


def test_a_download_is_verified_too(no_mnist, monkeypatch):
    import keras

    def other():
        arrays = blank()
        return (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])

    monkeypatch.setattr(keras.datasets.mnist, "load_data", other)
    fails(None, "x_train", "Keras' download", "MD5")


# What is not MNIST: each error says which file or array.


def test_npz_with_the_right_shapes_but_other_content(tmp_path):
    np.savez_compressed(tmp_path / "blank.npz", **blank())
    fails(tmp_path / "blank.npz", "x_train", "blank.npz", "MD5")


@pytest.mark.parametrize(
    ("name", "array", "found"),
    [
        ("x_train", np.zeros((7, 28, 28), np.uint8), "(7, 28, 28)"),
        ("y_test", np.zeros((10000, 1), np.uint8), "(10000, 1)"),
        ("y_test", np.zeros(10000, np.int64), "int64"),
    ],
)
def test_npz_of_wrong_shape_or_dtype(mnist, tmp_path, name, array, found):
    np.savez(tmp_path / "m.npz", **{**arrays_of(mnist), name: array})
    fails(tmp_path / "m.npz", name, found)


def test_npz_without_an_array(tmp_path):
    arrays = {name: np.zeros(1, np.uint8) for name in ("x_train", "y_train", "x_test")}
    np.savez(tmp_path / "three.npz", **arrays)
    fails(tmp_path / "three.npz", "has no array y_test")


def test_truncated_npz(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", **blank())
    content = (tmp_path / "m.npz").read_bytes()
    (tmp_path / "m.npz").write_bytes(content[: len(content) // 2])
    fails(tmp_path / "m.npz", "m.npz", "truncated or corrupt")


def test_npz_with_a_flipped_byte(tmp_path):
    np.savez_compressed(tmp_path / "m.npz", **blank())
    content = bytearray((tmp_path / "m.npz").read_bytes())
    content[len(content) // 3] ^= 0xFF
    (tmp_path / "m.npz").write_bytes(content)
    fails(tmp_path / "m.npz", "m.npz")


def test_pickles_are_never_loaded(tmp_path):
    np.savez(tmp_path / "m.npz", **{name: np.array([print], object) for name in SHAPES})
    fails(tmp_path / "m.npz", "m.npz", "allow_pickle=False")


def test_an_array_that_claims_a_size_beyond_memory(tmp_path):
    header = b"{'descr': '|u1', 'fortran_order': False, 'shape': (1000000000000000,), }\n"
    npy = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    with zipfile.ZipFile(tmp_path / "huge.npz", "w") as archive:
        for name in SHAPES:
            archive.writestr(f"{name}.npy", npy)
    fails(tmp_path / "huge.npz", "huge.npz")


def test_an_npz_with_a_member_that_is_no_array(tmp_path):
    with zipfile.ZipFile(tmp_path / "m.npz", "w") as archive:
        for name in SHAPES:
            archive.writestr(f"{name}.npy", "seven")
    fails(tmp_path / "m.npz", "x_train", "m.npz")


@pytest.mark.parametrize("content", [b"", b"seven", b"\x93NUMPY"])
def test_no_npz_at_all(tmp_path, content):
    (tmp_path / "notes.txt").write_bytes(content)
    fails(tmp_path / "notes.txt", "notes.txt", "truncated or corrupt")


def test_idx_folder_with_a_file_missing(tmp_path):
    arrays = {name: np.zeros(shape, np.uint8) for name, shape in SHAPES.items()}
    folder = write_folder(tmp_path / "idx", arrays)
    (folder / FILES["y_test"]).unlink()
    fails(folder, "has no t10k-labels-idx1-ubyte")


def test_small_idx_files(tmp_path):
    arrays = {name: np.zeros((5, *shape[1:]), np.uint8) for name, shape in SHAPES.items()}
    fails(write_folder(tmp_path / "idx", arrays), FILES["x_train"], "(5, 28, 28)")


@pytest.mark.parametrize("zipped", [False, True])
def test_idx_files_of_the_right_shape_but_other_content(tmp_path, zipped):
    fails(write_folder(tmp_path / "idx", blank(), zipped=zipped), "x_train", "MD5")


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda content: b"", "truncated"),
        (lambda content: content[:10], "truncated"),
        (lambda content: content[:-1], "truncated"),
        (lambda content: content + b"\0", "longer than its header says"),
        (lambda content: b"\x00\x00\x0d" + content[3:], "not an IDX file"),
        (lambda content: gzip.compress(content, 1)[:-20], "truncated"),
        (lambda content: b"\x1f\x8b" + content[2:], "can't be read"),
    ],
)
def test_broken_idx_files(tmp_path, change, found):
    folder = write_folder(tmp_path / "idx", blank())
    file = folder / FILES["x_train"]
    file.write_bytes(change(file.read_bytes()))
    fails(folder, FILES["x_train"], found)


def test_importing_the_loader_loads_neither_keras_nor_tensorflow():
    code = (
        "import sys, train.data, train.cli;"
        "print([m for m in ('keras', 'tensorflow', 'matplotlib') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "[]\n"


def npz(path: Path, **members: tuple[tuple[int, ...], int]) -> Path:
    """An .npz whose members claim a shape, and hold so many zeros."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, (claimed, size) in members.items():
            header = io.BytesIO()
            fields = {"descr": "|u1", "fortran_order": False, "shape": claimed}
            np.lib.format.write_array_header_1_0(header, fields)
            archive.writestr(f"{name}.npy", header.getvalue() + bytes(size))
    return path


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    members = dict.fromkeys(SHAPES, ((1,), 1)) | {"y_test": ((10000,), 2**20)}
    fails(npz(tmp_path / "bomb.npz", **members), "y_test", "far too large")
