"""Files as people have them: odd names, links, pipes, what cannot be opened or goes away."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from mnist_infer import ImageError, Recognizer
from mnist_infer.decode.images import decode_picture
from tests.command import mnist_infer
from tests.pictures import drawn, encoded

Write = Callable[..., Path]
posix = pytest.mark.skipif(os.name == "nt", reason="POSIX files")


def records(*arguments: object, stdin: bytes = b"") -> list[dict[str, object]]:
    """What `mnist-infer --jsonl` answers; it says nothing else."""
    done = mnist_infer(*arguments, "--jsonl", stdin=stdin)
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()]


@posix
class TestNames:
    @pytest.mark.parametrize("name", [b"-dash.png", b"--json", b"new\nline.png", b"caf\xe9.png"])
    def test_of_any_bytes_are_read(self, digit_file: Write, tmp_path: Path, name: bytes):
        (tmp_path / os.fsdecode(name)).write_bytes(digit_file(7).read_bytes())
        done = subprocess.run(
            [sys.executable, "-m", "mnist_infer", "--jsonl", "--", os.fsdecode(name)],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            check=True,
            timeout=60,
        )
        record = json.loads(done.stdout)
        assert (record["path"], record["digit"]) == (os.fsdecode(name), 7)

    def test_that_no_file_system_has_are_an_image_error(self):
        with pytest.raises(ImageError):
            decode_picture("nul\0byte.png")
        with pytest.raises(ImageError):
            decode_picture("x" * 5000)


@posix
class TestLinksPipesAndFolders:
    def test_a_link_is_followed(self, digit_file: Write, tmp_path: Path):
        (tmp_path / "link.png").symlink_to(digit_file(7))
        assert records(tmp_path / "link.png")[0]["digit"] == 7

    def test_links_that_lead_nowhere_are_told_apart(self, tmp_path: Path):
        (tmp_path / "a.png").symlink_to(tmp_path / "gone.png")
        (tmp_path / "b.png").symlink_to(tmp_path / "b.png")
        dangling, circle = records(tmp_path / "a.png", tmp_path / "b.png")
        assert dangling["error"] == {"type": "ImageError", "message": "no such file"}
        assert "levels" in circle["error"]["message"]

    def test_a_pipe_that_nobody_writes_to_is_not_waited_for(self, tmp_path: Path):
        os.mkfifo(tmp_path / "pipe.png")
        for arguments in ([tmp_path / "pipe.png"], [tmp_path], ["read", tmp_path]):
            (record,) = records(*arguments)
            assert "standard input" in record["error"]["message"]

    def test_a_device_is_not_read(self):
        (record,) = records("/dev/zero")
        assert "a pipe or device" in record["error"]["message"]

    def test_a_link_to_a_folder_around_it_is_named_and_not_searched(
        self, digit_file: Write, tmp_path: Path
    ):
        digit_file(7, "scans/7.png")
        (tmp_path / "scans" / "again").symlink_to(tmp_path / "scans")
        link, seven = records(tmp_path / "scans")
        assert link["path"].endswith("again")
        assert "a folder" in link["error"]["message"]
        assert seven["digit"] == 7

    def test_that_cannot_be_looked_at_cost_the_others_nothing(self, digit_file: Write):
        too_long, seven = records("a" * 300 + ".png", digit_file(7))
        assert "cannot be opened" in too_long["error"]["message"]
        assert seven["digit"] == 7


def test_one_bad_file_of_each_kind_costs_the_others_nothing(digit_file: Write, tmp_path: Path):
    good = [digit_file(1), digit_file(2)]
    bad = {
        "empty.png": b"",
        "text.png": b"not a picture",
        "cut.png": good[0].read_bytes()[:90],
        "drawing.svg": b"<svg/>",
        "form.pdf": b"%PDF-1.7",
    }
    paths = [tmp_path / name for name in bad]
    for path, content in zip(paths, bad.values(), strict=True):
        path.write_bytes(content)
    answers = records(good[0], *paths, tmp_path / "gone.png", good[1])
    assert [answer["digit"] for answer in answers] == [1, *[None] * 6, 2]
    for answer in answers[1:-1]:
        assert answer["error"]["type"] == "ImageError"
        assert "\n" not in answer["error"]["message"]


@pytest.mark.skipif(
    os.name == "nt" or (os.geteuid() == 0 and not shutil.which("setpriv")),
    reason="root may read everything, and setpriv can forbid it that: apt install util-linux",
)
def test_a_file_without_permission_is_named(digit_file: Write, tmp_path: Path):
    path = digit_file(7)
    path.chmod(0)
    command = [sys.executable, "-m", "mnist_infer", str(path)]
    if os.geteuid() == 0:
        # Only what lets root read everything is dropped: a venv of root's must stay readable.
        capabilities = ["--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
        command = ["setpriv", *capabilities, *command]
    done = subprocess.run(command, capture_output=True, check=False, timeout=60)
    assert done.stderr.decode() == f"{path}: cannot be opened (Permission denied)\n"
    assert done.returncode == 1


def test_a_file_that_vanishes_before_it_is_read_costs_the_others_nothing(
    recognizer: Recognizer, digit_file: Write
):
    paths = [digit_file(digit) for digit in (1, 2, 3)]

    def listed():
        for path in paths:
            yield path
            paths[1].unlink(missing_ok=True)

    first, second, third = recognizer.predict_each(listed(), batch_size=3)
    assert (first.digit, third.digit) == (1, 3)
    assert second.message == "no such file"


def test_a_stream_that_breaks_in_the_middle_is_an_image_error():
    content = encoded(Image.fromarray(drawn(7)))

    class Broken(tempfile.SpooledTemporaryFile):
        def read(self, *size: int) -> bytes:
            if self.tell() > 60:
                raise OSError(5, "Input/output error")
            return super().read(*size)

    with Broken() as stream:
        stream.write(content)
        with pytest.raises(ImageError, match="Input/output error"):
            decode_picture(stream)


class TestPages:
    @pytest.fixture
    def scan(self, tmp_path: Path) -> Path:
        path = tmp_path / "scan.tif"
        pages = [Image.fromarray(drawn(digit)) for digit in (7, 1, 4)]
        pages[0].save(path, save_all=True, append_images=pages[1:])
        return path

    @pytest.mark.parametrize("command", ["predict", "read"])
    def test_each_has_a_record_under_its_name(self, scan: Path, command: str):
        answers = records(command, scan)
        assert [answer["path"] for answer in answers] == [
            f"{scan}#page=1",
            f"{scan}#page=2",
            f"{scan}#page=3",
        ]
        found = [
            answer["text"] if command == "read" else str(answer["digit"]) for answer in answers
        ]
        assert found == ["7", "1", "4"]

    def test_each_has_its_stages(self, scan: Path, tmp_path: Path):
        mnist_infer("explain", scan, "--save-stages", tmp_path / "stages")
        assert len(list((tmp_path / "stages").iterdir())) == 18

    def test_annotate_needs_a_name_that_can_be_written(self, digit_file: Write, tmp_path: Path):
        done = mnist_infer("read", digit_file(7), "--annotate", tmp_path / ("a" * 300 + ".png"))
        assert b"cannot be written" in done.stderr
        assert done.returncode == 2

    def test_annotate_takes_one_page(self, scan: Path, tmp_path: Path):
        done = mnist_infer("read", scan, "--annotate", tmp_path / "out.png")
        assert b"one image" in done.stderr
        assert done.returncode == 2

    def test_a_file_of_very_many_pages_is_refused_and_the_others_answered(
        self, digit_file: Write, tmp_path: Path
    ):
        page = Image.new("1", (1, 1))
        page.save(tmp_path / "many.tif", save_all=True, append_images=[page] * 1100)
        answers = records(tmp_path / "many.tif", digit_file(7))
        assert answers[-1]["digit"] == 7
        assert len(answers) == 2
        assert "split" in answers[0]["error"]["message"]


class TestMaxPixels:
    def test_refuses_what_is_larger(self, digit_file: Write):
        (record,) = records(digit_file(7), "--max-pixels", 19_599)
        assert record["error"]["type"] == "PictureTooLargeError"
        (record,) = records(digit_file(7), "--max-pixels", 19_600)
        assert record["digit"] == 7

    def test_holds_for_annotate_and_standard_input(self, digit_file: Write, tmp_path: Path):
        content = digit_file(7).read_bytes()
        (record,) = records("-", "--max-pixels", 100, stdin=content)
        assert record["error"]["type"] == "PictureTooLargeError"
        options = ["--max-pixels", "60000000", "--annotate", tmp_path / "out.png"]
        Image.new("1", (7500, 7000), 1).save(tmp_path / "large.png")
        (record,) = records("read", tmp_path / "large.png", *options)
        assert record["error"]["type"] == "NoDigitError"

    def test_may_be_more_than_pillow_takes_by_itself(self, tmp_path: Path):
        Image.new("1", (20_000, 9_000), 1).save(tmp_path / "large.png")
        (record,) = records(tmp_path / "large.png", "--max-pixels", 180_000_000)
        assert record["error"]["type"] == "NoDigitError"

    def test_a_warning_of_pillow_is_not_for_the_user(self, tmp_path: Path):
        Image.new("1", (12_000, 8_000), 1).save(tmp_path / "large.png")
        done = mnist_infer(tmp_path / "large.png")
        assert done.stderr.decode().count("\n") == 1
        assert "more pixels than the 50,000,000" in done.stderr.decode()
        assert b"Warning" not in done.stderr


class TestArrays:
    PICTURE = drawn(7)

    @pytest.mark.parametrize(
        "array",
        [
            PICTURE[::-1][::-1],
            np.asfortranarray(PICTURE),
            np.repeat(np.repeat(PICTURE, 2, 0), 2, 1)[::2, ::2],
            np.broadcast_to(PICTURE[:, :, np.newaxis], (140, 140, 3)),
            (PICTURE / 255).astype(">f8"),
            (PICTURE / 255).astype("<f4"),
            (PICTURE / 255).astype(np.float16),
            (PICTURE / 255).astype(np.longdouble),
            PICTURE.astype(">u2") * 257,
            np.ma.masked_array(PICTURE),
        ],
        ids=[
            *["reversed", "Fortran order", "strided", "broadcast", "big-endian float64"],
            *["float32", "float16", "long double", "big-endian uint16", "masked"],
        ],
    )
    def test_of_any_layout_and_float_type_are_pictures(
        self, recognizer: Recognizer, array: np.ndarray
    ):
        array.setflags(write=False)
        assert recognizer.predict(array).digit == 7

    @pytest.mark.parametrize(
        "array",
        [
            np.where(PICTURE > 99, np.nan, 0.5),
            np.where(PICTURE > 99, np.inf, 0.5),
            PICTURE / -255.0,
            PICTURE.astype(np.int16),
            PICTURE.astype(np.complex64),
            PICTURE.astype(object),
            PICTURE.astype("S3"),
            PICTURE.astype("datetime64[s]"),
            PICTURE.view([("grey", "u1")]),
            np.array(5, np.uint8),
            np.zeros((0, 0), np.uint8),
            np.zeros((3, 0, 3), np.uint8),
            np.zeros((1, 28, 28), np.uint8),
            np.zeros((28, 28, 5), np.uint8),
        ],
        ids=lambda array: f"{array.dtype} {array.shape}",
    )
    def test_of_other_types_shapes_and_ranges_are_none(
        self, recognizer: Recognizer, array: np.ndarray
    ):
        with pytest.raises(ImageError):
            recognizer.predict(array)

    def test_very_many_go_through_in_parts(self, recognizer: Recognizer):
        """The images of this array share their memory; a copy of them all would take 157 MB."""
        program = """
            import numpy as np
            from mnist_infer import Recognizer
            def peak():
                return int(open("/proc/self/status").read().split("VmHWM:")[1].split()[0])
            recognizer = Recognizer("dense-512", device="cpu", threads=0)
            image = np.random.default_rng(0).integers(0, 256, (28, 28), np.uint8)
            alone = recognizer.probabilities(image)
            before = peak()
            rows = recognizer.probabilities(np.broadcast_to(image, (200_000, 28, 28)))
            assert rows.shape == (200_000, 10)
            assert np.abs(rows - alone).max() < 1e-6
            print((peak() - before) // 1024)
        """
        if not Path("/proc/self/status").exists():
            pytest.skip("reads Linux's /proc")
        lines = [line[12:] for line in program.splitlines()]
        done = subprocess.run(
            [sys.executable, "-c", "\n".join(lines)], capture_output=True, check=True, timeout=300
        )
        assert int(done.stdout) < 100
