"""Checks the simulated Telegram with a client that is not ours: `scripts/test-telethon` runs it."""

import asyncio
import hashlib
import io
import os
import sys
import time

from client import API_HASH, API_ID, Sim
from telethon import errors, events, functions, types, utils

PHONE, PASSWORD = os.environ["SIM_PHONE"], os.environ["SIM_PASSWORD"]


async def logs_in_by_code_and_password(sim, client):
    sent = await client.send_code_request(PHONE)
    code = sim.ask("/code")
    try:
        await client.sign_in(PHONE, "00000" if code != "00000" else "11111", phone_code_hash=sent.phone_code_hash)
        raise AssertionError("a wrong code was taken")
    except errors.PhoneCodeInvalidError:
        pass
    try:
        await client.sign_in(PHONE, code, phone_code_hash=sent.phone_code_hash)
        raise AssertionError("the password was not asked for")
    except errors.SessionPasswordNeededError:
        pass
    try:
        await client.sign_in(password="not this one")
        raise AssertionError("a wrong password was taken")
    except errors.PasswordHashInvalidError:
        pass
    me = await client.sign_in(password=PASSWORD)
    assert me.is_self and "+" + me.phone == PHONE, me.stringify()
    assert await client.is_user_authorized()


async def logs_in_by_qr(sim, _):
    """Without the password, which owes itself: that it is asked for is what counts."""
    client = sim.client()
    await client.connect()
    login = await client.qr_login()
    waiting = asyncio.ensure_future(login.wait(10))
    await asyncio.sleep(0)
    sim.ask("/scan", url=login.url)
    try:
        await waiting
        raise AssertionError("the password was not asked for")
    except errors.SessionPasswordNeededError:
        await client.sign_in(password=PASSWORD)
    assert await client.is_user_authorized()
    await client.log_out()


async def lists_every_chat(sim, client):
    listed = {chat["id"]: chat for chat in sim.ask("/chats")}
    dialogs = await client.get_dialogs()
    dialogs += await client.get_dialogs(archived=True)
    found = {utils.resolve_id(dialog.id)[0]: dialog for dialog in dialogs}
    assert found.keys() == listed.keys(), found.keys() ^ listed.keys()
    for chat, dialog in found.items():
        assert dialog.message.id == listed[chat]["newest"], dialog.stringify()


async def reads_histories_whole(sim, client):
    read = 0
    for chat in sim.ask("/chats"):
        expected = sim.ask("/messages", chat=chat["id"])
        entity = await client.get_input_entity(peer(chat))
        messages = [message async for message in client.iter_messages(entity, wait_time=0)]
        compare(messages, expected)
        backwards = [message async for message in client.iter_messages(entity, reverse=True, wait_time=0)]
        compare(backwards, expected[::-1])
        total = (await client.get_messages(entity, limit=0)).total
        assert total == len(expected) == chat["messages"], (total, chat)
        read += len(messages)
    assert read > 500, read
    return f"{read} messages"


def compare(messages, expected):
    got = [(message.id, int(message.date.timestamp()), message.message or "") for message in messages]
    wanted = [(message["id"], message["date"], message["text"]) for message in expected]
    assert got == wanted, next((pair for pair in zip(got, wanted) if pair[0] != pair[1]), (len(got), len(wanted)))
    for message, brief in zip(messages, expected):
        for kind, thing in (("action", message.action), ("media", message.media)):
            name = thing and type(thing).__name__
            assert (name or "").lower() == brief.get(kind, "").lower(), (name, brief)


def peer(chat):
    kinds = {"user": types.PeerUser, "group": types.PeerChat, "channel": types.PeerChannel}
    return kinds[chat["kind"]](chat["id"])


async def entities_cover_what_they_name(sim, client):
    """Telethon slices by UTF-16 units: an offset that is off would cut a word."""
    covered = 0
    for chat in sim.ask("/chats"):
        async for message in client.iter_messages(await client.get_input_entity(peer(chat)), limit=200):
            for entity, text in message.get_entities_text() if message.message else []:
                if isinstance(entity, types.MessageEntityHashtag):
                    assert text == "#cassettes", text
                    covered += 1
                if isinstance(entity, types.MessageEntityMention):
                    assert text == "@tape_club", text
                    covered += 1
    assert covered > 10, covered


