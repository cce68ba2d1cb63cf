"""Recognise, read or explain pictures for the commands, and print the answers.

Heavy imports happen where they are used, so that `--help` answers at once.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import islice, tee
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO, TypeAlias

from mnist_infer.answers import Answer, digit_record, is_uncertain, page_record
from mnist_infer.cli.console import claim_stdout, print_stderr, usage_error, write_results
from mnist_infer.cli.interrupts import INTERRUPTED, Interrupts
from mnist_infer.cli.output import as_drawing, as_json, as_jsonl, as_text, json_end, quote_name
from mnist_infer.config import ModelConfig, is_frozen, usable_processors
from mnist_infer.decode.find_images import expand, open_source
from mnist_infer.errors import DeviceError, ImageError, LowConfidenceError, ModelError

if TYPE_CHECKING:
    from mnist_infer.parallel import Decode
    from mnist_infer.recognizer import Recognizer

Answers: TypeAlias = Generator[Answer, None, None]


@dataclass(frozen=True)
class OutputOptions:
    """What is printed, and how."""

    json: bool = False
    jsonl: bool = False
    min_confidence: float = 0.0
    quiet: bool = False
    verbose: bool = False

    @property
    def has_records(self) -> bool:
        """Whether it is JSON records."""
        return self.json or self.jsonl


def predict(
    images: list[str],
    config: ModelConfig,
    output: OutputOptions,
    *,
    top: int | None = None,
    batch_size: int = 64,
    jobs: int | None = None,
) -> int:
    """Print the digit on each image; return the exit code."""
    if output.has_records and top is not None:
        raise usage_error("a record has all ten probabilities: leave out --top")

    def text(answers: Iterable[Answer], _: TextIO) -> Iterator[str]:
        return as_text(answers, top or 1)

    find = partial(_predictions, batch_size=batch_size, jobs=jobs)
    return _run(images, config, output, find, text, digit_record)


def read(
    images: list[str],
    config: ModelConfig,
    output: OutputOptions,
    *,
    annotate: Path | None = None,
    spaces: bool = True,
) -> int:
    """Print all digits of each image, line by line; return the exit code."""
    if annotate:
        names = [str(name) for name in islice(expand(images), 2)]
        if len(names) != 1:
            raise usage_error("--annotate takes one image")
        # Unlike `Path.exists`, it is false where a name may not be looked at: writing it says why.
        both_exist = all(os.path.exists(name) for name in (annotate, names[0]))  # noqa: PTH110
        if both_exist and annotate.samefile(names[0]):
            raise usage_error("--annotate would replace the image itself; name another file")

    def text(answers: Iterable[Answer], _: TextIO) -> Iterator[str]:
        return as_text(answers, top=1, spaces=spaces)

    find = partial(_readings, annotated=annotate)
    return _run(images, config, output, find, text, partial(page_record, spaces=spaces))


def explain(
    images: list[str],
    config: ModelConfig,
    output: OutputOptions,
    *,
    top: int = 1,
    save_stages: Path | None = None,
) -> int:
    """Draw what the digit network saw of each image, and the answer; return the exit code."""

    def text(answers: Iterable[Answer], stream: TextIO) -> Iterator[str]:
        return as_drawing(answers, top, stream)

    find = partial(_explanations, folder=save_stages)
    return _run(images, config, output, find, text, digit_record)


def _run(
    images: list[str],
    config: ModelConfig,
    output: OutputOptions,
    find: Callable[[Recognizer, list[str], Decode], Answers],
    text: Callable[[Iterable[Answer], TextIO], Iterator[str]],
    record: Callable[[Answer], Mapping[str, Any]],
) -> int:
    """Print what is found as text or records; return the exit code."""
    if output.json and output.jsonl:
        raise usage_error("--json and --jsonl exclude each other; choose one")
    outcome = _Outcome()
    results = claim_stdout()

    def end_output() -> None:
        if output.json:
            write_results([json_end(outcome.answers)], results)

    try:
        recognizer = _open_recognizer(config, output.verbose)
        outcome.interrupts.take(end_output)
        found = find(recognizer, images, _decoder(images, config.max_pixels))
        answers: Iterator[Answer] = found
        if not output.quiet and sys.stderr.isatty() and not results.isatty():
            answers = _with_progress(answers, images)
        answers = outcome.watch(
            _judged(answers, recognizer.model.recommended_threshold, output.min_confidence),
            report=not (output.has_records or output.quiet),
        )
        if output.has_records:
            records = map(record, answers)
            chunks = as_json(records) if output.json else as_jsonl(records)
        else:
            chunks = text(answers, results)
        with closing(found):
            write_results(chunks, results)
    except (ModelError, DeviceError) as error:
        raise usage_error(str(error)) from error
    except KeyboardInterrupt:
        return INTERRUPTED
    return outcome.exit_code


def _open_recognizer(config: ModelConfig, verbose: bool) -> Recognizer:
    # numpy would start threads for which there is no work here.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    from mnist_infer.decode.formats import limit_pillow
    from mnist_infer.recognizer import Recognizer

    limit_pillow(config.max_pixels)
    recognizer = Recognizer.from_config(config)
    if verbose:
        loaded = recognizer.model
        print_stderr(
            f"model {loaded.name}{f' in {loaded.precision}' if loaded.precision else ''}, "
            f"device {recognizer.device}, {config.threads} thread(s)"
        )
    return recognizer


def _decoder(images: list[str], max_pixels: int) -> Decode:
    """Choose how images are decoded: mostly in worker processes with limits on time and memory.

    Outside Linux, starting a worker takes as long as all the rest. So a single picture is decoded
    in this process there, and in a frozen app all pictures are.
    """
    from mnist_infer.decode.images import decode_picture
    from mnist_infer.decode.isolated import IsolatedDecoder

    is_linux = sys.platform == "linux"
    if is_linux or (not is_frozen() and len(list(islice(expand(images), 2))) > 1):
        return IsolatedDecoder(max_pixels, workers=1, by_fork=is_linux).decode
    return partial(decode_picture, max_pixels=max_pixels)


def _predictions(
    recognizer: Recognizer,
    images: list[str],
    decode: Decode,
    *,
    batch_size: int,
    jobs: int | None,
) -> Answers:
    from mnist_infer.parallel import MAX_PROCESSES, prepare_each

    names, waiting = tee(expand(images))
    max_pixels = recognizer.config.max_pixels
    processes = jobs or min(usable_processors(), MAX_PROCESSES)
    with closing(prepare_each(waiting, decode, max_pixels, processes, batch_size)) as prepared:
        results = recognizer.classify_each(prepared, batch_size=batch_size)
        for name, result in zip(names, results, strict=True):
            if isinstance(result, ImageError):
                yield Answer(str(name), error=result)
            else:
                yield Answer(str(name), result)


def _explanations(
    recognizer: Recognizer, images: list[str], decode: Decode, *, folder: Path | None
) -> Answers:
    from mnist_infer.cli.save import StageFolder, save_image
    from mnist_infer.imaging.pipeline import WORKING_SIDE

    stages = None
    if folder:
        with _writing(folder):
            stages = StageFolder(folder)
    for name in expand(images):
        try:
            source = open_source(name, recognizer.config.max_pixels)
            explanation = recognizer.explain(decode(source, WORKING_SIDE))
        except ImageError as error:
            yield Answer(str(name), error=error)
            continue
        pictures = stages.paths(name, explanation) if stages else {}
        for path, image in pictures.items():
            with _writing(path):
                save_image(image, path)
        yield Answer(
            str(name), explanation.prediction, explanation=explanation, saved=tuple(pictures)
        )


def _readings(
    recognizer: Recognizer, images: list[str], decode: Decode, *, annotated: Path | None
) -> Answers:
    from mnist_infer.document.reader import PAGE_WORKING_SIDE

    for name in expand(images):
        source = open_source(name, recognizer.config.max_pixels)
        try:
            reading = recognizer.read(decode(source, PAGE_WORKING_SIDE))
            drawn_on = decode(source, None) if annotated else None
        except ImageError as error:
            yield Answer(str(name), error=error)
            continue
        if annotated and drawn_on:
            from mnist_infer.cli.annotate import annotate
            from mnist_infer.cli.save import save_image

            marked = annotate(drawn_on, reading)
            with _writing(annotated):
                save_image(marked, annotated)
        yield Answer(str(name), reading=reading)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """End the run where a file cannot be written."""
    try:
        yield
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or error
        raise usage_error(f"{quote_name(str(path))}: cannot be written ({reason})") from error


def _judged(
    answers: Iterable[Answer], threshold: float | None, min_confidence: float
) -> Iterator[Answer]:
    """Mark uncertain answers, and refuse those with less confidence than the user wants."""
    for answer in answers:
        result = answer.prediction or answer.reading
        if not result:
            yield answer
            continue
        error = None
        if result.confidence < min_confidence:
            error = LowConfidenceError(
                f"confidence {_rounded_down(result.confidence):.3f} is below {min_confidence:g}"
            )
        yield replace(answer, uncertain=is_uncertain(result, threshold), error=error)


def _rounded_down(confidence: float) -> float:
    """Round to three places, but never up to the confidence that is wanted."""
    return math.floor(confidence * 1000) / 1000


def _with_progress(answers: Iterator[Answer], images: Iterable[str]) -> Iterator[Answer]:
    total = sum(1 for _ in expand(images))
    for count, answer in enumerate(answers, start=1):
        print_stderr(f"\r{count} of {total}", end="")
        yield answer
    print_stderr("")


@dataclass
class _Outcome:
    """What the exit code depends on."""

    interrupts: Interrupts = field(default_factory=Interrupts)
    answers: int = 0
    unanswered: int = 0

    @property
    def exit_code(self) -> int:
        return INTERRUPTED if self.interrupts.happened else min(self.unanswered, 1)

    def watch(self, answers: Iterator[Answer], report: bool) -> Iterator[Answer]:
        """Pass answers on and count the failed ones; `report` these, and what was left unread."""
        while answer := self._next(answers):
            self.answers += 1
            if answer.error:
                self.unanswered += 1
                if report:
                    print_stderr(f"{quote_name(answer.path)}: {answer.error.message}")
            elif report and answer.reading and answer.reading.unread:
                count = len(answer.reading.unread)
                print_stderr(
                    f"{quote_name(answer.path)}: marks that may be digits, not read: {count}"
                )
            yield answer

    def _next(self, answers: Iterator[Answer]) -> Answer | None:
        interrupts = self.interrupts
        try:
            interrupts.is_answering = True
            answer = None if interrupts.happened else next(answers, None)
            interrupts.is_answering = False
        except KeyboardInterrupt:
            interrupts.is_answering = False
        return None if interrupts.happened else answer
