"""A FastAPI app that recognises the digit on an uploaded picture."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import FastAPI, HTTPException, UploadFile

from mnist_infer import ImageError, Recognizer


@dataclass(frozen=True)
class Answer:
    """What the app answers."""

    digit: int
    confidence: float


app = FastAPI()
# Strangers' pictures are decoded in worker processes, with limits on time and memory.
recognizer = Recognizer(isolated=True, max_pixels=25_000_000)


@app.post("/digit")
def read_digit(picture: UploadFile) -> Answer:
    """Recognise the digit. FastAPI runs plain functions in threads, which share the recogniser."""
    try:
        prediction = recognizer.predict(picture.file)
    except ImageError as error:
        raise HTTPException(422, error.message) from error
    return Answer(prediction.digit, prediction.confidence)
