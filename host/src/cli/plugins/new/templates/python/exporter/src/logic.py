"""How a message becomes a line."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "separator": {
            "type": "string",
            "default": "\t",
            "description": "What stands between the parts of a line; a tab by default",
        },
    },
}


@dataclass
class Settings:
    """What the operator writes under `[plugins.{{name}}.settings]`."""

    separator: str = "\t"


def texts(offsets: list[int], blob: bytes) -> list[str]:
    """The texts of a batch, which travel as one blob."""
    return [blob[start:end].decode() for start, end in zip(offsets, offsets[1:])]


def line(date: int, sender: int, text: str, settings: Settings) -> str:
    one_line = " ".join(text.split())
    return settings.separator.join([utc(date), str(sender or ""), one_line]) + "\n"


def utc(seconds: int) -> str:
    """`2026-03-01T12:30:00`."""
    return (EPOCH + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S")
