"""Answers as text for people, and their records as JSON for programs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TextIO

from mnist_infer.answers import Answer

if TYPE_CHECKING:
    from mnist_infer.results import Prediction


def as_json(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write one JSON array with one record a line."""
    separator, written = "[\n", 0
    for record in records:
        yield separator + json.dumps(record)
        separator, written = ",\n", written + 1
    yield json_end(written)


def json_end(records: int) -> str:
    """Write the end of the array of `as_json` after so many records."""
    return "\n]\n" if records else "[]\n"


def as_jsonl(records: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """Write one JSON record a line."""
    for record in records:
        yield json.dumps(record) + "\n"


_ESCAPES = {"\n": r"\n", "\r": r"\r", "\t": r"\t", "\\": r"\\", "'": r"\'"}
# Control and format characters, invalid text, and line separators: a terminal obeys some of them,
# and a reader sees none.
_NOT_PRINTABLE = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def quote_name(name: str) -> str:
    r"""Write a file name as text: as it is, or as `$'a\nb'` if some of it is not printable.

    A shell reads the quoted form as the same name. So a name can neither break its line nor control
    the terminal.
    """
    if not name:
        return "''"
    if name.isprintable():
        return name
    from unicodedata import category

    if not any(category(letter) in _NOT_PRINTABLE for letter in name):
        return name
    return "$'" + "".join(map(_escape, name)) + "'"


def _escape(letter: str) -> str:
    from unicodedata import category

    if letter in _ESCAPES:
        return _ESCAPES[letter]
    if category(letter) not in _NOT_PRINTABLE:
        return letter
    number = ord(letter)
    if 0xDC80 <= number <= 0xDCFF:  # How Python holds a byte that is not valid text.
        return f"\\x{number - 0xDC00:02x}"
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"


def as_text(answers: Iterable[Answer], top: int, *, spaces: bool = True) -> Iterator[str]:
    """For each image that has an answer: its path, then its `top` digits, or its lines.

    An uncertain digit has a question mark behind it, and so has a line with an uncertain digit.
    Wide gaps of a line are spaces unless `spaces` is false.
    """
    for answer in answers:
        if answer.error:
            continue
        name = quote_name(answer.path)
        if answer.prediction:
            yield f"{name}  {_ranking(answer.prediction, top, bool(answer.uncertain))}\n"
        if answer.reading:
            texts = answer.reading.as_text(spaces=spaces).split("\n")
            for text, line in zip(texts, answer.reading.lines, strict=True):
                is_uncertain = any(digit.is_uncertain for digit in line)
                yield f"{name}  {text}{'?' * is_uncertain}\n"


def as_drawing(answers: Iterable[Answer], top: int, stream: TextIO) -> Iterator[str]:
    """Write the text of `as_text`, then what the digit network saw, and a bar for each digit.

    Below stand the names of the files that were saved of it.
    """
    from mnist_infer.cli.render import Renderer

    renderer = Renderer(stream)
    for answer in answers:
        yield from as_text([answer], top)
        if answer.explanation:
            yield renderer.render(answer.explanation, bool(answer.uncertain))
        for path in answer.saved:
            yield f"saved {quote_name(str(path))}\n"


def _ranking(prediction: Prediction, top: int, is_uncertain: bool) -> str:
    digits = [f"{digit}" for digit, _ in prediction.top(top)]
    digits[0] += "?" * is_uncertain
    return "   ".join(
        f"{digit}  {probability * 100:.1f} %"
        for digit, (_, probability) in zip(digits, prediction.top(top), strict=True)
    )
