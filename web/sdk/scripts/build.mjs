// Writes dist/ and prints the sizes.
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { outputs } from "./outputs.mjs";

const dist = new URL("../dist/", import.meta.url);
await mkdir(dist, { recursive: true });
for (const [name, text] of Object.entries(await outputs())) {
  await writeFile(new URL(name, dist), text);
  const gzipped = gzipSync(text, { level: 9 }).length;
  console.log(`${name}: ${Buffer.byteLength(text)} bytes, ${gzipped} gzipped`);
}
