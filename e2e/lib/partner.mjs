// A partner of the demo gateway: its backend's calls, and a plain page with the SDK on an origin of its own.
import { createHmac } from "node:crypto";
import { createServer } from "node:http";

export const GATEWAY = "gatewaydemo";
const SECRET = "gatewayDemo_secret";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");

/** A user token, for a guest or for a `smallcaseAuthId`. */
export function token(smallcaseAuthId) {
  const now = Math.floor(Date.now() / 1000);
  const who = smallcaseAuthId ? { smallcaseAuthId } : { guest: true };
  const body = `${encode({ alg: "HS256", typ: "JWT" })}.${encode({ ...who, iat: now, exp: now + 3600 })}`;
  return `${body}.${createHmac("sha256", SECRET).update(body).digest("base64url")}`;
}

export class Partner {
  constructor(gateway) {
    this.gateway = gateway;
  }

  async call(method, path, jwt, body) {
    const headers = { "x-gateway-secret": SECRET, "content-type": "application/json" };
    if (jwt) headers["x-gateway-authtoken"] = jwt;
    const answer = await fetch(this.gateway + path, { method, headers, body: body && JSON.stringify(body) });
    const parsed = await answer.json();
    if (!parsed.success) throw new Error(`${method} ${path}: ${answer.status} ${parsed.errors}`);
    return parsed.data;
  }

  async create(body, jwt = token()) {
    return (await this.call("POST", `/gateway/${GATEWAY}/transaction`, jwt, body)).transactionId;
  }

  async details(id, jwt = token()) {
    return this.call("GET", `/v1/${GATEWAY}/engine/transactiondetails?transactionId=${id}`, jwt);
  }

  async rawStatus(id) {
    return (await this.details(id)).transactionDetails.rawStatus;
  }

  sandbox(path, body, jwt) {
    return this.call("POST", `/torana/v1/gateways/${GATEWAY}/sandbox/${path}`, jwt, body);
  }

  /** Connects an account without a browser and returns the `smallcaseAuthId`. */
  async connect(broker, account) {
    const jwt = token();
    const id = await this.create({ intent: "CONNECT" }, jwt);
    const data = await this.sandbox(`transactions/${id}/complete`, { decision: "approve", broker, account }, jwt);
    return data.smallcaseAuthId;
  }
}

export const basket = (...tickers) => ({
  intent: "TRANSACTION",
  notes: "e2e",
  orderConfig: { type: "SECURITIES", securities: tickers.map((ticker) => ({ ticker, quantity: 1, type: "BUY" })) },
});

// What a partner writes by hand: a script tag, the constructor, one call. It also tries to resume.
const page = (gateway) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A partner</title></head><body>
<button id="go">Go</button><script src="${gateway}/scdk/2.0.0/scdk.js"></script><script>
// The address carries what to do; the way back from a redirect keeps it.
const asked = new URLSearchParams(location.search);
const kept = { jwt: asked.get("jwt"), id: asked.get("id"), config: JSON.parse(asked.get("config") || "{}") };
const plain = (error) => ({ error: { message: error.message, code: error.code, name: error.name, data: error.data, isError: error instanceof Error } });
window.outcome = null; window.resumed = undefined;
window.gateway = new scDK({ gateway: "${GATEWAY}", smallcaseAuthToken: kept.jwt, config: kept.config });
window.go = () => window.gateway.triggerTransaction({ transactionId: kept.id }).then((result) => ({ result }), plain).then((end) => { window.outcome = end; });
document.getElementById("go").addEventListener("click", window.go);
if (window.gateway.resumeTransaction) window.gateway.resumeTransaction().then((result) => ({ result }), plain).then((end) => { window.resumed = end; });
</script></body></html>`;

/** Serves that page on a free port. `gateway` is a function, because the port is needed before it starts. */
export function servePage(gateway) {
  return new Promise((resolve) => {
    const server = createServer((request, response) => {
      const found = request.url.split("?")[0] === "/";
      response.writeHead(found ? 200 : 404, { "content-type": "text/html; charset=utf-8" });
      response.end(found ? page(gateway()) : "");
    });
    server.listen(0, "127.0.0.1", () => {
      const origin = `http://127.0.0.1:${server.address().port}`;
      const close = () => new Promise((done) => (server.closeAllConnections(), server.close(done)));
      resolve({ origin, close });
    });
  });
}
