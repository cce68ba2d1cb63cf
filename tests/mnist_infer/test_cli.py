"""The command line, as a user types it: a real process, its stdout, stderr and exit code."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from mnist_infer import Recognizer, __version__
from mnist_infer.inference.registry import bundled_info, reading_network_info
from tests.command import mnist_infer
from tests.paths import FIXTURES, PAGE, SEVEN
from tests.pictures import partly_unread_page, uncertain_digit, uncertain_page

Write = Callable[..., Path]


def in_terminal(*arguments: object, **environment: str) -> str:
    """What the command prints where stdin, stdout and stderr are a terminal of 80 columns."""
    import pty

    terminal, stream = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "mnist_infer", *map(str, arguments)],
        stdin=stream,
        stdout=stream,
        stderr=stream,
        env={
            **{key: value for key, value in os.environ.items() if key != "NO_COLOR"},
            "PYTHONPATH": os.pathsep.join(sys.path),
            "PYTHONUTF8": "1",
            "TERM": "xterm-256color",
            "COLORTERM": "",
            "COLUMNS": "80",
            **environment,
        },
    )
    os.close(stream)
    printed = b""
    # Linux ends what a closed terminal gave with an error.
    with contextlib.suppress(OSError):
        while chunk := os.read(terminal, 65536):
            printed += chunk
    os.close(terminal)
    assert process.wait(timeout=120) == 0
    return printed.decode()


def test_an_image_gives_a_line_with_its_name_digit_and_confidence(digit_file: Write):
    path = digit_file(7)
    done = mnist_infer(path)
    name, digit, confidence, percent = done.stdout.decode().rsplit(maxsplit=3)
    assert (name, digit, percent) == (str(path), "7", "%")
    assert 50 < float(confidence) <= 100
    assert (done.stderr, done.returncode) == (b"", 0)


def test_top_gives_that_many_digits(digit_file: Write):
    done = mnist_infer(digit_file(7), "--top", "3")
    assert done.stdout.count(b"%") == 3


def test_jsonl_has_a_record_per_line(digit_file: Write):
    paths = [digit_file(digit) for digit in (4, 2)]
    done = mnist_infer(*paths, "--jsonl")
    records = [json.loads(line) for line in done.stdout.splitlines()]
    assert [record["path"] for record in records] == [str(path) for path in paths]
    assert [record["digit"] for record in records] == [4, 2]
    for record in records:
        assert set(record) == {"path", "digit", "confidence", "uncertain", "probabilities"}
        assert len(record["probabilities"]) == 10


@pytest.mark.parametrize("count", [1, 3])
def test_json_is_one_array(digit_file: Write, count: int):
    done = mnist_infer(*[digit_file(digit) for digit in range(count)], "--json")
    assert [record["digit"] for record in json.loads(done.stdout)] == list(range(count))


def test_folders_are_searched_in_order(digit_file: Write, tmp_path: Path):
    for digit, name in ((2, "b/2.png"), (4, "b/4.png"), (1, "a/1.JPG"), (3, "c.png")):
        digit_file(digit, f"scans/{name}")
    (tmp_path / "scans" / "notes.txt").write_text("no picture")
    done = mnist_infer(tmp_path / "scans", "--jsonl", "--batch-size", "2")
    names = [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()]
    assert names == ["c.png", "1.JPG", "2.png", "4.png"]
    assert done.returncode == 0


def test_hidden_files_of_a_folder_are_skipped_unless_they_are_named(
    digit_file: Write, tmp_path: Path
):
    hidden = digit_file(2, ".thumbnails/2.png")
    digit_file(3, "3.png")
    (tmp_path / "._3.png").write_bytes(b"what macOS keeps of a file")
    done = mnist_infer(tmp_path, hidden.parent, "--jsonl")
    names = [Path(json.loads(line)["path"]).name for line in done.stdout.splitlines()]
    assert (names, done.returncode) == (["3.png", "2.png"], 0)


def test_a_picture_of_a_folder_in_a_format_that_is_not_read_is_told(
    digit_file: Write, tmp_path: Path
):
    digit_file(7, "scans/a.png")
    (tmp_path / "scans" / "IMG_1.HEIC").write_bytes(b"\0\0\0\x18ftypheic\0\0\0\0mif1heic")
    (tmp_path / "scans" / "form.pdf").write_bytes(b"%PDF-1.7")
    done = mnist_infer(tmp_path / "scans")
    assert b"HEIC is not supported" in done.stderr
    assert b"PDF is not supported" in done.stderr
    assert (b"a.png  7" in done.stdout, done.returncode) == (True, 1)


def test_a_folder_without_images_is_an_error(tmp_path: Path):
    done = mnist_infer(tmp_path)
    assert b"a folder; name its pictures" in done.stderr
    assert (done.stdout, done.returncode) == (b"", 1)


def test_options_stand_anywhere_and_end_at_two_dashes(digit_file: Write):
    one, two = digit_file(1), digit_file(2, "-2.png")
    command = [sys.executable, "-m", "mnist_infer", one, "--jsonl", one, "--", two.name]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(command, capture_output=True, cwd=two.parent, env=environment, check=True)
    assert [json.loads(line)["digit"] for line in done.stdout.splitlines()] == [1, 1, 2]


def test_a_dash_reads_the_image_from_standard_input(digit_file: Write):
    done = mnist_infer("-", stdin=digit_file(5).read_bytes())
    assert done.stdout.decode().startswith("-  5  ")


class TestImagesWithoutAnAnswer:
    def test_cost_one_line_on_stderr_and_exit_code_1(self, digit_file: Write, tmp_path: Path):
        (tmp_path / "text.png").write_text("not a picture")
        done = mnist_infer(digit_file(1), tmp_path / "text.png", tmp_path / "none.png")
        assert done.stdout.count(b"\n") == 1
        errors = done.stderr.decode().splitlines()
        assert len(errors) == 2
        assert errors[0].startswith(f"{tmp_path / 'text.png'}: ")
        assert errors[1] == f"{tmp_path / 'none.png'}: no such file"
        assert done.returncode == 1

    def test_a_web_address_is_not_downloaded(self):
        done = mnist_infer("https://localhost/seven.png")
        assert b"nothing is downloaded" in done.stderr
        assert done.returncode == 1

    def test_cost_one_record_in_json_output(self, digit_file: Write, tmp_path: Path):
        Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
        done = mnist_infer(tmp_path / "blank.png", digit_file(1), "--jsonl")
        blank, one = map(json.loads, done.stdout.splitlines())
        assert blank["digit"] is None
        assert blank["error"]["type"] == "NoDigitError"
        assert one["digit"] == 1
        assert (done.stderr, done.returncode) == (b"", 1)

    def test_quiet_leaves_only_the_exit_code(self, tmp_path: Path):
        done = mnist_infer(tmp_path / "none.png", "--quiet")
        assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 1)

    @pytest.mark.skipif(sys.platform != "linux", reason="a fork decodes on Linux alone")
    @pytest.mark.parametrize("others", [0, 20])
    def test_libraries_that_decode_print_nothing_themselves(
        self, digit_file: Write, tmp_path: Path, others: int
    ):
        noise = np.random.default_rng(0).integers(0, 256, (100, 100), np.uint8)
        Image.fromarray(noise).save(tmp_path / "damaged.tif", compression="tiff_lzw")
        content = bytearray((tmp_path / "damaged.tif").read_bytes())
        content[100:2000] = b"\xff" * 1900
        (tmp_path / "damaged.tif").write_bytes(content)
        names = [*others * [digit_file(7)], tmp_path / "damaged.tif"]
        errors = mnist_infer(*names).stderr.decode().splitlines()
        assert [line.split(": ")[1][:7] for line in errors] == ["damaged"]

    def test_a_low_confidence_is_no_answer(self, digit_file: Write):
        arguments = ("--model", FIXTURES / "tiny.onnx", "--min-confidence", "1")
        done = mnist_infer(digit_file(8), "--jsonl", *arguments)
        record = json.loads(done.stdout)
        assert record["confidence"] < 1
        assert record["digit"] is None
        assert record["error"]["type"] == "LowConfidenceError"
        assert len(record["probabilities"]) == 10
        assert done.returncode == 1


class TestUncertainAnswers:
    @pytest.fixture
    def smudge(self, recognizer: Recognizer, tmp_path: Path) -> Path:
        path = tmp_path / "smudge.png"
        uncertain_digit(recognizer).save(path)
        return path

    def test_have_a_question_mark_behind_the_digit(self, smudge: Path, digit_file: Write):
        uncertain, certain = mnist_infer(smudge, digit_file(7)).stdout.decode().splitlines()
        assert uncertain.split()[1].endswith("?")
        assert certain.split()[1] == "7"

    def test_are_marked_in_records(self, smudge: Path, digit_file: Write):
        done = mnist_infer(smudge, digit_file(7), "--jsonl")
        records = [json.loads(line) for line in done.stdout.splitlines()]
        assert [record["uncertain"] for record in records] == [True, False]
        assert records[0]["digit"] is not None

    def test_only_the_most_probable_of_several_digits_is_marked(self, smudge: Path):
        done = mnist_infer(smudge, "--top", "3")
        assert done.stdout.count(b"?") == 1

    def test_a_model_of_ones_own_has_no_threshold(self, digit_file: Write):
        done = mnist_infer(digit_file(7), "--jsonl", "--model", FIXTURES / "tiny.onnx")
        assert json.loads(done.stdout)["uncertain"] is None

    def test_a_reading_has_one_whatever_the_model(self, digit_file: Write):
        done = mnist_infer("read", digit_file(7), "--jsonl", "--model", FIXTURES / "tiny.onnx")
        assert json.loads(done.stdout)["uncertain"] is False


class TestExplain:
    def test_draws_the_image_and_a_bar_for_each_digit(self, digit_file: Write):
        done = mnist_infer("explain", digit_file(7))
        drawing = done.stdout.decode().splitlines()[1:]
        assert 16 <= len(drawing) <= 17
        assert max(map(len, drawing)) <= 80
        assert "█" in done.stdout.decode()
        bars = [row for row in drawing if "%" in row]
        assert len(bars) == 10
        (best,) = [row for row in bars if "100.0 %" in row]
        assert re.search("7 +█", best)

    def test_is_without_colour_where_stdout_is_no_terminal(self, digit_file: Write):
        done = mnist_infer("explain", digit_file(7), TERM="xterm-256color")
        assert b"\x1b" not in done.stdout

    @pytest.mark.skipif(os.name == "nt", reason="pseudo-terminals are POSIX")
    @pytest.mark.parametrize(("setting", "has_colour"), [({}, True), ({"NO_COLOR": "1"}, False)])
    def test_has_colour_on_a_terminal(
        self, digit_file: Write, setting: dict[str, str], has_colour: bool
    ):
        drawn = in_terminal("explain", digit_file(7), **setting)
        assert ("\x1b[38;5;" in drawn) is has_colour
        assert "▀" in drawn

    def test_draws_in_ascii_where_the_terminal_has_no_more(self, digit_file: Write):
        done = mnist_infer("explain", digit_file(7), PYTHONUTF8="0", PYTHONIOENCODING="ascii")
        assert done.returncode == 0
        assert "#" in done.stdout.decode("ascii")

    def test_saves_the_stages(self, digit_file: Write, tmp_path: Path):
        path, folder = digit_file(7), tmp_path / "new" / "stages"
        done = mnist_infer("explain", path, "--save-stages", folder)
        assert done.returncode == 0
        names = sorted(file.name for file in folder.iterdir())
        assert [name.rsplit("_", 1)[1] for name in names] == [
            "7-1-foreground.png",
            "7-2-cleaned.png",
            "7-3-28x28.png",
            "7-4-28x28-original-stroke.png",
            "7-5-row-network.png",
            "7-7-cell-network.png",
        ]
        for name, size in {2: (28, 28), 5: (32, 32)}.items():
            with Image.open(folder / names[name]) as seen:
                assert seen.size == size
        saved = [line for line in done.stdout.decode().splitlines() if line.startswith("saved ")]
        assert saved == [f"saved {folder / name}" for name in names]

    def test_the_stages_of_no_picture_take_another_ones_place(
        self, digit_file: Write, tmp_path: Path
    ):
        names = {"a/b.png": 7, "a/b.jpg": 3, "a_b.png": 1, "A_B.png": 2}
        for name, digit in names.items():
            digit_file(digit, name)
        done = mnist_infer("explain", *names, "--save-stages", "out", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        seen = [path.name for path in (tmp_path / "out").glob("*-3-28x28.png")]
        stems = {name.removesuffix("-3-28x28.png") for name in seen}
        assert stems == {"a_b", "a_b-2", "a_b-3", "A_B-4"}
        assert len({(tmp_path / "out" / name).read_bytes() for name in seen}) == 4

    def test_a_file_in_the_place_of_the_folder_is_told(self, digit_file: Write):
        path = digit_file(7)
        done = mnist_infer("explain", path, "--save-stages", path)
        assert b"it is a file; name a folder" in done.stderr
        assert done.returncode == 2

    def test_the_stages_of_a_picture_with_the_longest_name_are_saved(
        self, digit_file: Write, tmp_path: Path
    ):
        path = digit_file(7, f"{'long' * 63}.png"[-254:])
        done = mnist_infer("explain", path, "--save-stages", tmp_path / "out")
        assert (done.stderr, done.returncode) == (b"", 0)
        assert len(list((tmp_path / "out").iterdir())) >= 3


class TestRead:
    LINES: ClassVar = ["5550199", "20263", "4871"]

    def test_prints_a_line_for_each_line(self):
        done = mnist_infer("read", PAGE)
        assert done.stdout.decode() == "".join(f"{PAGE}  {line}\n" for line in self.LINES)

    def test_gives_a_record_with_boxes_in_the_pictures_own_pixels(self):
        record = json.loads(mnist_infer("read", PAGE, "--jsonl").stdout)
        assert set(record) == {"path", "text", "lines", "uncertain", "digits", "unread"}
        assert record["lines"] == self.LINES
        assert record["text"] == "\n".join(self.LINES)
        assert "".join(str(found["digit"]) for found in record["digits"]) == "".join(self.LINES)
        with Image.open(PAGE) as page:
            for found in record["digits"]:
                x, y, width, height = found["box"]
                assert 80 < height < 130
                assert 0 <= x <= x + width <= page.width
                assert 0 <= y <= y + height <= page.height

    def test_a_line_with_an_uncertain_digit_ends_in_a_question_mark(
        self, recognizer: Recognizer, tmp_path: Path
    ):
        uncertain_page(recognizer).save(tmp_path / "page.png")
        assert mnist_infer("read", tmp_path / "page.png").stdout.endswith(b"?\n")
        record = json.loads(mnist_infer("read", tmp_path / "page.png", "--jsonl").stdout)
        assert record["uncertain"] is True
        assert "?" not in record["text"]

    def test_marks_that_were_left_unread_are_counted_on_stderr(
        self, recognizer: Recognizer, tmp_path: Path
    ):
        page = partly_unread_page(recognizer)
        page.save(tmp_path / "page.png")
        done = mnist_infer("read", tmp_path / "page.png")
        count = len(recognizer.read(page).unread)
        assert done.stderr.decode() == (
            f"{tmp_path / 'page.png'}: marks that may be digits, not read: {count}\n"
        )
        assert done.returncode == 0

    def test_a_blank_page_has_no_text(self, tmp_path: Path):
        Image.new("L", (60, 60), 255).save(tmp_path / "blank.png")
        done = mnist_infer("read", tmp_path / "blank.png", "--jsonl")
        record = json.loads(done.stdout)
        assert (record["text"], record["lines"], record["digits"]) == (None, [], [])
        assert record["error"]["type"] == "NoDigitError"
        assert done.returncode == 1

    def test_a_picture_of_one_digit_with_several_is_told_to_be_read(self):
        done = mnist_infer(PAGE, "--jsonl")
        error = json.loads(done.stdout)["error"]
        assert error["type"] == "SeveralDigitsError"
        assert "`mnist-infer read`" in error["message"]

    @pytest.mark.parametrize("name", ["out.nonsense", "blocked/out.png", "missing/out.png"])
    def test_what_cannot_be_written_is_named_and_leaves_nothing(self, tmp_path: Path, name: str):
        (tmp_path / "blocked").write_text("a file, no folder")
        done = mnist_infer("read", PAGE, "--annotate", tmp_path / name)
        assert f"{tmp_path / name}: cannot be written" in done.stderr.decode()
        assert done.returncode == 2
        assert [path.name for path in tmp_path.iterdir()] == ["blocked"]


class TestAnnotate:
    """`read --annotate` draws on a copy of the picture."""

    @staticmethod
    def annotated(page: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
        """The page without marks and with them, uint8 (H, W, 3)."""
        out = page.with_name("out.png")
        assert mnist_infer("read", page, "--annotate", out).returncode == 0
        with Image.open(page) as before, Image.open(out) as marked:
            return np.asarray(before.convert("RGB")), np.asarray(marked.convert("RGB"))

    @staticmethod
    def around(box: tuple[int, int, int, int]) -> tuple[slice, slice]:
        """The pixels of a box and eight on each of its sides."""
        x, y, width, height = box
        return slice(max(0, y - 8), y + height + 8), slice(max(0, x - 8), x + width + 8)

    @staticmethod
    def has_orange(pixels: NDArray[np.uint8]) -> bool:
        red, _, blue = pixels.astype(int).transpose(2, 0, 1)
        return bool((red - blue > 150).any())

    def test_every_digit_is_marked(self, recognizer: Recognizer, tmp_path: Path):
        page = Path(shutil.copy(PAGE, tmp_path))
        before, marked = self.annotated(page)
        assert before.shape == marked.shape
        for digit in recognizer.read(page).digits:
            around = self.around(digit.box)
            assert (before[around] != marked[around]).any()
        assert not self.has_orange(marked)

    def test_an_uncertain_digit_is_marked_in_orange(self, recognizer: Recognizer, tmp_path: Path):
        uncertain_page(recognizer).save(tmp_path / "page.png")
        _, marked = self.annotated(tmp_path / "page.png")
        assert self.has_orange(marked)

    def test_what_was_left_unread_is_marked(self, recognizer: Recognizer, tmp_path: Path):
        page = partly_unread_page(recognizer)
        page.save(tmp_path / "page.png")
        before, marked = self.annotated(tmp_path / "page.png")
        for unread in recognizer.read(page).unread:
            around = self.around(unread.box)
            assert (before[around] != marked[around]).any()


class TestInfo:
    def test_names_the_models_and_the_device(self):
        done = mnist_infer("info")
        text = done.stdout.decode()
        assert __version__ in text
        assert "dense-512x2 (default)" in text
        assert "network for rows" in text
        assert "network for cells" in text
        assert "runs on cpu" in text or "runs on cuda" in text

    def test_json_has_the_hash_and_accuracy_of_every_model_file(self):
        info = json.loads(mnist_infer("info", "--json").stdout)
        assert info["session"]["device"] in ("cpu", "cuda")
        assert info["session"]["device"] == "cuda" or info["cuda"]["reason"]
        assert {model["name"] for model in info["models"]} >= {"dense-512", "dense-512x2"}
        for model in info["models"]:
            assert "float32" in model["precisions"]
            for precision, file in model["precisions"].items():
                known = bundled_info(model["name"], precision)
                assert (file["sha256"], file["size_bytes"]) == (known.sha256, known.size_bytes)
                assert 0.97 < file["test_accuracy"] < 1
        for network in info["reading_networks"]:
            known = reading_network_info(network["name"])
            assert (network["sha256"], network["size_bytes"]) == (known.sha256, known.size_bytes)

    def test_a_broken_model_is_shown_with_the_exit_code_of_commands_that_need_it(self):
        done = mnist_infer("info", "--model", "none.onnx")
        assert b"no such model file" in done.stdout
        assert done.returncode == 2


def test_verbose_names_the_device_on_stderr(digit_file: Write):
    done = mnist_infer(digit_file(7), "--verbose", "--device", "cpu")
    assert b"device cpu" in done.stderr


def test_version_prints_name_and_version():
    assert mnist_infer("--version").stdout.decode() == f"mnist-infer {__version__}\n"


class TestCommands:
    def test_predict_is_what_names_of_images_alone_stand_for(self, digit_file: Write):
        path = digit_file(7)
        plain = mnist_infer(path)
        assert plain.returncode == 0
        for arguments in (["predict", path], [path, "--top", "1"], ["--top", "1", "--", path]):
            assert mnist_infer(*arguments).stdout == plain.stdout

    def test_without_any_the_help_is_shown(self):
        done = mnist_infer()
        assert done.returncode == 2
        assert b"predict" in done.stdout + done.stderr

    NAMES: ClassVar = ["predict", "read", "explain", "info", "bench", "serve", "batch"]

    def test_all_are_listed_in_the_help(self):
        shown = mnist_infer("--help").stdout.decode()
        assert re.findall(r"^│ (\w+)  +[A-Z]", shown, re.MULTILINE) == self.NAMES

    @pytest.mark.parametrize("command", NAMES)
    def test_each_has_its_help(self, command: str):
        assert f"mnist-infer {command}" in mnist_infer(command, "--help").stdout.decode()

    @pytest.mark.parametrize(("typed", "meant"), [("raed", "read"), ("infos", "info")])
    def test_one_that_is_mistyped_is_suggested(self, typed: str, meant: str, tmp_path: Path):
        done = mnist_infer(typed, "--json", cwd=tmp_path)
        assert f"did you mean `mnist-infer {meant}`?" in done.stderr.decode()
        assert (done.stdout, done.returncode) == (b"", 2)

    def test_an_option_of_another_one_says_whose_it_is(self, digit_file: Write):
        done = mnist_infer(digit_file(7), "--annotate", "marked.png")
        assert "it is an option of `mnist-infer read`" in " ".join(done.stderr.decode().split())
        assert (done.stdout, done.returncode) == (b"", 2)

    def test_an_image_whose_name_is_close_to_one(self, digit_file: Write, tmp_path: Path):
        digit_file(7).rename(tmp_path / "raed")
        assert mnist_infer("raed", cwd=tmp_path).stdout.startswith(b"raed  7  ")

    @pytest.mark.parametrize(
        ("words", "completed"),
        [
            ("mnist-infer ", "explain"),
            ("mnist-infer re", "read"),
            ("mnist-infer read --anno", "--annotate"),
            ("mnist-infer bench --device ", "cuda"),
        ],
    )
    def test_are_completed(self, words: str, completed: str):
        done = mnist_infer(
            _MNIST_INFER_COMPLETE="complete_bash",
            COMP_WORDS=words,
            COMP_CWORD=str(len(words.split(" ")) - 1),
        )
        assert completed in done.stdout.decode().split()

    def test_an_image_that_is_called_like_one(self, digit_file: Write, tmp_path: Path):
        digit_file(7).rename(tmp_path / "read")
        assert mnist_infer("./read", cwd=tmp_path).stdout.startswith(b"./read  7  ")

    def test_names_of_images_alone_need_no_typer(self, digit_file: Write, tmp_path: Path):
        (tmp_path / "modules").mkdir()
        (tmp_path / "modules" / "typer.py").write_text("raise ImportError('not wanted')")
        path = os.pathsep.join([str(tmp_path / "modules"), *sys.path])
        assert mnist_infer(digit_file(7), PYTHONPATH=path).returncode == 0
        assert mnist_infer(digit_file(7), "--json", PYTHONPATH=path).returncode != 0


def test_a_model_that_takes_floats_answers_as_the_same_one_that_takes_bytes(digit_file: Write):
    model = FIXTURES / "logits_nchw_float255.onnx"
    done = mnist_infer(digit_file(7), "--model", model, "--input-range", "0..255", "--jsonl")
    own = json.loads(done.stdout)
    done = mnist_infer(digit_file(7), "--model", FIXTURES / "tiny.onnx", "--jsonl")
    assert own["digit"] == json.loads(done.stdout)["digit"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--json"], "FILES"),
        (["read"], "FILES"),
        (["x.png", "--bogus"], "--bogus"),
        (["x.png", "--tpo", "3"], "--top"),
        (["x.png", "--top", "11"], "--top"),
        (["x.png", "--threads", "1025"], "--threads"),
        (["x.png", "--min-confidence", "1.1"], "--min-confidence"),
        (["x.png", "--json", "--jsonl"], "exclude each other"),
        (["x.png", "--top", "3", "--json"], "leave out --top"),
        (["x.png", "--annotate", "z.png"], "--annotate"),
        (["read", "x.png", "--top", "3"], "--top"),
        (["read", "x.png", "--save-stages", "d"], "--save-stages"),
        (["explain", "x.png", "--json"], "--json"),
        (["info", "--max-pixels", "1"], "--max-pixels"),
        (["read", "x.png", "y.png", "--annotate", "z.png"], "one image"),
        (["read", str(SEVEN), "--annotate", str(SEVEN)], "would replace the image itself"),
        (["x.png", "--model", "none"], "no model named"),
        (["x.png", "--model", "none.onnx"], "no such model file"),
        (["x.png", "--device", "tpu"], "tpu"),
        (["x.png", "--batch-size", "99999999999999999999"], "--batch-size"),
        (["x.png", "--jobs", "65"], "--jobs"),
        (["x.png", "--input-range", "0..1"], "leave out --input-range"),
    ],
)
def test_wrong_usage_is_exit_code_2(arguments: list[str], says: str):
    done = mnist_infer(*arguments)
    assert says in done.stderr.decode()
    assert (done.stdout, done.returncode) == (b"", 2)


class TestFileNames:
    def test_one_that_the_encoding_of_stdout_lacks_costs_no_answer(
        self, digit_file: Write, tmp_path: Path
    ):
        for name in ("\u6570.png", "caf\u00e9.png"):
            digit_file(7, name)
        missing = "\u5b57.png"
        cp1252 = {"PYTHONUTF8": "0", "PYTHONIOENCODING": "cp1252"}
        done = mnist_infer(".", missing, cwd=tmp_path, **cp1252)
        names = [line.split("  ")[0] for line in done.stdout.decode("cp1252").splitlines()]
        assert [Path(name).name for name in names] == ["caf\u00e9.png", "\\u6570.png"]
        assert done.stderr.decode("cp1252").splitlines() == ["\\u5b57.png: no such file"]
        assert done.returncode == 1

    @pytest.mark.skipif(os.name == "nt", reason="POSIX file names")
    def test_any_that_the_file_system_takes_are_read(self, digit_file: Write, tmp_path: Path):
        plain = digit_file(7)
        for name in (b"with space.png", b"new\nline.png", b"caf\xe9.png", b"-dash.png"):
            Path(os.fsdecode(os.path.join(os.fsencode(tmp_path), name))).write_bytes(  # noqa: PTH118
                plain.read_bytes()
            )
        plain.unlink()
        done = mnist_infer(tmp_path, "--jsonl")
        assert [json.loads(line)["digit"] for line in done.stdout.splitlines()] == [7] * 4

    @pytest.mark.skipif(os.name == "nt", reason="POSIX file names")
    @pytest.mark.parametrize(
        ("name", "printed"),
        [
            (b"with space.png", "with space.png"),
            (b"it's $HOME \\n.png", "it's $HOME \\n.png"),
            ("caf\u00e9 \u6570 1\u202fPM.png".encode(), "caf\u00e9 \u6570 1\u202fPM.png"),
            (b"a.png  3  99.9 %\nb.png", r"$'a.png  3  99.9 %\nb.png'"),
            (b"\x1b[2Jit's\\.png", r"$'\x1b[2Jit\'s\\.png'"),
            (b"caf\xe9\n.png", r"$'caf\xe9\n.png'"),
            ("\u202egnp.exe.png".encode(), r"$'\u202egnp.exe.png'"),
            ("\U000e0041.png".encode(), r"$'\U000e0041.png'"),
        ],
    )
    def test_what_is_not_printable_is_quoted_as_a_shell_takes_it(
        self, digit_file: Write, tmp_path: Path, name: bytes, printed: str
    ):
        digit_file(7, os.fsdecode(name))
        absent = os.fsdecode(b"absent " + name)
        done = mnist_infer(os.fsdecode(name), absent, cwd=tmp_path)
        (line,) = done.stdout.decode().splitlines()
        assert line.rsplit("  ", 2)[:2] == [printed, "7"]
        (error,) = done.stderr.decode().splitlines()
        said = printed.replace("$'", "$'absent ", 1) if printed[0] == "$" else f"absent {printed}"
        assert error == f"{said}: no such file"
        shell = shutil.which("bash")
        if shell and printed.startswith("$'"):
            echo = [shell, "-c", f"printf %s {printed}"]
            utf8 = {**os.environ, "LC_ALL": "C.UTF-8"}
            assert subprocess.run(echo, capture_output=True, check=True, env=utf8).stdout == name


@pytest.mark.skipif(os.name == "nt", reason="POSIX pipes")
def test_a_reader_that_leaves_ends_the_run_quietly(digit_file: Write):
    path = digit_file(7)
    command = [sys.executable, "-m", "mnist_infer", *[str(path)] * 5000, "--batch-size", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