async def searches_find_every_match(sim, client):
    for chat in sorted(sim.ask("/chats"), key=lambda chat: -chat["messages"])[:6]:
        entity = await client.get_input_entity(peer(chat))
        texts = {message["id"]: message["text"] for message in sim.ask("/messages", chat=chat["id"])}
        word = next(word for text in texts.values() for word in text.split() if len(word) > 5 and word.isalpha())
        expected = {number for number, text in texts.items() if word.lower() in text.lower()}
        found = {message.id async for message in client.iter_messages(entity, search=word, wait_time=0)}
        assert found and found <= expected, (word, found - expected)


async def forums_have_topics(sim, client):
    seen = 0
    for dialog in await client.get_dialogs():
        if not getattr(dialog.entity, "forum", False):
            continue
        page = await client(functions.messages.GetForumTopicsRequest(dialog.input_entity, None, 0, 0, 100))
        assert page.count == len(page.topics) > 3, page.stringify()
        for topic in page.topics:
            if topic.id == 1:
                continue
            async for message in client.iter_messages(dialog.input_entity, reply_to=topic.id, wait_time=0):
                reply = message.reply_to
                is_root = message.id == topic.id and isinstance(message.action, types.MessageActionTopicCreate)
                assert is_root or topic.id in (reply.reply_to_top_id, reply.reply_to_msg_id), message.stringify()
                seen += not is_root
    assert seen > 50, seen


async def groups_that_moved_lead_on(_, client):
    dialogs = await client.get_dialogs() + await client.get_dialogs(archived=True)
    moved = 0
    for chat in (dialog.entity for dialog in dialogs):
        if isinstance(chat, types.Chat) and chat.migrated_to:
            full = await client(functions.channels.GetFullChannelRequest(chat.migrated_to))
            assert chat.deactivated and full.full_chat.migrated_from_chat_id == chat.id, full.stringify()
            last = await client.get_messages(chat, limit=1)
            assert last[0].id == full.full_chat.migrated_from_max_id
            assert last[0].action.channel_id == chat.migrated_to.channel_id
            successor = types.PeerChannel(chat.migrated_to.channel_id)
            first = await client.get_messages(successor, limit=1, reverse=True)
            assert first[0].action.chat_id == chat.id, first[0].stringify()
            moved += 1
    assert moved > 1, moved


async def downloads_what_was_sent(sim, client):
    """A generated file of its own data centre, and its small picture."""
    home, found = sim.servers["home"], set()
    for chat in sim.ask("/chats"):
        async for message in client.iter_messages(await client.get_input_entity(peer(chat)), wait_time=0):
            file = message.photo or message.document
            if not file or file.dc_id != home or (kind := message.file.mime_type) in found:
                continue
            data = await message.download_media(bytes)
            assert len(data) == message.file.size, (kind, len(data), message.file.size)
            if message.file.mime_type != "application/x-tgsticker":
                assert data[: len(HEADS[kind])] == HEADS[kind] or HEADS[kind] in data[:16], (kind, data[:16])
            found.add(kind)
    assert {"image/jpeg", "video/mp4", "audio/ogg", "audio/mpeg"} <= found, found
    return ", ".join(sorted(found))


HEADS = {
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG",
    "image/webp": b"RIFF",
    "video/mp4": b"ftyp",
    "video/webm": b"\x1a\x45\xdf\xa3",
    "audio/ogg": b"OggS",
    "audio/mpeg": b"ID3",
    "application/pdf": b"%PDF",
    "text/plain": b"List",
}


async def upload_comes_back_equal(_, client):
    for size in (1, 300_000, 11 * 1024 * 1024 + 7):
        data = hashlib.shake_128(str(size).encode()).digest(size)
        file = io.BytesIO(data)
        file.name = f"noise-{size}.bin"
        message = await client.send_file("me", file, caption=f"{size} bytes", force_document=True)
        assert message.file.size == size and message.file.name == file.name
        fetched = (await client.get_messages("me", ids=message.id)).document
        assert await client.download_media(fetched, bytes) == data, size


