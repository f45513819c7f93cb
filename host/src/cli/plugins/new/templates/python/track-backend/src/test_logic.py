import unittest

from logic import Settings, address, is_mp3


class Addresses(unittest.TestCase):
    def test_names_the_isrc(self):
        ids = [("spotify", "4cOdK2wGLETKBW3PvgPWqT"), ("isrc", "gbarl9300135")]
        self.assertEqual(address(ids, Settings()), "https://music.example.com/GBARL9300135.mp3")

    def test_has_none_without_an_isrc(self):
        self.assertIsNone(address([("spotify", "4cOdK2wGLETKBW3PvgPWqT")], Settings()))

    def test_takes_no_page_for_music(self):
        self.assertTrue(is_mp3(b"ID3\x03"))
        self.assertTrue(is_mp3(b"\xff\xfb\x90\x00"))
        self.assertFalse(is_mp3(b"<!doctype html>"))
        self.assertFalse(is_mp3(b""))


if __name__ == "__main__":
    unittest.main()
