import unittest

from logic import Settings, line, texts, utc


class Lines(unittest.TestCase):
    def test_joins_what_a_line_says(self):
        self.assertEqual(line(1_772_368_200, 7, "one\ntwo", Settings()), "2026-03-01T12:30:00\t7\tone two\n")

    def test_takes_another_separator(self):
        self.assertEqual(line(0, 0, "hi", Settings(separator=";")), "1970-01-01T00:00:00;;hi\n")

    def test_cuts_a_blob_into_texts(self):
        self.assertEqual(texts([0, 2, 2, 8], "abтес".encode()), ["ab", "", "тес"])

    def test_knows_leap_days(self):
        self.assertEqual(utc(951_782_400), "2000-02-29T00:00:00")
        self.assertEqual(utc(-1), "1969-12-31T23:59:59")


if __name__ == "__main__":
    unittest.main()
