// Starts `torana demo` on free ports with a data directory of its own, for the tests of the examples.
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));

export function binary() {
  const candidates = [process.env.TORANA_BIN, join(root, "target/debug/torana"), join(root, "target/release/torana")];
  const found = candidates.find((path) => path && existsSync(path));
  if (!found) throw new Error("no binary to test: run `cargo build`, or set TORANA_BIN to its path");
  return found;
}

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

// The environment without TORANA_...: the binary reads such variables as settings.
const clean = Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith("TORANA_")));

// Starts a process and resolves with the rest of the first stdout line that begins with `prefix`. `lines` are those
// that were printed until then.
export function start(command, args, environment, prefix) {
  const child = spawn(command, args, { env: { ...clean, ...environment }, stdio: ["ignore", "pipe", "pipe"] });
  let said = "";
  const lines = [];
  child.stderr.on("data", (part) => { said += part; });
  const ready = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${command} ended with ${code} before it was ready: ${said}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines.push(line);
      if (line.startsWith(prefix)) resolve(line.slice(prefix.length));
    });
  });
  ready.catch(() => {}); // who waits for it sees the failure; who does not need not handle it
  return { child, ready, lines };
}

export async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise((resolve) => child.once("exit", resolve));
  child.kill();
  await ended;
}

// A demo that knows a partner at http://127.0.0.1:PORT. `kite` is the address of its Kite interface.
export async function startDemo(port) {
  const data = mkdtempSync(join(tmpdir(), "torana-example-"));
  const own = `http://127.0.0.1:${port}`;
  const free = ["--listen", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--kite", "127.0.0.1:0"];
  const args = ["demo", ...free, "--data", data, "--origin", own, "--webhook-url", `${own}/webhooks`];
  const { child, ready, lines } = start(binary(), args, {}, "torana ready ");
  const end = async () => {
    await stop(child);
    rmSync(data, { recursive: true, force: true });
  };
  const url = await ready.catch(async (error) => {
    await end();
    throw error;
  });
  const kite = lines.find((line) => line.startsWith("torana kite ")).slice("torana kite ".length);
  return { url, kite, end };
}

export async function until(what, look, patienceMs = 30_000) {
  const deadline = Date.now() + patienceMs;
  for (;;) {
    const found = await look();
    if (found) return found;
    if (Date.now() > deadline) throw new Error(`waited ${patienceMs} ms for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
