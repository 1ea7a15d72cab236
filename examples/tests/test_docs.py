"""The Python of docs/webhooks.md as printed, and the command line of docs/cli.md against the binary's own help."""
import re
import subprocess
import unittest

from binary import CLEAN, ROOT, binary


class Webhooks(unittest.TestCase):
    page = (ROOT / "docs/webhooks.md").read_text(encoding="utf-8")

    def setUp(self) -> None:
        self.code: dict = {}
        exec(re.search(r"^```python\n(.*?)^```", self.page, re.M | re.S).group(1), self.code)

    def test_signature(self) -> None:
        verify = self.code["verify_webhook"]
        key = "whsec_dG9yYW5hLXdlYmhvb2stc2lnbmluZy1rZXktMDAwMDE="
        signature = "v1,LXRmuo6NoFHKTo441k0gX16Joqu/8+QRj4F8HSBvF+4="
        headers = {"webhook-id": "msg_2b7e151628aed2a6abf71589", "webhook-timestamp": "1767605462", "webhook-signature": signature}
        raw = b'{"batchId":"60c72b2f9b1e8a0012345678","status":"COMPLETED"}'
        now = 1767605500
        self.assertTrue(verify(headers, raw, key, now))
        self.assertTrue(verify({**headers, "webhook-signature": f"v1,AAAA {signature}"}, raw, key, now))
        self.assertFalse(verify(headers, b"{}", key, now))
        self.assertFalse(verify(headers, raw, key, now + 400))
        self.assertFalse(verify({}, raw, key, now))

    def test_checksum(self) -> None:
        holds = self.code["checksum_holds"]
        body = {"timestamp": "2026-01-05T09:31:02.120Z", "smallcaseAuthId": "507f1f77bcf86cd799439011",
                "checksum": "542c9dcc1129f0facd7f4a61d9fb91117a4c43b623e365b7cb3fe80d9ae39f12"}
        self.assertTrue(holds(body, "example_api_secret"))
        self.assertFalse(holds({**body, "timestamp": "2026-01-05T09:31:02.121Z"}, "example_api_secret"))


class CommandLine(unittest.TestCase):
    """Sections of docs/cli.md are headed `## torana COMMAND` and name every flag of that command."""

    page = (ROOT / "docs/cli.md").read_text(encoding="utf-8")

    def help(self, words: list[str]) -> str:
        return subprocess.run([binary(), *words, "--help"], env=CLEAN, capture_output=True, text=True, check=True).stdout

    def commands(self, words: list[str]) -> list[list[str]]:
        """The runnable commands below `words`, from the help itself."""
        text = self.help(words)
        listed = re.search(r"^Commands:\n((?:  .*\n|\n)+)", text, re.M)
        if not listed:
            return [words]
        names = re.findall(r"^  ([a-z][a-z-]*)(?:  |$)", listed.group(1), re.M)
        return [found for name in names for found in self.commands([*words, name])]

    def test_every_command_and_flag_is_documented(self) -> None:
        sections = dict(re.findall(r"^## `torana ([a-z -]+)`\n(.*?)(?=^## |\Z)", self.page, re.M | re.S))
        commands = [" ".join(words) for words in self.commands([])]
        self.assertEqual(sorted(sections), sorted(commands))
        shared = {"--help", "--version", "--config", "--data"}
        for command, section in sections.items():
            flags = set(re.findall(r"^ +(?:-\w, )?(--[a-z-]+)(?![a-z.-])", self.help(command.split()), re.M)) - shared
            documented = set(re.findall(r"`(--[a-z-]+)", section))
            self.assertEqual(documented, flags, f"torana {command}")

    def test_every_page_that_is_linked_exists(self) -> None:
        for page in [ROOT / "README.md", ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
            for target in re.findall(r"\]\(([^)#]+?)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
                if not re.match(r"[a-z]+:", target):
                    self.assertTrue((page.parent / target).exists(), f"{page.relative_to(ROOT)} links to {target}")


if __name__ == "__main__":
    unittest.main()
