"""An AWS Lambda function behind a function URL or an API Gateway: a picture in, its digit out."""

from __future__ import annotations

import base64
import json
from typing import Any

from mnist_infer import ImageError, Recognizer

# Made once for each instance of the function, not for each call.
recognizer = Recognizer(max_pixels=12_000_000)


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer one HTTP request, whose body is an image file."""
    try:
        prediction = recognizer.predict(base64.b64decode(event.get("body") or ""))
    except ImageError as error:
        return _response(422, {"error": error.message})
    return _response(200, {"digit": prediction.digit, "confidence": prediction.confidence})


def _response(status: int, content: dict[str, Any]) -> dict[str, Any]:
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(content)}
