// Builds the static site: the server's page, digit.onnx, and the runtime that makes an engine of it.
//
// `npm ci --ignore-scripts && npm run build` writes it to `site`; `node build.mjs FOLDER` elsewhere.

import { createHash } from "node:crypto";
import { cp, mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const HERE = dirname(fileURLToPath(import.meta.url));
const PACKAGE = join(HERE, "..", "mnist_infer");
const PAGE = join(PACKAGE, "server", "static");
const MODEL = join(PACKAGE, "models", "picture");
const RUNTIME = join(HERE, "node_modules", "onnxruntime-web", "dist");

const MODULES = [
  "app.js",
  "answer.js",
  "api.js",
  "camera.js",
  "copy.js",
  "engine.js",
  "feedback.js",
  "kept.js",
  "occlusion.js",
  "pad.js",
  "samples.js",
];
const RUNTIME_FILES = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"];

// The page asks nobody but the place that it came from.
const FIRST = '<meta charset="utf-8">';
const HEAD = `${FIRST}
    <meta http-equiv="Content-Security-Policy" content="default-src 'self';
      script-src 'self' 'wasm-unsafe-eval'; img-src 'self' data: blob:; object-src 'none'">
    <link rel="manifest" href="manifest.webmanifest">
    <link rel="apple-touch-icon" href="icons/192.png">`;

// What needs a server is never seen here, not even until the script knows.
const BODY = "<body";

const site = process.argv[2] ?? join(HERE, "site");
await rm(site, { recursive: true, force: true });
await mkdir(site, { recursive: true });

for (const name of [...MODULES, "style.css", "icon.svg"]) {
  await cp(join(PAGE, name), join(site, "static", name));
}
for (const name of RUNTIME_FILES) await cp(join(RUNTIME, name), join(site, "runtime", name));
for (const name of ["digit.onnx", "digit.json"]) await cp(join(MODEL, name), join(site, "model", name));
await cp(join(HERE, "icons"), join(site, "icons"), { recursive: true });
await cp(join(HERE, "manifest.webmanifest"), join(site, "manifest.webmanifest"));

const page = await readFile(join(PAGE, "index.html"), "utf8");
await writeFile(join(site, "index.html"), page.replace(FIRST, HEAD).replace(BODY, `${BODY} data-engines="browser"`));

const source = await readFile(join(PACKAGE, "__init__.py"), "utf8");
const about = { version: /__version__ = "(.+)"/.exec(source)[1], engines: ["browser"] };
await writeFile(join(site, "about"), JSON.stringify(about));

// The service worker keeps all of this; its own text changes when any of it does.
const files = (await readdir(site, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(site.length + 1).replaceAll("\\", "/"))
  .sort();
const digest = createHash("sha256");
for (const name of files) digest.update(await readFile(join(site, name)));
const worker = await readFile(join(HERE, "sw.js"), "utf8");
await writeFile(
  join(site, "sw.js"),
  worker
    .replace('"VERSION"', JSON.stringify(digest.digest("hex").slice(0, 16)))
    .replace('["FILES"]', JSON.stringify(["./", ...files])),
);
