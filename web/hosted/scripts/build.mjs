// Writes dist/flow.js and prints its size.
import { mkdir, writeFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import { bundle, distFile } from "./bundle.mjs";

const text = await bundle();
await mkdir(new URL(".", distFile), { recursive: true });
await writeFile(distFile, text);
console.log(`flow.js: ${text.length} bytes, ${gzipSync(text, { level: 9 }).length} gzipped`);
