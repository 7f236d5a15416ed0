"""What the process logs: one JSON object a line, whoever speaks."""

import logging
import sys
from collections.abc import Callable

import orjson
import structlog
from structlog.typing import Processor


def log_as_json() -> None:
    """Log one JSON object a line, on stderr: stdout is for the ready line and never fills up.

    What libraries log through the standard library becomes JSON as well, from warnings on.
    """
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    render: list[Processor] = [
        structlog.processors.format_exc_info,
        structlog.processors.JSONRenderer(serializer=_json),
    ]
    structlog.configure(
        processors=[*shared, *render],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    foreign = logging.StreamHandler(sys.stderr)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared, structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *render,
                _text,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[foreign], force=True)
    logging.captureWarnings(capture=True)


def _text(_logger: object, _name: str, line: object) -> str:
    return line.decode() if isinstance(line, bytes) else str(line)


def _json(event: object, default: Callable[[object], object]) -> bytes:
    return orjson.dumps(event, default=default)
