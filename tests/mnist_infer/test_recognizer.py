"""The public face: pictures in, digits out."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter
from sklearn.datasets import load_digits

import mnist_infer
from mnist_infer import (
    ImageError,
    ModelError,
    NoDigitError,
    Prediction,
    Recognizer,
    SeveralDigitsError,
)
from tests.pictures import drawn, encoded

DIGITS = range(10)


def noise(seed: int, side: int) -> Image.Image:
    """Black and white pixels at random."""
    pixels = np.random.default_rng(seed).integers(0, 2, (side, side), np.uint8) * np.uint8(255)
    return Image.fromarray(pixels)


class TestPredict:
    @pytest.mark.parametrize("digit", DIGITS)
    def test_finds_a_drawn_digit(self, recognizer: Recognizer, digit: int):
        assert recognizer.predict(drawn(digit)).digit == digit

    def test_any_kind_of_source_gives_the_same_answer(
        self, recognizer: Recognizer, digit_file: Callable[..., Path]
    ):
        path = digit_file(7)
        content = path.read_bytes()
        sources = [path, str(path), content, io.BytesIO(content), Image.open(path), drawn(7)]
        assert len({recognizer.predict(source) for source in sources}) == 1

    @pytest.mark.parametrize("digit", DIGITS)
    def test_polarity_does_not_matter(self, recognizer: Recognizer, digit: int):
        inverted = recognizer.predict(255 - drawn(digit))
        assert inverted == recognizer.predict(drawn(digit))

    def test_a_prediction_is_consistent_in_itself(self, recognizer: Recognizer):
        prediction = recognizer.predict(drawn(3))
        assert len(prediction.probabilities) == 10
        assert sum(prediction.probabilities) == pytest.approx(1, abs=1e-5)
        assert prediction.confidence == max(prediction.probabilities)
        assert prediction.probabilities[prediction.digit] == prediction.confidence

    def test_top_is_ranked(self):
        prediction = Prediction(2, 0.5, (0.1, 0.3, 0.5, 0.1, 0, 0, 0, 0, 0, 0))
        assert prediction.top(2) == [(2, 0.5), (1, 0.3)]
        with pytest.raises(ValueError, match="k is -1"):
            prediction.top(-1)

    @pytest.mark.parametrize("shade", [0, 128, 255])
    def test_blank_paper_is_no_digit(self, recognizer: Recognizer, shade: int):
        with pytest.raises(NoDigitError):
            recognizer.predict(np.full((100, 100), shade, np.uint8))

    @pytest.mark.parametrize("digit", DIGITS)
    def test_a_line_across_the_digit_and_far_beyond_is_no_part_of_it(
        self, recognizer: Recognizer, digit: int
    ):
        """It joins the digit to a piece too wide for one: the row network tells that it is one."""
        ink = Image.fromarray(255 - drawn(digit))
        width, height = ink.size
        page = Image.new("L", (2 * width, height))
        page.paste(ink, (width // 2, 0))
        ends = [(0.25 * width, 0.62 * height), (1.9 * width, 0.55 * height)]
        ImageDraw.Draw(page).line(ends, fill=255, width=height // 70)
        assert recognizer.predict(page).digit == digit

    @pytest.mark.parametrize("digits", [(4, 2), (7, 7)])
    def test_two_digits_are_never_taken_for_one(
        self, recognizer: Recognizer, digits: tuple[int, int]
    ):
        page = np.concatenate([drawn(digit) for digit in digits], axis=1)
        with pytest.raises(SeveralDigitsError):
            recognizer.predict(page)

    @pytest.mark.parametrize("pen", [4, 8])
    def test_a_face_is_no_digit(self, recognizer: Recognizer, pen: int):
        page = Image.new("L", (160, 160), 255)
        pencil = ImageDraw.Draw(page)
        pencil.ellipse((32, 32, 128, 128), outline=0, width=pen)
        for x in (64, 96):
            pencil.ellipse((x - pen, 67 - pen, x + pen, 67 + pen), fill=0)
        pencil.arc((59, 67, 101, 109), 20, 160, fill=0, width=pen)
        with pytest.raises(NoDigitError, match="not like a digit"):
            recognizer.predict(page)

    @pytest.mark.parametrize("method", ["predict", "read", "explain"])
    @pytest.mark.parametrize(
        "picture", [Image.new("L", (50, 50), 255), noise(1, 150)], ids=["blank", "noise"]
    )
    def test_errors_name_the_file(
        self, recognizer: Recognizer, tmp_path: Path, picture: Image.Image, method: str
    ):
        path = tmp_path / "no-digit.png"
        picture.save(path)
        with pytest.raises(NoDigitError, match=r"no-digit\.png: "):
            getattr(recognizer, method)(path)

    def test_digits_of_writers_that_are_not_in_mnist_are_recognised(self, recognizer: Recognizer):
        """scikit-learn's 8x8 digits: other writers, another scanner, another continent."""
        images, labels = load_digits(return_X_y=True)
        images, labels = images[:300].reshape(-1, 8, 8) / 16, labels[:300]
        large = [
            np.asarray(Image.fromarray(image).resize((64, 64), Image.Resampling.BICUBIC)).clip(0, 1)
            for image in images
        ]
        answers = [prediction.digit for prediction in recognizer.predict_batch(large)]
        assert np.mean(answers == labels) > 0.85


