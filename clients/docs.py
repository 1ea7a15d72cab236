"""What docs/kite.md prints under "A first order", run as it stands there.

Run by `scripts/test clients`, which names what it needs: TORANA_BIN, node with the packages of `clients/node`, cargo
with CLIENTS_TARGET as its target folder, and this Python with kiteconnect.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

CLIENTS = pathlib.Path(__file__).resolve().parent
PRINTED_ROOT = "http://127.0.0.1:8082"
# Of a build, in seconds.
PATIENCE = 600


class FirstOrder(unittest.TestCase):
    page = (CLIENTS.parent / "docs/kite.md").read_text(encoding="utf-8")
    section = re.search(r"^## A first order\n(.*?)^## ", page, re.M | re.S).group(1)

    @classmethod
    def setUpClass(cls):
        """A demo as the page starts it, but on free ports, with a home of its own for its data."""
        cls.home = tempfile.TemporaryDirectory()
        binary = pathlib.Path(os.environ["TORANA_BIN"]).resolve()
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("TORANA_", "XDG_"))}
        path = f"{binary.parent}{os.pathsep}{os.environ['PATH']}"
        cls.env = {**clean, "PATH": path}
        start, login = cls.blocks("sh")
        free = " ".join(f"--{name} 127.0.0.1:0" for name in ("listen", "shop", "kite"))
        command = f"exec {start.strip()} {free}"
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        cls.demo = subprocess.Popen(["sh", "-c", command], env={**cls.env, "HOME": cls.home.name}, **pipes)
        urls = dict(cls.demo.stdout.readline().split()[1:] for _ in range(3))
        cls.root = urls["kite"]
        script = f'set -e\n{login}\necho "$api_key $access_token"'
        cls.env["api_key"], cls.env["access_token"] = cls.run_command(["sh", "-c", script], HOME=cls.home.name).split()

    @classmethod
    def tearDownClass(cls):
        cls.demo.terminate()
        cls.demo.wait()
        cls.demo.stdout.close()
        cls.home.cleanup()

    @classmethod
    def blocks(cls, language):
        return re.findall(rf"^```{language}\n(.*?)^```", cls.section, re.M | re.S)

    @classmethod
    def run_command(cls, command, **env):
        done = subprocess.run(command, env={**cls.env, **env}, capture_output=True, text=True, timeout=PATIENCE)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def program(self, language):
        """The printed program, pointed to the demo of this run."""
        [block] = self.blocks(language)
        self.assertEqual(block.count(PRINTED_ROOT), 1)
        return block.replace(PRINTED_ROOT, self.root)

    def test_python(self):
        self.assertEqual(self.run_command([sys.executable, "-c", self.program("python")]), "COMPLETE\n")

    def test_javascript(self):
        # A module is resolved from where it lies.
        with tempfile.NamedTemporaryFile("w", dir=CLIENTS / "node", suffix=".mjs") as file:
            file.write(self.program("js"))
            file.flush()
            self.assertEqual(self.run_command(["node", file.name]), "COMPLETE\n")

    def test_rust(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("Cargo.toml", "Cargo.lock"):
                shutil.copy(CLIENTS / "rust" / name, folder)
            source = pathlib.Path(folder, "src/main.rs")
            source.parent.mkdir()
            source.write_text(self.program("rust"), encoding="utf-8")
            command = ["cargo", "run", "--quiet", "--locked", "--manifest-path", f"{folder}/Cargo.toml"]
            command += ["--target-dir", os.environ["CLIENTS_TARGET"]]
            self.assertEqual(self.run_command(command), "COMPLETE\n")

    def test_the_printed_versions_are_those_that_are_tested(self):
        [python] = re.findall(r"kiteconnect==(\S+?)`", self.section)
        [node] = re.findall(r"kiteconnect@(\S+?)`", self.section)[:1]
        [rust] = re.findall(r"cargo add kiteconnect@(\S+?)`", self.section)
        self.assertIn(f"KITECONNECT_VERSION={python}\n", (CLIENTS.parent / "scripts/lib/tools.sh").read_text())
        self.assertIn(f'"kiteconnect": "{node}"', (CLIENTS / "node/package.json").read_text())
        self.assertIn(f'kiteconnect = "={rust}"', (CLIENTS / "rust/Cargo.toml").read_text())


if __name__ == "__main__":
    unittest.main(verbosity=2)
