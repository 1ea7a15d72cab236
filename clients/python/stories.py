"""Whole stories, told with the official Python client, of which nothing is changed but its root.

Run by `scripts/test clients`; needs the package kiteconnect.
"""
import hashlib
import http.server
import json
import os
import pathlib
import queue
import subprocess
import tempfile
import threading
import unittest
import urllib.error
import urllib.parse
import urllib.request

from kiteconnect import KiteConnect, KiteTicker, exceptions

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = os.environ.get("TORANA_BIN", str(ROOT / "target/debug/torana"))
GATEWAY, SECRET = "gatewaydemo", "gatewayDemo_secret"
MARKET_OPEN = "2026-01-05T04:30:00.000Z"
# How long what is expected may take, in seconds.
PATIENCE = 30


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post_form(url, **fields):
    """Status and `location` of a form that is sent as a browser does."""
    try:
        opener = urllib.request.build_opener(NoRedirect)
        return opener.open(url, urllib.parse.urlencode(fields).encode()).status, None
    except urllib.error.HTTPError as error:
        return error.code, error.headers.get("location")


class Receiver(http.server.BaseHTTPRequestHandler):
    """Takes postbacks."""

    bodies: queue.Queue = queue.Queue()

    def do_POST(self):
        self.bodies.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


class Client(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.data = tempfile.TemporaryDirectory()
        cls.receiver = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
        threading.Thread(target=cls.receiver.serve_forever, daemon=True).start()
        postbacks = f"http://127.0.0.1:{cls.receiver.server_port}/postback"
        free = [word for flag in ("--listen", "--shop", "--kite") for word in (flag, "127.0.0.1:0")]
        command = [BINARY, "demo", *free, "--webhook-url", postbacks, "--data", cls.data.name, "--seed", "7"]
        clean = {name: value for name, value in os.environ.items() if not name.startswith("TORANA_")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
        cls.demo = subprocess.Popen(command, env=clean, **pipes)
        lines = [cls.demo.stdout.readline().split() for _ in range(3)]
        urls = {words[1]: words[2] for words in lines}
        cls.gateway, cls.root = urls["ready"], urls["kite"]
        cls.control("reset", {"scope": "world", "startAt": MARKET_OPEN, "freeze": True})
        terms = {"redirectUrl": "http://127.0.0.1:9/done?x=1", "postbackUrl": postbacks, "rateLimits": False}
        cls.app = cls.control("kite/apps", terms)

    @classmethod
    def tearDownClass(cls):
        cls.demo.terminate()
        cls.demo.wait()
        cls.demo.stdout.close()
        cls.receiver.shutdown()
        cls.receiver.server_close()
        cls.data.cleanup()

    @classmethod
    def control(cls, path, body):
        url = f"{cls.gateway}/torana/v1/gateways/{GATEWAY}/sandbox/{path}"
        headers = {"x-gateway-secret": SECRET, "content-type": "application/json"}
        request = urllib.request.Request(url, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return json.load(answer)["data"]

    def user(self, account):
        """A client of an account that is logged in."""
        kite = KiteConnect(api_key=self.app["api_key"], root=self.root)
        opened = self.control("kite/sessions", {"apiKey": self.app["api_key"], "account": account})
        kite.set_access_token(opened["access_token"])
        return kite

    def fresh(self, account, **more):
        self.control("accounts", {"broker": "kite", "account": account, "fundsInr": 1_000_000, **more})
        return self.user(account)

    def refused(self, kind, call, *arguments, **fields):
        with self.assertRaises(kind) as caught:
            call(*arguments, **fields)
        self.assertIs(type(caught.exception), kind, caught.exception)
        return caught.exception

    def test_a_login_as_in_the_browser(self):
        kite = KiteConnect(api_key=self.app["api_key"], root=self.root)
        page = urllib.parse.urlencode({"v": 3, "api_key": kite.api_key, "redirect_params": "a=1"})
        with urllib.request.urlopen(f"{self.root}/connect/login?{page}", timeout=60) as answer:
            self.assertIn("DEMO02", answer.read().decode())
        fields = {"api_key": kite.api_key, "redirect_params": "a=1", "account": "DEMO02"}
        status, target = post_form(f"{self.root}/connect/login", **fields)
        self.assertEqual(status, 303)
        back = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query))
        self.assertEqual((back["x"], back["a"], back["status"]), ("1", "1", "success"))
        self.refused(exceptions.TokenException, kite.generate_session, back["request_token"], "wrong")
        session = kite.generate_session(back["request_token"], self.app["api_secret"])
        self.assertEqual(session["user_id"], "DEMO02")
        self.assertEqual(kite.profile()["user_id"], "DEMO02")
        secret = self.app["api_secret"]
        self.refused(exceptions.TokenException, kite.generate_session, back["request_token"], secret)
        kite.renew_access_token(session["refresh_token"], secret)
        self.assertEqual(kite.margins("equity")["enabled"], True)
        kite.invalidate_access_token()
        self.refused(exceptions.TokenException, kite.profile)

    def test_an_order_is_placed_changed_and_cancelled(self):
        kite = self.fresh("PY01")
        terms = {"price": 1400, "validity": "DAY", "tag": "mine"}
        order = kite.place_order("regular", "NSE", "INFY", "BUY", 10, "CNC", "LIMIT", **terms)
        [row] = kite.orders()
        self.assertEqual((row["order_id"], row["status"], row["tag"]), (order, "OPEN", "mine"))
        kite.modify_order("regular", order, quantity=12, price=1410.5, order_type="LIMIT")
        last = kite.order_history(order)[-1]
        self.assertEqual((last["quantity"], last["price"]), (12, 1410.5))
        kite.cancel_order("regular", order)
        self.assertEqual(kite.order_history(order)[-1]["status"], "CANCELLED")
        self.refused(exceptions.OrderException, kite.cancel_order, "regular", order)

    def test_refusals_have_their_class(self):
        kite = self.fresh("PY02")
        buy = lambda ticker, quantity, *rest, **more: lambda: kite.place_order(
            "regular", "NSE", ticker, "BUY", quantity, *rest, **more
        )
        for call in (
            buy("NOSUCH", 5, "MIS", "MARKET"),
            buy("ITC", 5, "NRML", "MARKET"),
            buy("ITC", 5, "CNC", "LIMIT", price=400.123),
            buy("ITC", 5, "CNC", "LIMIT", price=1.0),
        ):
            self.refused(exceptions.InputException, call)
        # The client has no class of its own for these and falls back to the general one.
        self.assertIn("Insufficient funds", str(self.refused(exceptions.GeneralException, buy("INFY", 60_000, "CNC", "MARKET"))))
        self.refused(exceptions.OrderException, kite.order_history, "123")

    def test_trades_positions_and_their_conversion(self):
        kite = self.fresh("PY03")
        order = kite.place_order("regular", "NSE", "ITC", "BUY", 5, "MIS", "MARKET", market_protection=-1)
        [trade] = kite.order_trades(order)
        self.assertEqual((trade["quantity"], len(kite.trades())), (5, 1))
        self.assertEqual(kite.positions()["net"][0]["product"], "MIS")
        self.assertTrue(kite.convert_position("NSE", "ITC", "BUY", "day", 5, "MIS", "CNC"))
        self.assertEqual(kite.positions()["net"][0]["product"], "CNC")

    def test_orders_that_become_several(self):
        kite = self.fresh("PY04")
        legs = {"iceberg_legs": 3, "iceberg_quantity": 4}
        kite.place_order("iceberg", "NSE", "ITC", "BUY", 10, "CNC", "MARKET", **legs)
        parts = [row["quantity"] for row in kite.orders() if row["variety"] == "iceberg"]
        self.assertEqual(sorted(parts), [2, 4, 4])
        last = kite.positions()["net"][0]["last_price"]
        trigger = round(last * 0.97 * 20) / 20
        cover = kite.place_order("co", "NSE", "ITC", "BUY", 3, "MIS", "MARKET", trigger_price=trigger)
        self.assertEqual(len([row for row in kite.orders() if row["variety"] == "co"]), 2)
        kite.exit_order("co", cover)
        ends = [row["status"] for row in kite.orders() if row["variety"] == "co"]
        self.assertEqual(ends, ["COMPLETE", "COMPLETE"])

    def test_half_of_an_order_fills(self):
        kite = self.fresh("PY07", behaviour="partial")
        order = kite.place_order("regular", "NSE", "ITC", "BUY", 10, "CNC", "MARKET", market_protection=-1)
        last = kite.order_history(order)[-1]
        self.assertEqual((last["status"], last["filled_quantity"], last["pending_quantity"]), ("OPEN", 5, 5))

    def test_a_trigger_sends_its_order_when_the_price_is_there(self):
        kite = self.fresh("PY08")
        last = kite.ltp("NSE:SBIN")["NSE:SBIN"]["last_price"]
        below = int(last * 0.98)
        # A buy at the last price would rest: shares are offered above it.
        leg = {"transaction_type": "BUY", "quantity": 3, "order_type": "LIMIT", "product": "CNC", "price": below + 2}
        made = kite.place_gtt("single", "SBIN", "NSE", [below], last, [leg])["trigger_id"]
        self.control("prices", {"ticks": [{"ticker": "SBIN", "price": below}]})
        self.assertEqual(kite.get_gtt(made)["status"], "triggered")
        [sent] = kite.orders()
        self.assertEqual((sent["quantity"], sent["status"]), (3, "COMPLETE"))

    def test_an_app_is_told_what_happens_to_its_orders(self):
        kite = self.fresh("PY09")
        order = kite.place_order("regular", "NSE", "ITC", "BUY", 2, "CNC", "MARKET", market_protection=-1)
        body = {}
        while (body.get("order_id"), body.get("status")) != (order, "COMPLETE"):
            body = Receiver.bodies.get(timeout=PATIENCE)
        signed = order + body["order_timestamp"] + self.app["api_secret"]
        self.assertEqual(body["checksum"], hashlib.sha256(signed.encode()).hexdigest())

    def test_the_ticker_tells_prices_in_three_modes_and_orders(self):
        kite = self.fresh("PY10")
        names = ("NSE:INFY", "NSE:ITC", "NSE:RELIANCE")
        infy, itc, reliance = (kite.ltp(name)[name]["instrument_token"] for name in names)
        root = self.root.replace("http://", "ws://")
        ticker = KiteTicker(kite.api_key, kite.access_token, root=root, reconnect=False)
        heard = queue.Queue()
        ticker.on_connect = lambda ws, _: (
            ws.subscribe([infy, itc, reliance]),
            ws.set_mode(ws.MODE_LTP, [infy]), ws.set_mode(ws.MODE_QUOTE, [itc]), ws.set_mode(ws.MODE_FULL, [reliance]),
        )
        ticker.on_ticks = lambda _, ticks: [heard.put((tick["instrument_token"], tick["mode"])) for tick in ticks]
        ticker.on_order_update = lambda _, order: heard.put((order["order_id"], order["status"]))
        ticker.connect(threaded=True)
        missing = {(infy, "ltp"), (itc, "quote"), (reliance, "full")}
        while missing:
            missing.discard(heard.get(timeout=PATIENCE))
        order = kite.place_order("regular", "NSE", "ITC", "BUY", 1, "CNC", "MARKET", market_protection=-1)
        while heard.get(timeout=PATIENCE) != (order, "COMPLETE"):
            pass
        ticker.stop()

    def test_triggers(self):
        kite = self.fresh("PY05")
        leg = {"transaction_type": "BUY", "quantity": 1, "order_type": "LIMIT", "product": "CNC"}
        legs = lambda price: [{**leg, "price": price}]
        made = kite.place_gtt("single", "ITC", "NSE", [300.0], 430.0, legs(301.0))["trigger_id"]
        self.assertEqual(kite.get_gtt(made)["condition"]["trigger_values"], [300.0])
        kite.modify_gtt(made, "single", "ITC", "NSE", [305.0], 430.0, legs(306.0))
        self.assertEqual(kite.get_gtts()[0]["orders"][0]["price"], 306.0)
        kite.delete_gtt(made)

    def test_money_before_an_order(self):
        kite = self.fresh("PY06")
        order = {"exchange": "NSE", "tradingsymbol": "INFY", "transaction_type": "BUY", "variety": "regular",
                 "product": "MIS", "order_type": "MARKET", "quantity": 2, "price": 0, "trigger_price": 0}
        self.assertGreater(kite.order_margins([order])[0]["total"], 0)
        self.assertGreater(kite.basket_order_margins([order])["final"]["total"], 0)
        done = {**order, "order_id": "1", "product": "CNC", "average_price": 560}
        self.assertGreater(kite.get_virtual_contract_note([done])[0]["charges"]["total"], 0)

    def test_a_sale_that_the_depository_must_know(self):
        kite = self.user("TPIN01")
        sell = lambda: kite.place_order("regular", "NSE", "INFY", "SELL", 2, "CNC", "MARKET")
        self.assertEqual(self.refused(exceptions.GeneralException, sell).code, 428)
        headers = {"authorization": f"token {kite.api_key}:{kite.access_token}"}
        ask = urllib.request.Request(f"{self.root}/portfolio/holdings/authorise", b"isin=INE009A01021&quantity=5", headers)
        with urllib.request.urlopen(ask, timeout=60) as answer:
            request = json.load(answer)["data"]["request_id"]
        page = f"{self.root}/connect/portfolio/authorise/holdings/{kite.api_key}/{request}"
        post_form(page, tpin="123456")
        self.assertTrue(sell())


if __name__ == "__main__":
    unittest.main(verbosity=2)
