// The demo as a process on free ports, with data of its own, ended with the tests.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const READY_MS = 30_000;
const LOG_BYTES_MAX = 20_000;

function binary() {
  const root = fileURLToPath(new URL("../..", import.meta.url));
  const target = process.env.CARGO_TARGET_DIR || join(root, "target");
  const path = process.env.TORANA_TEST_BINARY || join(target, "debug", "torana");
  if (!existsSync(path)) throw new Error(`there is no binary at ${path}: run cargo build -p torana-server`);
  return path;
}

function ownEnvironment() {
  const environment = { ...process.env };
  for (const name of Object.keys(environment)) if (name.startsWith("TORANA_")) delete environment[name];
  return environment;
}

/** Starts the demo. `origins` are web origins that it whitelists beside its shop, `settings` further flags. */
export async function startDemo(origins = [], settings = []) {
  const data = await mkdtemp(join(tmpdir(), "torana-e2e-"));
  const free = ["--listen", "127.0.0.1:0", "--shop", "127.0.0.1:0", "--kite", "127.0.0.1:0"];
  const flags = ["demo", ...free, "--data", data, "--seed", "7", ...origins.flatMap((origin) => ["--origin", origin]), ...settings];
  const child = spawn(binary(), flags, { stdio: ["ignore", "pipe", "pipe"], env: ownEnvironment() });
  let log = "";
  child.stderr.on("data", (part) => (log = (log + part).slice(-LOG_BYTES_MAX)));
  const urls = {};
  const ready = new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`the demo is not ready after ${READY_MS} ms: ${log}`)), READY_MS);
    child.on("exit", (code) => reject(new Error(`the demo ended with ${code}: ${log}`)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const [, name, url] = line.match(/^torana (shop|kite|ready) (\S+)$/) || [];
      if (name) urls[name] = url;
      if (name === "ready") {
        clearTimeout(timer);
        resolve();
      }
    });
  });
  const stop = async () => {
    child.removeAllListeners("exit");
    const ended = new Promise((resolve) => child.once("exit", resolve));
    if (child.exitCode === null && child.kill("SIGTERM")) {
      const impatient = setTimeout(() => child.kill("SIGKILL"), 5000);
      await ended;
      clearTimeout(impatient);
    }
    await rm(data, { recursive: true, force: true });
  };
  try {
    await ready;
  } catch (error) {
    await stop();
    throw error;
  }
  return { gateway: urls.ready, shop: urls.shop, kite: urls.kite, stop, log: () => log };
}
