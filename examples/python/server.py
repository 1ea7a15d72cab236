"""A partner's backend in one file: signs user tokens, creates transactions, serves a page with the web SDK,
verifies webhooks. One user, kept in memory: a real backend takes the user from its own login. The values
that stand in for missing variables are the demo gateway's, which are public."""
import base64, hmac, json, os, pathlib, time, urllib.error, urllib.parse, urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TORANA = os.environ.get("TORANA_URL", "http://127.0.0.1:8080")
GATEWAY = os.environ.get("GATEWAY", "gatewaydemo")
SECRET = os.environ.get("SECRET", "gatewayDemo_secret").encode()
API_SECRET = os.environ.get("API_SECRET", "gatewayDemo_secret").encode()
WEBHOOK_KEY = base64.b64decode(os.environ.get("WEBHOOK_KEY", "whsec_Z2F0ZXdheWRlbW8tcHVibGljLXdlYmhvb2sta2V5LTAwMQ==").removeprefix("whsec_"))
PORT = int(os.environ.get("PORT", "9000"))
PAGE = (pathlib.Path(__file__).parent.parent / "page.html").read_text(encoding="utf-8")
WISHES = {
    "connect": {"intent": "CONNECT"},
    "buy": {"intent": "TRANSACTION", "notes": "python example", "orderConfig": {"type": "SECURITIES", "securities": [
        {"ticker": "INFY", "quantity": 2, "type": "BUY"}, {"ticker": "ITC", "quantity": 5, "type": "BUY"}]}},
}
received: dict[str, dict] = {}  # verified webhooks by webhook-id, so that a repeated delivery counts once
user = {"id": None}  # the user's smallcaseAuthId once a broker is connected


def user_token() -> str:
    who = {"smallcaseAuthId": user["id"]} if user["id"] else {"guest": True}
    claims = {**who, "iat": int(time.time()), "exp": int(time.time()) + 3600}
    parts = [json.dumps(part, separators=(",", ":")).encode() for part in ({"alg": "HS256", "typ": "JWT"}, claims)]
    signed = b".".join(base64.urlsafe_b64encode(part).rstrip(b"=") for part in parts)
    return (signed + b"." + base64.urlsafe_b64encode(hmac.digest(SECRET, signed, "sha256")).rstrip(b"=")).decode()


def call(method: str, path: str, body: dict | None = None) -> dict:
    headers = {"x-gateway-secret": API_SECRET.decode(), "x-gateway-authtoken": user_token(), "content-type": "application/json"}
    request = urllib.request.Request(TORANA + path, json.dumps(body).encode() if body else None, headers, method=method)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["data"]
    except urllib.error.HTTPError as error:
        raise RuntimeError(": ".join(json.load(error)["errors"])) from error


def details(transaction_id: str) -> dict:
    query = urllib.parse.urlencode({"transactionId": transaction_id})
    data = call("GET", f"/v1/{GATEWAY}/engine/transactiondetails?{query}")
    user["id"] = user["id"] or data["smallcaseAuthId"]  # from here on this user's tokens are connected ones
    return data


def verified(headers, raw: bytes) -> dict | None:
    """Both proofs of a webhook: the signature over the raw bytes, and the checksum inside the body."""
    at = headers.get("webhook-timestamp", "")
    if not at.isdigit() or abs(time.time() - int(at)) > 300:
        return None
    signed = f"{headers.get('webhook-id', '')}.{at}.".encode() + raw
    expected = "v1," + base64.b64encode(hmac.digest(WEBHOOK_KEY, signed, "sha256")).decode()
    if not any(hmac.compare_digest(one.encode(), expected.encode()) for one in headers.get("webhook-signature", "").split(" ")):
        return None
    body = json.loads(raw)
    checksum = hmac.digest(API_SECRET, f"{body['timestamp']}{body['smallcaseAuthId']}".encode(), "sha256").hex()
    return body if hmac.compare_digest(checksum, body["checksum"]) else None


def answer(method: str, path: str, headers, raw: bytes) -> tuple[int, object]:
    match [method, *path.split("?")[0].strip("/").split("/")]:
        case ["POST", "webhooks"]:
            if not (body := verified(headers, raw)):
                return 401, {}
            received[headers["webhook-id"]] = body
            return 200, {}
        case ["GET", "webhooks"]: return 200, list(received.values())
        case ["GET", "token"]: return 200, {"token": user_token()}
        case ["GET", "transactions", transaction_id]: return 200, details(transaction_id)
        case ["POST", "transactions", wish] if wish in WISHES: return 200, call("POST", f"/gateway/{GATEWAY}/transaction", WISHES[wish])
        case ["GET", ""]:
            return 200, PAGE.replace("{torana}", TORANA).replace("{gateway}", GATEWAY).replace("{token}", user_token())
        case _: return 404, {"message": "no such page"}


class Handler(BaseHTTPRequestHandler):
    def handle_any(self) -> None:
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        try:
            status, body = answer(self.command, self.path, self.headers, raw)
        except (OSError, RuntimeError) as error:
            status, body = 502, {"message": str(error)}
        self.send_response(status)
        self.send_header("content-type", "text/html" if isinstance(body, str) else "application/json")
        self.end_headers()
        self.wfile.write((body if isinstance(body, str) else json.dumps(body)).encode())

    do_GET = do_POST = handle_any


if __name__ == "__main__":
    with ThreadingHTTPServer(("127.0.0.1", PORT), Handler) as server:  # it listens from here on
        print(f"python partner http://127.0.0.1:{PORT}", flush=True)
        server.serve_forever()
