// Bundles every test/*.test.ts into a directory of its own and runs them with node:test.
import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = (await readdir(join(root, "test"))).filter((name) => name.endsWith(".test.ts"));
const outdir = await mkdtemp(join(tmpdir(), "torana-sdk-test-"));
let status = 1;
try {
  await esbuild.build({
    absWorkingDir: root,
    entryPoints: names.map((name) => join("test", name)),
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    format: "esm",
    platform: "node",
    target: "node20",
    sourcemap: "inline",
    external: ["typescript"],
    // Tests run from elsewhere; they find the checked-in files by this.
    define: { SDK_ROOT: JSON.stringify(root) },
    logLevel: "error",
  });
  const files = names.map((name) => join(outdir, name.replace(/\.ts$/, ".mjs")));
  const run = spawnSync(
    process.execPath,
    ["--enable-source-maps", "--test", "--test-reporter=spec", ...process.argv.slice(2), ...files],
    { stdio: "inherit", cwd: root },
  );
  status = run.status ?? 1;
} finally {
  await rm(outdir, { recursive: true, force: true });
}
process.exit(status);
