"""How a message becomes a line."""

from dataclasses import dataclass

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "separator": {"type": "string", "description": "What stands between the parts of a line; a tab by default"},
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
    """`2026-03-01 12:30:00`, computed by hand: a plugin built with `--stub-wasi` has no clock."""
    days, rest = divmod(seconds, 86_400)
    # Days since 1 March of the year 0, so that a leap day ends its year.
    days += 719_468
    era, day = divmod(days, 146_097)
    year = (day - day // 1_460 + day // 36_524 - day // 146_096) // 365
    day -= 365 * year + year // 4 - year // 100
    month = (5 * day + 2) // 153
    day -= (153 * month + 2) // 5
    year += 400 * era + (month >= 10)
    month += 3 if month < 10 else -9
    return f"{year:04}-{month:02}-{day + 1:02} {rest // 3600:02}:{rest // 60 % 60:02}:{rest % 60:02}"
