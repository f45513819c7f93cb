"""Finds and fetches with the plugin spotdl, the real yt-dlp and the real ffmpeg; and reads the simulated search with ytmusicapi.

scripts/test-spotdl sets everything up.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import ytmusicapi.ytmusic
from ytmusicapi import YTMusic

TAPEDECK, PLUGIN, ADDRESS = sys.argv[1:]
CACHE = tempfile.TemporaryDirectory()
TOOLS = Path(sys.executable).parent
ALL = [f"http={ADDRESS},private", "run=yt-dlp", "run=ffmpeg", "kv=1MiB", "scratch=100MiB"]
HELLO = {
    "title": "Hello",
    "artists": ["Adele"],
    "album": "25",
    "album_artists": ["Adele"],
    "release_date": "2015-10-23",
    "duration": {"secs": 24, "nanos": 0},
    "track_number": 1,
    "ids": [{"scheme": "isrc", "value": "GBBKS1500214"}],
    "covers": [{"url": f"{ADDRESS}/cover.jpg", "width": 16, "height": 16}],
}


def track(title, artist, seconds, **more):
    return {"title": title, "artists": [artist], "duration": {"secs": seconds, "nanos": 0}, **more}


def call(wanted, output=None, grants=ALL, path=None, **settings):
    """What `tapedeck plugins call` answers, and what it complained about."""
    settings = {"search_url": ADDRESS, "watch_url": f"{ADDRESS}/sound/{{id}}.wav", "lyrics_url": ADDRESS, **settings}
    command = [TAPEDECK, "--json", "plugins", "call", PLUGIN, "--track", json.dumps(wanted), "--settings", json.dumps(settings)]
    # Compiled once.
    command += ["--cache", CACHE.name]
    for grant in grants:
        command += ["--grant", grant]
    if output:
        command += ["--output", str(output)]
    environment = {**os.environ, "PATH": path or f"{TOOLS}:{os.environ['PATH']}"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=300, check=False)
    return (json.loads(done.stdout) if done.returncode == 0 else None), done.stderr + done.stdout


def probe(file):
    command = ["ffprobe", "-v", "error", "-show_streams", "-show_format", "-of", "json", str(file)]
    return json.loads(subprocess.run(command, capture_output=True, check=True).stdout)


def facts(candidate):
    return dict(candidate["extra"])


def the_search_is_read_by_another_client():
    ytmusicapi.ytmusic.YTM_BASE_API = f"{ADDRESS}/youtubei/v1/"
    ytmusicapi.ytmusic.get_visitor_id = lambda *_: {"X-Goog-Visitor-Id": "simulated"}
    music = YTMusic()
    songs = music.search("mark ronson, bruno mars - uptown funk", filter="songs", ignore_spelling=True)
    song = songs[0]
    assert (song["videoId"], song["title"], song["resultType"]) == ("uptown-funk", "Uptown Funk", "song"), song
    assert [artist["name"] for artist in song["artists"]] == ["Mark Ronson", "Bruno Mars"], song
    assert (song["album"]["name"], song["duration_seconds"], song["isExplicit"]) == ("Uptown Special", 20, True), song
    videos = music.search("small band - rare song", filter="videos", ignore_spelling=True)
    assert (videos[0]["videoId"], videos[0]["views"]) == ("only-upload", "12.3K"), videos[0]
    assert music.search("nothing of this kind", filter="songs") == []


def candidates_come_with_reasons():
    found, said = call({**HELLO, "ids": []})
    assert found, said
    assert found[0]["id"] == "hello-adele" and found[0]["score"] == 100.0, found[0]
    assert facts(found[0])["scores"]["name"] == 100.0, found[0]
    why = {it["id"]: it["why"] for it in facts(found[0])["passed_over"]}
    assert why["hello-lionel"] == "another artist", why


def a_recording_arrives_with_its_tags(folder):
    file = folder / "hello.mp3"
    done, said = call(HELLO, output=file)
    assert done, said
    assert done["candidate"]["id"] == "hello-adele" and done["extension"] == "mp3", done
    seen = probe(file)
    sound = next(it for it in seen["streams"] if it["codec_type"] == "audio")
    assert sound["codec_name"] == "mp3" and abs(int(sound["bit_rate"]) - 128_000) < 2_000, sound
    assert abs(float(seen["format"]["duration"]) - 24) < 0.5, seen["format"]
    tags = {name.lower(): value for name, value in seen["format"]["tags"].items()}
    assert (tags["title"], tags["artist"], tags["album"], tags["album_artist"]) == ("Hello", "Adele", "25", "Adele"), tags
    assert (tags["track"], tags["tsrc"]) == ("1", "GBBKS1500214") and tags["date"].startswith("2015"), tags
    assert any("is it tea" in value for name, value in tags.items() if name.startswith("lyrics")), tags
    assert any(it["codec_name"] == "mjpeg" for it in seen["streams"]), seen["streams"]


def formats_are_what_they_say(folder):
    for name, codec, settings in [
        ("x.m4a", "aac", {"format": "m4a", "bitrate": "192k"}),
        ("x.opus", "opus", {"format": "opus", "bitrate": "auto"}),
        ("x.flac", "flac", {"format": "flac"}),
    ]:
        done, said = call(track("Группа крови", "Кино", 22), output=folder / name, **settings)
        assert done, said
        seen = probe(folder / name)
        assert seen["streams"][0]["codec_name"] == codec, (name, seen["streams"])
        tags = {**seen["format"].get("tags", {}), **seen["streams"][0].get("tags", {})}
        assert {key.lower(): value for key, value in tags.items()}["title"] == "Группа крови", (name, tags)
        assert done["candidate"]["id"] == "kino", done


def the_last_resort_is_an_upload(folder):
    done, said = call(track("Rare Song", "Small Band", 20), output=folder / "rare.mp3", lyrics_url="", cover=False)
    assert done and done["candidate"]["id"] == "only-upload", said


def what_is_wrong_is_said(folder):
    for wanted, grants, words in [
        (track("Cut", "Short Band", 60), ALL, "plays 5 s"),
        (track("Gone", "Lost Band", 20), ALL, "cannot be had"),
        (HELLO, [it for it in ALL if it != "run=yt-dlp"], "yt-dlp"),
        (HELLO, [it for it in ALL if it != "run=ffmpeg"], "ffmpeg"),
        (HELLO, ALL[1:], "127.0.0.1"),
    ]:
        done, said = call(wanted, output=folder / "wrong.mp3", grants=grants)
        assert done is None and words in said, (words, done, said)
    done, said = call(HELLO, output=folder / "wrong.mp3", path="/nonexistent")
    assert done is None and "install it" in said, said


def main():
    checks = [
        the_search_is_read_by_another_client,
        candidates_come_with_reasons,
        a_recording_arrives_with_its_tags,
        formats_are_what_they_say,
        the_last_resort_is_an_upload,
        what_is_wrong_is_said,
    ]
    with tempfile.TemporaryDirectory() as folder:
        for check in checks:
            began = time.monotonic()
            check(*([Path(folder)] if check.__code__.co_argcount else []))
            print(f"ok {check.__name__} ({time.monotonic() - began:.1f} s)", flush=True)


if __name__ == "__main__":
    main()
