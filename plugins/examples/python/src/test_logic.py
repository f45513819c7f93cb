import json
import unittest
from pathlib import Path

from logic import DROP, KEEP, REDACT, Settings, judge

CASES = Path(__file__).resolve().parents[1] / "cases.json"
VERDICTS = {"keep": KEEP, "drop": DROP, "redact": REDACT}


class Judging(unittest.TestCase):
    def test_agrees_with_all_cases(self):
        for case in json.loads(CASES.read_text()):
            with self.subTest(case["says"]):
                verdict, text, _ = judge(case["text"], case.get("hidden", []), Settings(**case["settings"]))
                self.assertEqual(verdict, VERDICTS[case["verdict"]])
                self.assertEqual(text, case.get("result", ""))

    def test_says_why(self):
        _, _, reason = judge("www.a.org http://b.org:80/", [], Settings())
        self.assertEqual(reason, "links to b.org, www.a.org")


if __name__ == "__main__":
    unittest.main()
