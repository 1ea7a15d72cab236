// A partner's backend in one file: signs user tokens, creates transactions, serves a page with the web SDK,
// verifies webhooks. One user, kept in memory: a real backend takes the user from its own login. The values
// that stand in for missing variables are the demo gateway's, which are public.
import { createHmac, timingSafeEqual } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";

const env = process.env;
const torana = env.TORANA_URL ?? "http://127.0.0.1:8080";
const gateway = env.GATEWAY ?? "gatewaydemo";
const secret = env.SECRET ?? "gatewayDemo_secret";
const apiSecret = env.API_SECRET ?? "gatewayDemo_secret";
const webhookKey = Buffer.from((env.WEBHOOK_KEY ?? "whsec_Z2F0ZXdheWRlbW8tcHVibGljLXdlYmhvb2sta2V5LTAwMQ==").replace("whsec_", ""), "base64");
const port = Number(env.PORT ?? 9000);
const template = readFileSync(new URL("../page.html", import.meta.url), "utf8");

const wishes = {
  connect: { intent: "CONNECT" },
  buy: { intent: "TRANSACTION", notes: "node example", orderConfig: { type: "SECURITIES", securities: [
    { ticker: "INFY", quantity: 2, type: "BUY" }, { ticker: "ITC", quantity: 5, type: "BUY" }] } },
};
const received = new Map(); // verified webhooks by webhook-id, so that a repeated delivery counts once
let authId = null; // the user's smallcaseAuthId once a broker is connected

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const hmac = (key, text) => createHmac("sha256", key).update(text);
const equal = (a, b) => a.length === b.length && timingSafeEqual(a, b);

function userToken() {
  const iat = Math.floor(Date.now() / 1000);
  const who = authId ? { smallcaseAuthId: authId } : { guest: true };
  const signed = `${base64url({ alg: "HS256", typ: "JWT" })}.${base64url({ ...who, iat, exp: iat + 3600 })}`;
  return `${signed}.${hmac(secret, signed).digest("base64url")}`;
}

async function call(method, path, body) {
  const headers = { "x-gateway-secret": apiSecret, "x-gateway-authtoken": userToken(), "content-type": "application/json" };
  const answer = await fetch(torana + path, { method, headers, body: body && JSON.stringify(body), signal: AbortSignal.timeout(10_000) });
  const { success, errors, data } = await answer.json();
  if (!success) throw new Error(errors.join(": "));
  return data;
}

async function details(id) {
  const data = await call("GET", `/v1/${gateway}/engine/transactiondetails?transactionId=${encodeURIComponent(id)}`);
  authId ??= data.smallcaseAuthId; // from here on this user's tokens are connected ones
  return data;
}

// Both proofs of a webhook: the signature over the raw bytes, and the checksum inside the body.
function verified(headers, raw) {
  const { "webhook-id": id = "", "webhook-timestamp": at = "", "webhook-signature": signatures = "" } = headers;
  if (!(Math.abs(Date.now() / 1000 - Number(at)) < 300)) return null;
  const expected = hmac(webhookKey, Buffer.concat([Buffer.from(`${id}.${at}.`), raw])).digest();
  const isSigned = signatures.split(" ").some((one) => one.startsWith("v1,") && equal(Buffer.from(one.slice(3), "base64"), expected));
  const body = isSigned ? JSON.parse(raw) : {};
  const checksum = hmac(apiSecret, `${body.timestamp}${body.smallcaseAuthId}`).digest();
  return equal(Buffer.from(`${body.checksum}`, "hex"), checksum) ? body : null;
}

const page = () => template.replaceAll("{torana}", torana).replaceAll("{gateway}", gateway).replaceAll("{token}", userToken());

async function answer(request, raw) {
  const [, first, second] = request.url.split("?")[0].split("/");
  if (first === "webhooks" && request.method === "POST") {
    const body = verified(request.headers, raw);
    if (body) received.set(request.headers["webhook-id"], body);
    return [body ? 200 : 401, {}];
  }
  if (first === "webhooks") return [200, [...received.values()]];
  if (first === "token") return [200, { token: userToken() }];
  if (first === "transactions" && request.method === "GET") return [200, await details(second)];
  if (first === "transactions" && Object.hasOwn(wishes, second)) return [200, await call("POST", `/gateway/${gateway}/transaction`, wishes[second])];
  return first === "" ? [200, page()] : [404, { message: "no such page" }];
}

createServer(async (request, response) => {
  const raw = Buffer.concat(await request.toArray());
  const [status, body] = await answer(request, raw).catch((error) => [502, { message: error.message }]);
  const isPage = typeof body === "string";
  response.writeHead(status, { "content-type": isPage ? "text/html" : "application/json" }).end(isPage ? body : JSON.stringify(body));
}).listen(port, "127.0.0.1", () => console.log(`node partner http://127.0.0.1:${port}`));
