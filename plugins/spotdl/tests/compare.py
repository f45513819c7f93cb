#!/usr/bin/env python3
"""Lets spotDL itself choose from the recordings in corpus.json, and writes what it chose beside what is right.

    python3 -m venv venv && venv/bin/pip install spotdl==4.4.4
    venv/bin/python plugins/spotdl/tests/compare.py

Nothing is asked of the network: the answers of its searches are those of the corpus.
"""

import json
import logging
from pathlib import Path

from spotdl.providers.audio.base import AudioProvider
from spotdl.providers.audio.ytmusic import YouTubeMusic
from spotdl.types.result import Result
from spotdl.types.song import Song

CORPUS = Path(__file__).parent / "corpus.json"


class Recorded(YouTubeMusic):
    """Answers from the case at hand."""

    def __init__(self, case):
        AudioProvider.__init__(self)
        self.case = case

    def get_results(self, search_term, **options):
        isrc = self.case["track"]["isrc"]
        by_isrc = isrc is not None and search_term == isrc
        place = "isrc" if by_isrc else options.get("filter", "songs")
        return [result(hit, place, by_isrc, search_term) for hit in self.case.get(place, [])]

    def get_views(self, url):
        return 0


def result(hit, place, by_isrc, search_term):
    return Result(
        source="youtube-music",
        url=f"https://music.youtube.com/watch?v={hit['id']}",
        verified=place != "videos",
        name=hit["title"],
        duration=hit["seconds"],
        author=hit["artists"][0],
        artists=tuple(hit["artists"]),
        result_id=hit["id"],
        isrc_search=by_isrc,
        search_query=search_term,
        views=hit["views"],
        explicit=hit["explicit"],
        album=hit["album"],
    )


def song(track):
    # Without a length spotDL cannot work at all: there it is given that of the right recording.
    artists = track["artists"]
    return Song(
        name=track["title"], artists=artists, artist=artists[0], genres=[], disc_number=1, disc_count=1,
        album_name=track["album"], album_artist=artists[0], duration=track["seconds"] or 296, year=2000, date="2000-01-01",
        track_number=1, tracks_count=1, song_id="x", explicit=track["explicit"], publisher="", url="", isrc=track["isrc"],
        cover_url=None, copyright_text=None,
    )  # fmt: skip


def choose(case):
    url = Recorded(case).search(song(case["track"]))
    return url.rsplit("=", 1)[1] if url else None


def line(value):
    return json.dumps(value, ensure_ascii=False)


def write(cases):
    """One line for each recording."""
    texts = []
    for case in cases:
        fields = [f'    "name": {line(case["name"])}', f'    "track": {line(case["track"])}']
        for place in ("isrc", "songs", "videos"):
            if case.get(place):
                hits = ",\n".join(f"      {line(hit)}" for hit in case[place])
                fields.append(f'    "{place}": [\n{hits}\n    ]')
        fields += [f'    "best": {line(case["best"])}', f'    "spotdl": {line(case["spotdl"])}']
        texts.append("  {\n" + ",\n".join(fields) + "\n  }")
    CORPUS.write_text("[\n" + ",\n".join(texts) + "\n]\n")


def main():
    logging.disable(logging.CRITICAL)
    cases = json.loads(CORPUS.read_text())
    for case in cases:
        case["spotdl"] = choose(case)
        if case["spotdl"] != case["best"]:
            print(f"{case['name']}: spotDL takes {case['spotdl']}, right is {case['best']}")
    write(cases)
    right = sum(case["spotdl"] == case["best"] for case in cases)
    print(f"spotDL is right in {right} of {len(cases)}")


if __name__ == "__main__":
    main()
