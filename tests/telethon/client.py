"""Telethon, pointed at a simulated Telegram by a servers file."""

import base64
import json
import logging
import urllib.error
import urllib.request
from pathlib import Path

from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession

# Any will do here.
API_ID, API_HASH = 12345, "0123456789abcdef0123456789abcdef"


class Sim:
    """The simulated Telegram, as its servers file describes it."""

    def __init__(self, path):
        self.servers = json.loads(Path(path).read_text())

    def ask(self, path, **body):
        """Reads or changes the world, past the client."""
        url = self.servers["keys_from"].removesuffix("/keys") + path
        headers = {"content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{path}: {error.read().decode()}") from error

    def session(self, dc=None):
        """A session with a fresh key of a data centre."""
        dc = dc or self.servers["home"]
        key = base64.b64decode(self.ask("/keys")["keys"][str(dc)])
        address = next(each["address"] for each in self.servers["data_centers"] if each["id"] == dc)
        host, port = address.rsplit(":", 1)
        session = MemorySession()
        session.set_dc(dc, host, int(port))
        session.auth_key = AuthKey(key)
        return session

    def client(self, session=None, **options):
        # A lost connection is tried again at once: the tests cut it on purpose.
        defaults = {"timeout": 5, "request_retries": 2, "connection_retries": 3, "retry_delay": 0}
        logger = logging.getLogger("client")
        logger.setLevel(logging.CRITICAL)
        session = session or self.session()
        return TelegramClient(session, API_ID, API_HASH, base_logger=logger, **(defaults | options))
