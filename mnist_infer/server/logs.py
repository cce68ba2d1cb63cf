"""The log: a JSON object a line, on stderr."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime


class JsonFormatter(logging.Formatter):
    """A record as JSON; a mapping given as the record's only argument becomes its fields."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        moment = datetime.fromtimestamp(record.created, UTC)
        line: dict[str, object] = {
            "time": moment.isoformat(timespec="milliseconds"),
            "level": record.levelname,
        }
        if isinstance(record.args, Mapping):
            line |= {"message": record.msg, **record.args}
        else:
            line["message"] = record.getMessage()
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line)


def configure(access: bool) -> None:
    """Log warnings of everything, and each request where `access` is wanted."""
    handler = logging.StreamHandler()
    handler.setFormatter(JsonFormatter())
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    logging.getLogger("mnist_infer.access").setLevel(logging.INFO if access else logging.WARNING)
    # What is wrong with a form is told to its sender; it is no news for the operator.
    logging.getLogger("python_multipart").setLevel(logging.ERROR)
