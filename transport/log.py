"""What the process logs: one JSON object a line, whoever speaks."""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, Processor


def log_as_json() -> None:
    """Log one JSON object a line, on stderr: stdout is for the ready line and never fills up.

    What libraries log through the standard library becomes JSON as well, from warnings on.
    """
    line: list[Processor] = [structlog.processors.add_log_level, _write]
    structlog.configure(
        processors=line,
        wrapper_class=_Logger,
        logger_factory=structlog.BytesLoggerFactory(sys.stderr.buffer),
        cache_logger_on_first_use=True,
    )
    foreign = logging.StreamHandler(sys.stderr)
    foreign.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.add_logger_name],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *line,
                _text,
            ],
        )
    )
    logging.basicConfig(level=logging.WARNING, handlers=[foreign], force=True)
    logging.captureWarnings(capture=True)


_Filtering: Any = structlog.make_filtering_bound_logger(logging.INFO)


class _Logger(_Filtering):  # type: ignore[misc]
    """structlog's own logger, but for the line that every request has: it is written at once."""

    def info(self, event: str, **told: Any) -> None:
        """Log an event that is told in whole."""
        told["event"], told["level"] = event, "info"
        self._logger.msg(_write(self._logger, "info", told))


def _write(logger: object, name: str, event: EventDict) -> bytes:
    """Write an event's line; a single step, since each that structlog has costs every request."""
    event["timestamp"] = datetime.now(UTC)
    if "exc_info" in event:
        event = structlog.processors.format_exc_info(logger, name, event)
    return orjson.dumps(event, default=repr, option=orjson.OPT_UTC_Z)


def _text(_logger: object, _name: str, line: object) -> str:
    return line.decode() if isinstance(line, bytes) else str(line)
