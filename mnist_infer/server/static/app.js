// The page: where pictures come from, when an engine is asked, and where its answers go.

import * as answer from "./answer.js";
import { ServerEngine, about } from "./api.js";
import { Camera } from "./camera.js";
import { Pad, SIDE } from "./pad.js";

const PEN_WIDTHS = { explain: 0.06, read: 0.026 }; // shares of the canvas

const NO_SERVER = "The server does not answer; is it still running?";

const element = (id) => document.getElementById(id);
const pad = new Pad(element("ink"));
const camera = new Camera(element("viewfinder"));
const photo = element("photo");

let mode = "explain";
let given = null; // a picture that was dropped, pasted, chosen or taken; else the drawing counts
let asking = false;
let outdated = false;
let engines = {}; // "server", "browser", or both, by what the page is served with

/** The server knows photos and rows better; drawings stay in the browser where it has an engine. */
function engine() {
  const { browser, server } = engines;
  return given || mode === "read" ? (server ?? browser) : (browser ?? server);
}

/** Ask for the newest picture: one question at a time, and once more if it changed meanwhile. */
async function ask() {
  outdated = true;
  if (asking || !engine()) return;
  asking = true;
  while (outdated) {
    await new Promise((resolve) => setTimeout(resolve, engine().pause));
    outdated = false;
    await askOnce();
  }
  asking = false;
}

async function askOnce() {
  if (!given && pad.isEmpty) return;
  const [askedMode, askedPicture] = [mode, given];
  const isStale = () => askedMode !== mode || askedPicture !== given || (!given && pad.isEmpty);
  try {
    const { record, ...times } = await engine().recognize(mode, given ?? pad.picture());
    if (isStale()) return;
    show(record);
    answer.showLatency(times.milliseconds, times.serverMilliseconds);
  } catch (error) {
    tell(engine() === engines.server ? NO_SERVER : `This picture cannot be read: ${error.message}`);
  }
}

function show(record) {
  const sentence = mode === "read" ? answer.showReading(record) : answer.showDigit(record);
  answer.showBoxes(boxesOf(record), pictureSize());
  if (!pad.isDrawing) element("announcement").textContent = sentence;
}

function boxesOf(record) {
  if (mode === "read") return record.digits ?? [];
  return given && record.box ? [{ box: record.box }] : [];
}

function pictureSize() {
  if (given) return { width: photo.naturalWidth, height: photo.naturalHeight };
  return { width: SIDE, height: SIDE };
}

function tell(message) {
  answer.showFailure(message);
  element("announcement").textContent = message;
}

/** The picture has changed: forget the answers to the old one, and ask anew. */
function changed() {
  const nothing = !given && pad.isEmpty;
  element("hint").hidden = !nothing || camera.isOn;
  element("undo").disabled = Boolean(given) || pad.isEmpty;
  element("clear").disabled = nothing && !camera.isOn;
  if (nothing) {
    answer.showNothing();
    answer.showBoxes([], { width: 1, height: 1 });
    element("announcement").textContent = "";
  }
  ask();
}

async function take(picture) {
  pad.clear();
  given = picture;
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(picture);
  photo.hidden = false;
  answer.showNothing();
  answer.showBoxes([], { width: 1, height: 1 });
  // The server may know formats that this browser cannot show.
  await photo.decode().catch(() => {});
  changed();
}

function clear() {
  stopCamera();
  given = null;
  photo.hidden = true;
  pad.clear();
}

async function toggleCamera() {
  if (camera.isOn) {
    const picture = await camera.picture();
    stopCamera();
    take(picture);
    return;
  }
  try {
    await camera.start();
  } catch (error) {
    camera.stop();
    tell(`No camera to be had: ${error.message}`);
    return;
  }
  element("camera").textContent = "Take it";
  changed();
}

function stopCamera() {
  camera.stop();
  element("camera").textContent = "Camera";
}

function setMode(chosen) {
  mode = chosen;
  pad.penWidth = PEN_WIDTHS[mode];
  for (const id of ["single", "stages"]) element(id).hidden = mode === "read";
  element("page").hidden = mode !== "read";
  answer.showBoxes([], { width: 1, height: 1 });
  ask();
}

function firstPicture(transfer) {
  return [...transfer.files].find((file) => file.type.startsWith("image/"));
}

/** Get the engines that the page is served with; a page that has one of its own works offline. */
async function start() {
  const found = await about();
  answer.showAbout(found);
  const has = (name) => found.engines.includes(name);
  for (const part of document.querySelectorAll("[data-engine]")) {
    part.hidden = !has(part.dataset.engine);
  }
  if (has("server")) engines.server = new ServerEngine();
  if (has("browser")) {
    navigator.serviceWorker?.register("sw.js");
    const { BrowserEngine } = await import("./engine.js");
    engines.browser = await BrowserEngine.load("model/digit.onnx");
  }
  ask();
}

pad.addEventListener("change", changed);
element("undo").addEventListener("click", () => pad.undo());
element("clear").addEventListener("click", clear);
element("choose").addEventListener("click", () => element("file").click());
element("file").addEventListener("change", ({ target }) => {
  if (target.files[0]) take(target.files[0]);
  target.value = ""; // so that the same file can be chosen again
});
element("camera").hidden = !Camera.isAvailable;
element("camera").addEventListener("click", toggleCamera);
for (const radio of document.getElementsByName("mode")) {
  radio.addEventListener("change", () => setMode(radio.value));
  if (radio.checked) setMode(radio.value); // a browser keeps the choice when it reloads
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    clear();
  } else if (event.key === "z" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!given) pad.undo();
  }
});
document.addEventListener("paste", ({ clipboardData }) => {
  const picture = firstPicture(clipboardData);
  if (picture) take(picture);
});
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  element("pad").classList.add("dropping");
});
document.addEventListener("dragleave", (event) => {
  if (!event.relatedTarget) element("pad").classList.remove("dropping");
});
document.addEventListener("drop", (event) => {
  event.preventDefault();
  element("pad").classList.remove("dropping");
  const picture = firstPicture(event.dataTransfer);
  if (picture) take(picture);
});

answer.showNothing();
start();
