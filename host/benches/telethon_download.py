"""Downloads one file with Telethon and says how long it took: wall and CPU seconds.

Called by files.rs with what its simulated Telegram says of itself, and a folder.
"""

import asyncio
import base64
import json
import sys
import time
from pathlib import Path

import cryptg  # noqa: F401  Telethon is several times slower without it.
from telethon import TelegramClient
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession
from telethon.tl.types import InputDocumentFileLocation


async def main():
    hello = json.loads(sys.argv[1])
    path = Path(sys.argv[2]) / "telethon"
    centers = hello["servers"]["data_centers"]
    address = next(center["address"] for center in centers if center["id"] == hello["dc"])
    host, port = address.rsplit(":", 1)
    session = MemorySession()
    session.set_dc(hello["dc"], host, int(port))
    session.auth_key = AuthKey(base64.b64decode(hello["keys"][1]))
    client = TelegramClient(session, 12345, "0123456789abcdef0123456789abcdef")
    await client.connect()
    reference = base64.b64decode(hello["reference"])
    location = InputDocumentFileLocation(hello["id"], hello["access_hash"], reference, "")
    wall, cpu = time.perf_counter(), time.process_time()
    await client.download_file(
        location, str(path), part_size_kb=512, file_size=hello["size"], dc_id=hello["dc"]
    )
    print(time.perf_counter() - wall, time.process_time() - cpu)
    assert path.stat().st_size == hello["size"]
    path.unlink()
    await client.disconnect()


asyncio.run(main())
