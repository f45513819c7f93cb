"""Sends listens to a running daemon with a client that is not ours, and reads back what became of them.

Usage: check.py URL TOKEN READ_TOKEN
"""

import json
import sys
import time
import urllib.request

import liblistenbrainz
from liblistenbrainz import errors

URL, TOKEN, READ_TOKEN = sys.argv[1:]
SPOTIFY = "http://open.spotify.com/track/1rrgWMXGCGHru5bIRxGFV0"
ISRC = "US-AA1-00-00001"


def listen(title, ago=None, **more):
    at = None if ago is None else int(time.time()) - ago
    return liblistenbrainz.Listen(
        track_name=title,
        artist_name="Ann feat. Bob",
        release_name="Album",
        listened_at=at,
        additional_info={"duration_ms": 200_000, "media_player": "check.py"},
        **more,
    )


def ask(path):
    request = urllib.request.Request(f"{URL}/api/v1/{path}", headers={"Authorization": f"Bearer {READ_TOKEN}"})
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)


def titles():
    return [play["track"]["title"] for play in ask("music/history?limit=1000")["plays"]]


def wait_for(claim, seconds=10):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if claim():
            return True
        time.sleep(0.05)
    return False


def refused(call, code):
    try:
        call()
    except errors.ListenBrainzAPIException as error:
        assert error.status_code == code, (error.status_code, error.message)
        assert error.message, "it says why"
        return True
    return False


client = liblistenbrainz.ListenBrainz(api_base_url=URL)

try:
    client.set_auth_token("td_wrong")
    sys.exit("a wrong token was taken")
except errors.InvalidAuthTokenException:
    pass
assert refused(lambda: client.submit_single_listen(listen("refused", 60)), 401)

client.set_auth_token(TOKEN)
assert titles() == [], titles()

assert client.submit_single_listen(listen("One", 3600, spotify_id=SPOTIFY, isrc=ISRC, tracknumber=3)) == {"status": "ok"}
play = ask("music/history")["plays"][0]
assert play["track"]["title"] == "One" and play["track"]["spotify_id"] == "1rrgWMXGCGHru5bIRxGFV0", play
assert play["sources"][0] == {**play["sources"][0], "source": "listenbrainz", "client": "check"}, play

many = [listen(f"Song {n}", 10_000 + n * 211) for n in range(1000)]
client.submit_multiple_listens(many)
assert len(titles()) == 1000, "a page of them"
before = ask("music/history")["total"]
client.submit_multiple_listens(list(reversed(many)))
client.submit_single_listen(listen("One", 3590, isrc=ISRC))
assert ask("music/history")["total"] == before == 1001, "telling again changes nothing"

assert refused(lambda: client.submit_single_listen(listen("Tomorrow", -90_000)), 400)
assert refused(lambda: client.submit_single_listen(listen("Long ago", int(time.time()) - 5)), 400)
assert refused(lambda: client.submit_multiple_listens(many + many[:1]), 400)
assert refused(lambda: client.submit_single_listen(listen("x", 60, tags=["t" * 65])), 400)
assert ask("music/history")["total"] == before, "what is refused leaves nothing"

client.submit_playing_now(listen("Now", isrc="USAA10000099"))
playing = lambda: (ask("music/now")["now"] or {}).get("track", {}).get("title") == "Now"
assert wait_for(playing), ask("music/now")
# The daemon was told to count a song after a second.
assert wait_for(lambda: titles()[0] == "Now"), titles()[:3]
assert wait_for(lambda: ask("runs?job=noticed")["runs"]), "the job that waits for track-started has run"

print("liblistenbrainz: tokens, listens, imports, what plays now, refusals: as with ListenBrainz")
