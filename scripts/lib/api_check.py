"""Runs schemathesis against a demo with data of its own: as nobody, as a guest and as a connected user.

No answer may be a server error, and every answer must be what the OpenAPI document says.
"""
import argparse
import base64
import hashlib
import hmac
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
GATEWAY, SECRET = "gatewaydemo", "gatewayDemo_secret"
CHECKS = [
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "unsupported_method",
]
ORIGIN = "https://app.acme.example"
READY_SECONDS = 30
# Called last and alone: they take the users and transactions of the other passes away.
UPHEAVAL = "/sandbox/(reset|clock)"


def encode(value):
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def token(who):
    """A user token for two hours."""
    now = int(time.time())
    parts = [{"alg": "HS256", "typ": "JWT"}, {**who, "iat": now, "exp": now + 7200}]
    body = ".".join(encode(json.dumps(part).encode()) for part in parts)
    return f"{body}.{encode(hmac.new(SECRET.encode(), body.encode(), hashlib.sha256).digest())}"


def post(url, headers, body):
    """`data` of a POST that must succeed."""
    headers = {"content-type": "application/json", **headers}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)["data"]


def connect(base):
    """The smallcaseAuthId of a test account."""
    headers = {"x-gateway-secret": SECRET, "x-gateway-authtoken": token({"guest": True})}
    created = post(f"{base}/gateway/{GATEWAY}/transaction", headers, {"intent": "CONNECT"})
    path = f"/torana/v1/gateways/{GATEWAY}/sandbox/transactions/{created['transactionId']}/complete"
    decision = {"decision": "approve", "broker": "kite", "account": "DEMO01"}
    return post(base + path, headers, decision)["smallcaseAuthId"]


def sdk_session(base):
    """A session of the SDK's protocol."""
    headers = {"x-torana-sdk": "web/1.0.0", "origin": ORIGIN}
    body = {"smallcaseAuthToken": token({"guest": True}), "leprechaunEnabled": False}
    return post(f"{base}/torana/sdk/v1/{GATEWAY}/init", headers, body)["sdkSession"]


def run(base, name, headers, scope, examples, config):
    """One pass; returns whether it found nothing."""
    print(f"-- schemathesis as {name}", flush=True)
    command = [os.environ["SCHEMATHESIS"], "--config-file", str(config), "run", f"{base}/openapi.json"]
    command += ["--url", base, "--checks", ",".join(CHECKS), "--max-examples", str(examples)]
    command += ["--phases", "examples,coverage,fuzzing", "--seed", "7", "--workers", "1", "--continue-on-failure"]
    command += ["--generation-database", "none", "--request-timeout", "40", *scope]
    for header, value in headers.items():
        command += ["--header", f"{header}: {value}"]
    return subprocess.run(command, check=False, cwd=config.parent).returncode == 0


def own_environment():
    """The surrounding environment without settings: a test sees only its own."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TORANA_")}


def start(binary, data):
    """A demo process and its URL."""
    free = ["--listen", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--kite", "127.0.0.1:0"]
    command = [binary, "demo", *free, "--data", data, "--seed", "7", "--origin", ORIGIN]
    log = open(pathlib.Path(data).parent / "demo.log", "wb")
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, env=own_environment())
    for line in process.stdout:
        if line.startswith("torana ready "):
            return process, line.split()[2]
    sys.exit(f"the demo did not start: {(pathlib.Path(data).parent / 'demo.log').read_text()}")


def main():
    """Exit code 0 if nothing was found."""
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--examples", type=int, default=40, help="examples per operation and pass")
    examples = arguments.parse_args().examples
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    binary = os.environ.get("TORANA_TEST_BINARY") or str(target / "debug" / "torana")
    with tempfile.TemporaryDirectory(prefix="torana-api-") as folder:
        data = str(pathlib.Path(folder) / "data")
        config = pathlib.Path(folder) / "schemathesis.toml"
        config.write_text(f'[parameters]\n"path.gatewayName" = "{GATEWAY}"\n', encoding="utf-8")
        process, base = start(binary, data)
        try:
            off = ["gateway", "update", GATEWAY, "--set", "rateLimits=off", "--data", data]
            subprocess.run([binary, *off], check=True, stdout=subprocess.DEVNULL, env=own_environment())
            secret = {"x-gateway-secret": SECRET}
            guest = {**secret, "x-gateway-authtoken": token({"guest": True})}
            connected = {**secret, "x-gateway-authtoken": token({"smallcaseAuthId": connect(base)})}
            sdk = {"authorization": f"Bearer {sdk_session(base)}", "x-torana-sdk": "web/1.0.0", "origin": ORIGIN}
            calm, partner = ["--exclude-path-regex", UPHEAVAL], ["--exclude-path-regex", f"{UPHEAVAL}|^/torana/sdk/"]
            passes = [
                ("nobody", {}, calm, max(examples // 4, 5)),
                ("guest", guest, partner, examples),
                ("connected user", connected, partner, examples),
                ("SDK", sdk, ["--include-path-regex", "^/torana/sdk/"], examples),
                ("operator of the sandbox", secret, ["--include-path-regex", UPHEAVAL], examples),
            ]
            good = [run(base, name, headers, scope, count, config) for name, headers, scope, count in passes]
            alive = process.poll() is None
        finally:
            process.terminate()
            process.wait(timeout=READY_SECONDS)
    print(f"schemathesis: {sum(good)} of {len(good)} passes without a finding, server {'alive' if alive else 'DEAD'}")
    return 0 if all(good) and alive else 1


if __name__ == "__main__":
    sys.exit(main())
