// A demo with an app of the Kite interface, and what a story needs beside the official client.
import { createServer } from "node:http";
import { freePort, startDemo, until } from "../../examples/tests/demo.mjs";
import { KiteConnect } from "kiteconnect";

const headers = { "x-gateway-secret": "gatewayDemo_secret", "content-type": "application/json" };
// Monday, 10:00 in India; the clock stands still there.
const marketOpen = { scope: "world", startAt: "2026-01-05T04:30:00.000Z", freeze: true };

export async function startApp() {
  const postbacks = await receive();
  const demo = await startDemo(postbacks.port);
  const control = async (path, body) => {
    const url = `${demo.url}/torana/v1/gateways/gatewaydemo/sandbox/${path}`;
    const answer = await fetch(url, { method: "POST", headers, body: JSON.stringify(body) });
    const read = await answer.json();
    if (!answer.ok) throw new Error(`${path}: ${JSON.stringify(read)}`);
    return read.data;
  };
  const end = async () => {
    postbacks.server.close();
    await demo.end();
  };
  await control("reset", marketOpen);
  const terms = { redirectUrl: "http://127.0.0.1:9/done?x=1", postbackUrl: postbacks.url, rateLimits: false };
  const { api_key, api_secret } = await control("kite/apps", terms);
  const client = () => new KiteConnect({ api_key, root: demo.kite });
  // A client of an account that is logged in.
  const user = async (account) => {
    const kite = client();
    kite.setAccessToken((await control("kite/sessions", { apiKey: api_key, account })).access_token);
    return kite;
  };
  // A form of a page, sent as a browser does that follows no redirect.
  const postForm = (path, fields) =>
    fetch(demo.kite + path, { method: "POST", body: new URLSearchParams(fields), redirect: "manual" });
  return { root: demo.kite, api_key, api_secret, control, client, user, postForm, postbacks, end };
}

// A receiver of postbacks; the demo allows addresses of the host and port that it was told.
async function receive() {
  const port = await freePort();
  const bodies = [];
  const server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    bodies.push(JSON.parse(Buffer.concat(parts)));
    response.end();
  });
  await new Promise((resolve) => server.listen(port, "127.0.0.1", resolve));
  const find = (id, status) => bodies.find((body) => body.order_id === id && body.status === status);
  const about = (id, status) => until(`a postback about ${id}, ${status}`, () => find(id, status));
  return { port, url: `http://127.0.0.1:${port}/postback`, server, about };
}
