"""Which messages link to the wrong places."""

import re
from dataclasses import dataclass, field

KEEP, DROP, REDACT = 0, 1, 2

SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "domains": {
            "type": "array",
            "items": {"type": "string", "minLength": 1},
            "description": "Links to these and what is below them are meant; none means every link",
        },
        "redact": {
            "type": "boolean",
            "description": "Keep such messages, with [link] in place of each link in the text",
        },
    },
}

LINK = re.compile(r"(?:https?://|www\.)[^\s<>\"]+", re.IGNORECASE)


@dataclass
class Settings:
    domains: list[str] = field(default_factory=list)
    redact: bool = False


def judge(text: str, hidden: list[str], settings: Settings) -> tuple[int, str, str]:
    """The verdict on a text and the addresses behind its words, the new text, and why."""
    links = [link for link in LINK.findall(text) if is_meant(link, settings)]
    hidden = [link for link in hidden if is_meant(link, settings)]
    if not links and not hidden:
        return KEEP, "", ""
    reason = "links to " + ", ".join(sorted({host(link) for link in links + hidden}))
    if hidden or not settings.redact:
        return DROP, "", reason
    replaced = LINK.sub(lambda link: "[link]" if is_meant(link[0], settings) else link[0], text)
    return REDACT, replaced, reason


def is_meant(link: str, settings: Settings) -> bool:
    name = host(link)
    domains = [domain.lower() for domain in settings.domains]
    return not domains or any(name == domain or name.endswith("." + domain) for domain in domains)


def host(link: str) -> str:
    """The host of an address: what may stand before it, up to an `@`, only looks like one."""
    authority = re.split(r"[/?#\\]", re.sub(r"^https?://", "", link, flags=re.IGNORECASE), maxsplit=1)[0]
    return authority.rpartition("@")[2].partition(":")[0].lower()
