import unittest

from logic import DROP, KEEP, REDACT, Settings, judge


class Judging(unittest.TestCase):
    def test_keeps_what_names_no_word(self):
        self.assertEqual(judge("good morning", Settings(words=["spam"])), (KEEP, "", ""))

    def test_drops_what_names_a_word(self):
        verdict, _, reason = judge("Buy SPAM now", Settings(words=["spam"]))
        self.assertEqual((verdict, reason), (DROP, "contains spam"))

    def test_blacks_out_every_place(self):
        settings = Settings(words=["spam", "цена"], redact=True)
        self.assertEqual(judge("ЦЕНА: spam, Spam!", settings)[:2], (REDACT, "███: ███, ███!"))

    def test_takes_words_as_they_are_written(self):
        self.assertEqual(judge("1+1", Settings(words=["+"]))[0], DROP)
        self.assertEqual(judge("11", Settings(words=["1."]))[0], KEEP)


if __name__ == "__main__":
    unittest.main()
