"""Runs the Python example against a demo."""
import json
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.error
import urllib.request

from binary import CLEAN, ROOT, binary

SERVER = ROOT / "examples/python/server.py"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start(command: list[str], environment: dict[str, str], prefix: str) -> tuple[subprocess.Popen, str]:
    """Starts a process and gives the rest of the first stdout line that begins with `prefix`."""
    with tempfile.TemporaryFile("w+") as log:
        process = subprocess.Popen(command, env={**CLEAN, **environment}, stdout=subprocess.PIPE, stderr=log, text=True)
        for line in process.stdout:
            if line.startswith(prefix):
                # Nobody else reads the pipe; it must not fill up.
                threading.Thread(target=process.stdout.read, daemon=True).start()
                return process, line.removeprefix(prefix).strip()
        code = process.wait()
        log.seek(0)
        raise RuntimeError(f"{command[0]} ended with {code} before it was ready: {log.read()}")


def stop(process: subprocess.Popen) -> None:
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


def ask(method: str, url: str, headers: dict[str, str] | None = None, body: object = None) -> tuple[int, object]:
    data = json.dumps(body).encode() if body is not None else None
    request = urllib.request.Request(url, data, headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def until(what: str, look, patience: float = 30):
    deadline = time.monotonic() + patience
    while not (found := look()):
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {patience} s for {what}")
        time.sleep(0.1)
    return found


class Example(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        port = free_port()
        own = f"http://127.0.0.1:{port}"
        data = tempfile.mkdtemp(prefix="torana-example-")
        cls.addClassCleanup(shutil.rmtree, data, ignore_errors=True)
        free = ["--listen", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--kite", "127.0.0.1:0"]
        command = [binary(), "demo", *free, "--data", data, "--origin", own, "--webhook-url", f"{own}/webhooks"]
        demo, cls.torana = start(command, {}, "torana ready ")
        cls.addClassCleanup(stop, demo)
        environment = {"TORANA_URL": cls.torana, "PORT": str(port)}
        partner, cls.own = start([sys.executable, str(SERVER)], environment, "python partner ")
        cls.addClassCleanup(stop, partner)

    def get(self, path: str):
        return ask("GET", self.own + path)[1]

    def approve(self, transaction_id: str) -> None:
        """What a user would do in the hosted pages, by the sandbox control API."""
        path = f"/torana/v1/gateways/gatewaydemo/sandbox/transactions/{transaction_id}/complete?waitMs=20000"
        headers = {"x-gateway-secret": "gatewayDemo_secret", "x-gateway-authtoken": self.get("/token")["token"]}
        body = {"decision": "approve", "broker": "upstox", "account": "DEMO01"}
        status, answer = ask("POST", self.torana + path, headers, body)
        self.assertEqual(status, 200, answer)

    def test_connect_buy_and_webhooks(self) -> None:
        connect = ask("POST", f"{self.own}/transactions/connect")[1]["transactionId"]
        self.assertRegex(connect, r"^TRX_[0-9a-f]{32}$")
        self.approve(connect)
        connected = self.get(f"/transactions/{connect}")
        self.assertEqual(connected["status"], "COMPLETED")
        self.assertTrue(re.fullmatch(r"[0-9a-f]{24}", connected["smallcaseAuthId"]))

        buy = ask("POST", f"{self.own}/transactions/buy")[1]["transactionId"]
        self.approve(buy)

        def completed():
            data = self.get(f"/transactions/{buy}")
            return data if data["status"] == "COMPLETED" else None

        bought = until("the orders to fill", completed)
        self.assertEqual(bought["smallcaseAuthId"], connected["smallcaseAuthId"])
        orders = bought["transactionDetails"]["success"]["data"]["batches"][0]["orders"]
        filled = [(order["tradingsymbol"], order["status"]) for order in orders]
        self.assertEqual(filled, [("INFY", "COMPLETE"), ("ITC", "COMPLETE")])

        def both():
            ours = [event for event in self.get("/webhooks") if event["transactionId"] == buy]
            return ours if len(ours) == 2 else None

        events = sorted(until("both webhooks", both), key=lambda event: event["sequence"])
        self.assertEqual([event["eventType"] for event in events], ["order.placed", "order.completed"])

    def test_forged_webhook_is_refused(self) -> None:
        before = len(self.get("/webhooks"))
        headers = {"webhook-id": "msg_forged", "webhook-timestamp": str(int(time.time())), "webhook-signature": "v1,AAAA"}
        body = {"eventType": "order.completed", "timestamp": "2026-01-05T09:31:02.120Z", "smallcaseAuthId": "0" * 24, "checksum": "00"}
        self.assertEqual(ask("POST", f"{self.own}/webhooks", headers, body)[0], 401)
        self.assertEqual(len(self.get("/webhooks")), before)

    def test_page_loads_the_sdk(self) -> None:
        with urllib.request.urlopen(self.own) as page:
            self.assertIn(f'<script src="{self.torana}/scdk/2.0.0/scdk.js">', page.read().decode())


if __name__ == "__main__":
    unittest.main()