async def edits_and_deletes(_, client):
    message = await client.send_message("me", "Side **A**")
    assert message.raw_text == "Side A" and message.entities
    edited = await client.edit_message(message, "Side B")
    assert edited.message == "Side B" and edited.edit_date
    await client.delete_messages("me", [message.id], revoke=True)
    assert await client.get_messages("me", ids=message.id) is None


async def hears_what_is_said(sim, client):
    chats = sim.ask("/chats")
    for kind in ("user", "group", "channel"):
        chat = next(each for each in chats if each["kind"] == kind and each["title"] and each["messages"] > 20)
        heard = asyncio.get_running_loop().create_future()
        text = f"Said in a {kind} at {time.time()}"

        async def hear(event):
            if event.raw_text == text and not heard.done():
                heard.set_result(event.message)

        client.add_event_handler(hear, events.NewMessage())
        said = sim.ask("/say", chat=chat["id"], text=text)
        message = await asyncio.wait_for(heard, 10)
        client.remove_event_handler(hear)
        if kind == "channel":
            assert message.id == said["id"]
        assert utils.resolve_id(message.chat_id)[0] == chat["id"], message.stringify()


async def catches_up_after_absence(sim, client):
    """What was said while it was away comes by the differences: of the account, and of a channel."""
    chats = sim.ask("/chats")
    user = next(each for each in chats if each["kind"] == "user" and each["messages"] > 20)
    state = await client(functions.updates.GetStateRequest())
    await client.disconnect()
    texts = [f"Missed {number} at {time.time()}" for number in range(3)]
    for text in texts:
        sim.ask("/say", chat=user["id"], text=text)
    await client.connect()
    difference = await client(functions.updates.GetDifferenceRequest(state.pts, state.date, state.qts))
    missed = [message.message for message in difference.new_messages]
    assert missed == texts, (missed, texts)
    assert difference.state.pts == state.pts + 3, (state, difference.state)
    channel = next(each for each in chats if each["kind"] == "channel" and each["messages"] > 20)
    entity = await client.get_input_entity(peer(channel))
    full = await client(functions.channels.GetFullChannelRequest(entity))
    said = [sim.ask("/say", chat=channel["id"], text=text)["id"] for text in texts]
    everything = types.ChannelMessagesFilterEmpty()
    asked = functions.updates.GetChannelDifferenceRequest(entity, everything, full.full_chat.pts, 100)
    difference = await client(asked)
    assert [message.id for message in difference.new_messages] == said, difference.stringify()


async def two_clients_share_the_world(sim, client):
    """A second key of the same account hears what the first one sends."""
    other = sim.client()
    await other.connect()
    sent = await other.send_code_request(PHONE)
    try:
        await other.sign_in(PHONE, sim.ask("/code"), phone_code_hash=sent.phone_code_hash)
    except errors.SessionPasswordNeededError:
        await other.sign_in(password=PASSWORD)
    heard = asyncio.get_running_loop().create_future()

    async def hear(event):
        if not heard.done():
            heard.set_result(event.raw_text)

    other.add_event_handler(hear, events.NewMessage(pattern="To my other self"))
    await client.send_message("me", "To my other self")
    assert await asyncio.wait_for(heard, 10) == "To my other self"
    await other.log_out()


CHECKS = [
    logs_in_by_code_and_password,
    logs_in_by_qr,
    lists_every_chat,
    reads_histories_whole,
    entities_cover_what_they_name,
    searches_find_every_match,
    forums_have_topics,
    groups_that_moved_lead_on,
    downloads_what_was_sent,
    upload_comes_back_equal,
    edits_and_deletes,
    hears_what_is_said,
    catches_up_after_absence,
    two_clients_share_the_world,
]


async def main():
    sim = Sim(sys.argv[1])
    client = sim.client()
    await client.connect()
    failed = []
    for check in CHECKS:
        began = time.monotonic()
        try:
            said = await asyncio.wait_for(check(sim, client), 40)
            print(f"ok      {check.__name__} ({time.monotonic() - began:.1f} s)" + (f": {said}" if said else ""))
        except Exception as error:
            failed.append(check.__name__)
            print(f"FAILED  {check.__name__}: {type(error).__name__}: {error}")
            if check is CHECKS[0]:
                break
    await client.disconnect()
    sys.exit(f"Telethon: failed: {', '.join(failed)}" if failed else 0)


asyncio.run(main())