@pytest.mark.parametrize("seed", range(5))
def test_noise_is_no_digit(recognizer: Recognizer, seed: int):
    with pytest.raises(NoDigitError):
        recognizer.predict(noise(seed, 300))


class TestBatches:
    def test_order_is_kept(self, recognizer: Recognizer):
        answers = recognizer.predict_batch([drawn(digit) for digit in DIGITS], batch_size=3)
        assert [answer.digit for answer in answers] == list(DIGITS)

    def test_a_batch_agrees_with_one_at_a_time(self, recognizer: Recognizer):
        seen = [recognizer.explain(drawn(digit)).image for digit in DIGITS]
        pictures = [picture for digit in DIGITS for picture in (drawn(digit), seen[digit])]
        for alone, together in zip(
            map(recognizer.predict, pictures), recognizer.predict_batch(pictures), strict=True
        ):
            assert alone.probabilities == pytest.approx(together.probabilities, abs=1e-6)

    def test_small_images_in_any_form_agree_with_one_at_a_time(
        self, recognizer: Recognizer, tmp_path: Path
    ):
        blank = tmp_path / "blank.png"
        Image.new("L", (28, 28)).save(blank)
        seen = [recognizer.explain(drawn(digit)).image for digit in DIGITS]
        pictures = [*seen, 255 - seen[2], blank, seen[3] // 2, b"broken", seen[4][:, ::-1], blank]
        for picture, together in zip(pictures, recognizer.predict_each(pictures), strict=True):
            (alone,) = recognizer.predict_each([picture])
            assert type(together) is type(alone)
            if isinstance(alone, ImageError):
                assert str(together) == str(alone)
            else:
                assert together.probabilities == pytest.approx(alone.probabilities, abs=1e-6)

    def test_no_images_no_answers(self, recognizer: Recognizer):
        assert recognizer.predict_batch([]) == []

    def test_predict_batch_raises_for_a_broken_image(self, recognizer: Recognizer):
        with pytest.raises(ImageError):
            recognizer.predict_batch([drawn(1), b"broken"])

    def test_predict_each_gives_the_error_in_its_place(self, recognizer: Recognizer):
        first, second, third = recognizer.predict_each([drawn(1), b"broken", drawn(3)])
        assert (first.digit, third.digit) == (1, 3)
        assert isinstance(second, ImageError)

    def test_predict_each_answers_what_came_before_a_wrong_argument(self, recognizer: Recognizer):
        answers = recognizer.predict_each([drawn(1), drawn(3), None])
        assert [next(answers).digit, next(answers).digit] == [1, 3]
        with pytest.raises(TypeError):
            next(answers)

    def test_predict_each_takes_no_open_file(self, recognizer: Recognizer):
        with pytest.raises(TypeError, match="several images"):
            next(recognizer.predict_each(io.BytesIO(b"")))

    def test_predict_each_streams(self, recognizer: Recognizer):
        taken = []

        def endless():
            while True:
                taken.append(1)
                yield drawn(5)

        assert next(recognizer.predict_each(endless(), batch_size=4)).digit == 5
        assert len(taken) == 4

    @pytest.mark.parametrize("batch_size", [0, -1, 1.5, "2", 10**20])
    def test_a_batch_size_that_is_no_whole_number_from_1_is_refused(
        self, recognizer: Recognizer, batch_size: Any
    ):
        with pytest.raises(ValueError, match=f"batch_size is {batch_size!r}; "):
            next(recognizer.predict_each([], batch_size=batch_size))

    @pytest.mark.parametrize("image", ["digit.png", Path("digit.png"), b"bytes"])
    def test_one_image_is_not_taken_for_several(self, recognizer: Recognizer, image: Any):
        with pytest.raises(TypeError, match="several images"):
            recognizer.predict_batch(image)


class TestArguments:
    @pytest.mark.parametrize("threads", [-1, 1025, 1.5, "2", None])
    def test_threads_are_a_whole_number_from_0_to_1024(self, threads: Any):
        with pytest.raises(ValueError, match=f"threads is {threads!r}; "):
            Recognizer(threads=threads)

    def test_more_threads_than_processors_answer_as_one(self, recognizer: Recognizer):
        images = np.stack([np.eye(28, dtype=np.uint8) * 255] * 3)
        many = Recognizer(device="cpu", threads=1024).probabilities(images)
        np.testing.assert_allclose(many, recognizer.probabilities(images), atol=1e-6)

    @pytest.mark.parametrize("max_pixels", [0, -1, 1e6, "5", None])
    def test_max_pixels_is_a_whole_number_from_1(self, max_pixels: Any):
        with pytest.raises(ValueError, match=re.escape(f"max_pixels is {max_pixels!r}; ")):
            Recognizer(max_pixels=max_pixels)

    @pytest.mark.parametrize("model", ["dense-512", "dense-512-documented"])
    def test_an_unknown_precision_is_refused(self, model: str):
        with pytest.raises(ModelError, match="no precision named 'float16'"):
            Recognizer(model, precision="float16")


class TestProbabilities:
    def test_one_image_or_many_give_a_row_each(self, recognizer: Recognizer):
        images = np.zeros((5, 28, 28), np.uint8)
        assert recognizer.probabilities(images).shape == (5, 10)
        assert recognizer.probabilities(images).dtype == np.float32
        assert recognizer.probabilities(images[0]).shape == (1, 10)
        assert recognizer.probabilities(images[:0]).shape == (0, 10)

    def test_what_is_no_array_is_named(self, recognizer: Recognizer):
        with pytest.raises(TypeError, match="an array is needed, not list"):
            recognizer.probabilities([[0]])

    def test_arrays_with_gaps_and_read_only_ones_are_taken(self, recognizer: Recognizer):
        images = np.random.default_rng(0).integers(0, 256, (4, 28, 28), dtype=np.uint8)
        images.setflags(write=False)
        expected = recognizer.probabilities(images)[::2]
        np.testing.assert_allclose(recognizer.probabilities(images[::2]), expected, atol=1e-6)

    @pytest.mark.parametrize(
        "images",
        [
            np.zeros((2, 28, 28), np.float32),
            np.zeros((28, 29), np.uint8),
            np.zeros((1, 1, 28, 28), np.uint8),
            np.zeros(28, np.uint8),
        ],
        ids=["float", "28x29", "four axes", "one axis"],
    )
    def test_anything_else_is_refused(self, recognizer: Recognizer, images: np.ndarray):
        with pytest.raises(ImageError, match="uint8"):
            recognizer.probabilities(images)


class TestExplain:
    def test_every_stage_is_an_image(self, recognizer: Recognizer):
        explanation = recognizer.explain(drawn(7))
        assert list(explanation.stages()) == [
            "1-foreground",
            "2-cleaned",
            "3-28x28",
            "4-28x28-original-stroke",
        ]
        assert explanation.image.shape == (28, 28)
        assert explanation.cleaned.shape == explanation.foreground.shape
        for stage in explanation.stages().values():
            assert stage.dtype == np.uint8

    def test_it_explains_the_prediction(self, recognizer: Recognizer):
        explanation = recognizer.explain(drawn(7))
        assert explanation.prediction == recognizer.predict(drawn(7))
        assert recognizer.probabilities(explanation.image)[0].argmax() == 7

    @pytest.mark.parametrize(("pen", "inputs"), [("thin", 2), ("MNIST's", 1), ("fat", 2)])
    def test_the_digit_network_answers_with_the_mean_of_its_answers_to_all_inputs(
        self, recognizer: Recognizer, monkeypatch: pytest.MonkeyPatch, pen: str, inputs: int
    ):
        undecided = np.log(np.full((1, 11), 1e-9, np.float32))
        monkeypatch.setattr(recognizer, "_classify_cells", lambda _: undecided)
        picture = Image.fromarray(drawn(8, 280))
        if pen != "thin":
            picture = picture.filter(ImageFilter.MinFilter(9 if pen == "MNIST's" else 21))
        explanation = recognizer.explain(picture)
        seen = recognizer.probabilities(explanation.inputs.variants)
        assert len(seen) == inputs
        assert explanation.prediction.probabilities == pytest.approx(seen.mean(axis=0), abs=1e-6)

    def test_the_row_network_sees_the_whole_picture_where_ink_was_removed(
        self, recognizer: Recognizer
    ):
        clean = drawn(7)
        ruled = clean.copy()
        ruled[2:5] = 0
        assert [
            len(recognizer.explain(picture).inputs.row_images) for picture in (clean, ruled)
        ] == [1, 2]

    @pytest.mark.parametrize("side", [140, 1400])
    def test_the_box_is_in_pixels_of_the_original(self, recognizer: Recognizer, side: int):
        picture = drawn(4, side)
        rows, columns = np.nonzero(picture < 128)
        x, y, width, height = recognizer.explain(picture).box
        slack = side / 60
        assert x == pytest.approx(columns.min(), abs=slack)
        assert y == pytest.approx(rows.min(), abs=slack)
        assert x + width == pytest.approx(columns.max(), abs=slack)
        assert y + height == pytest.approx(rows.max(), abs=slack)


def test_mnist_test_images_pass_unchanged(recognizer: Recognizer, mnist):
    for image in mnist.x_test:
        np.testing.assert_array_equal(recognizer.explain(image).image, image)


def test_files_of_mnist_give_the_accuracy_of_the_model_card(recognizer: Recognizer, mnist):
    files = (encoded(Image.fromarray(image)) for image in mnist.x_test)
    answers = [prediction.digit for prediction in recognizer.predict_batch(files)]
    told = recognizer.model.sidecar
    if recognizer.model.precision == "int8":
        told = told["int8"]
    assert np.mean(answers == mnist.y_test) == told["test_accuracy"]


def test_the_public_names_are_all_there():
    for name in mnist_infer.__all__:
        assert getattr(mnist_infer, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        _ = mnist_infer.nothing_like_it


def test_the_repr_of_a_recognizer_and_of_an_explanation_is_one_line(recognizer: Recognizer):
    explanation = recognizer.explain(drawn(7))
    assert repr(recognizer) == "Recognizer('dense-512x2', device='cpu', precision='int8')"
    assert repr(explanation).startswith("Explanation(digit=7, confidence=")
    assert len(repr(explanation)) <= 88
    assert "\n" not in repr(explanation)
