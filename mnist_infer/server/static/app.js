// The page: where pictures come from, when an engine is asked, and where its answers go.

import * as answer from "./answer.js";
import { ServerEngine, about } from "./api.js";
import { Camera } from "./camera.js";
import { textToCopy } from "./copy.js";
import { offerFeedback } from "./feedback.js";
import { occlusion } from "./occlusion.js";
import { Pad, paint } from "./pad.js";
import { SAMPLES } from "./samples.js";

const PEN_WIDTHS = { explain: 0.06, read: 0.026 }; // shares of the canvas
const PENS = [
  ["Medium", 1],
  ["Fat", 1.7],
  ["Thin", 0.45],
];
const SAMPLE_SIDE = 112; // pixels of a sample's picture
const REST = 250; // milliseconds without a change after which there is time for more than answers

const TITLES = { explain: "Draw a digit", read: "Read digits" };
const NO_SERVER = "The server does not answer; is it still running?";

const element = (id) => document.getElementById(id);
const pad = new Pad(element("ink"));
const camera = new Camera(element("viewfinder"));
const photo = element("photo");

let mode = "explain";
let given = null; // a picture that was dropped, pasted, chosen or taken; else the drawing counts
let asking = false;
let outdated = false;
let answered = null; // the record that is shown, if it holds an answer
let resting = new AbortController(); // ends what is done only while nothing changes
let pen = 0; // the place of the pen in `PENS`
let engines = {}; // "server", "browser", or both, by what the page is served with

/** Drawings of one digit stay in the browser where it has an engine; photos and rows need more. */
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
  const [askedMode, askedPicture, asked] = [mode, given, engine()];
  const isStale = () => askedMode !== mode || askedPicture !== given || (!given && pad.isEmpty);
  const picture = given ?? pad.picture(asked.side);
  answer.showEngine(asked);
  try {
    const { record, ...times } = await asked.recognize(mode, picture);
    if (isStale()) return;
    show(record, picture);
    if (record.stages) showOcclusion(asked, record);
    answer.showLatency(times.milliseconds, times.serverMilliseconds);
  } catch (error) {
    if (isStale()) return;
    tell(asked === engines.server ? NO_SERVER : `This picture cannot be read: ${error.message}`);
  }
}

function show(record, picture) {
  const sentence =
    mode === "read"
      ? answer.showReading(record)
      : answer.showDigit(record, Boolean(engines.server));
  answer.showBoxes(boxesOf(record), sizeOf(picture));
  setAnswered(record.error ? null : record);
  if (mode === "explain" && !given && !record.error) {
    offerFeedback({ answer: record.digit, confidence: record.confidence, drawing: picture });
  }
  if (!pad.isDrawing) element("announcement").textContent = sentence;
}

/** Show what each part of the ink counts for, unless the picture changes before. */
async function showOcclusion(asked, { digit, stages }) {
  resting.abort();
  resting = new AbortController();
  const { signal } = resting;
  await new Promise((resolve) => setTimeout(resolve, REST));
  if (signal.aborted || pad.isDrawing) return;
  try {
    const classify = (images) => asked.classify(images, signal);
    const picture = await occlusion(stages.image, digit, classify);
    if (!signal.aborted) answer.showStage("occlusion", picture);
  } catch {
    // The picture has changed, or the server is busy or gone: its place stays empty.
  }
}

function boxesOf(record) {
  if (mode === "read") return [...(record.digits ?? []), ...(record.unread ?? [])];
  return given && record.box ? [{ box: record.box }] : [];
}

function sizeOf(picture) {
  if (given) return { width: photo.naturalWidth, height: photo.naturalHeight };
  return picture;
}

function tell(message) {
  answer.showFailure(message);
  setAnswered(null);
  element("announcement").textContent = message;
}

function setAnswered(record) {
  answered = record;
  offerFeedback(null);
  for (const button of document.querySelectorAll("[data-copy]")) button.disabled = !record;
}

/** The picture has changed: forget the answers to the old one, and ask anew. */
function changed() {
  resting.abort();
  const nothing = !given && pad.isEmpty;
  element("hint").hidden = !nothing || camera.isOn;
  element("undo").disabled = Boolean(given) || pad.isEmpty;
  element("redo").disabled = Boolean(given) || !pad.canRedo;
  element("clear").disabled = nothing && !camera.isOn;
  if (nothing) {
    answer.showNothing();
    answer.showBoxes([], { width: 1, height: 1 });
    setAnswered(null);
    element("announcement").textContent = "";
  }
  ask();
}

async function take(picture) {
  pad.clear();
  given = picture;
  URL.revokeObjectURL(photo.src);
  photo.src = URL.createObjectURL(picture);
  answer.showNothing();
  answer.showBoxes([], { width: 1, height: 1 });
  setAnswered(null);
  // The server may know formats that this browser cannot show.
  const isShown = await photo.decode().then(() => true, () => false);
  if (given !== picture) return;
  photo.hidden = !isShown;
  element("refused").hidden = isShown;
  element("refused").textContent = `${picture.name ?? "This file"} cannot be shown`;
  changed();
}

function clear() {
  stopCamera();
  given = null;
  photo.hidden = element("refused").hidden = true;
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
  element("camera").querySelector("span").textContent = "Take it";
  changed();
}

function stopCamera() {
  camera.stop();
  element("camera").querySelector("span").textContent = "Camera";
}

function setMode(chosen) {
  resting.abort();
  mode = chosen;
  document.body.dataset.mode = mode;
  element("title").textContent = TITLES[mode];
  setPen(pen);
  element("single").hidden = mode === "read";
  element("page").hidden = mode !== "read";
  setAnswered(null);
  answer.showBoxes([], { width: 1, height: 1 });
  ask();
}

function setPen(place) {
  pen = place % PENS.length;
  const [name, factor] = PENS[pen];
  element("pen").setAttribute("aria-label", `Pen: ${name}`);
  element("pen").style.setProperty("--pen", factor);
  pad.penWidth = PEN_WIDTHS[mode] * factor;
}

function setErasing(isErasing) {
  pad.isErasing = isErasing;
  element("eraser").setAttribute("aria-pressed", isErasing);
}

async function copy(form) {
  await navigator.clipboard.writeText(textToCopy(form, mode, answered));
  element("announcement").textContent = "Copied";
  const button = document.querySelector(`[data-copy=${form}]`);
  button.classList.add("done");
  setTimeout(() => button.classList.remove("done"), 1200);
}

function offerSample({ name, strokes }) {
  const button = document.createElement("button");
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SAMPLE_SIDE;
  button.type = "button";
  button.setAttribute("aria-label", `Draw ${name}`);
  button.append(canvas);
  element("sample-list").append(button);
  // The picture is a mask, which the style sheet gives the colour of the ink.
  paint(canvas.getContext("2d"), SAMPLE_SIDE, "#808080", strokes);
  button.addEventListener("click", () => {
    clear();
    pad.show(strokes);
    element("ink").focus({ focusVisible: false }); // the samples hide
  });
}

function firstPicture(transfer) {
  return [...transfer.files].find((file) => file.type.startsWith("image/"));
}

/** Get the engines that the page is served with; a page that has one of its own works offline. */
async function start() {
  const found = await about();
  element("version").textContent = `mnist-infer ${found.version}`;
  const has = (name) => found.engines.includes(name);
  if (has("server")) {
    engines.server = new ServerEngine(found);
  } else {
    navigator.serviceWorker?.register("sw.js"); // keeps the page, so that it opens offline
  }
  if (has("browser")) await startBrowserEngine();
  if (engine()) answer.showEngine(engine());
  ask();
}

async function startBrowserEngine() {
  try {
    const { BrowserEngine } = await import("./engine.js");
    engines.browser = await BrowserEngine.load("model/digit.onnx");
  } catch (error) {
    if (!engines.server) tell(`This browser cannot run the network: ${error.message}`);
  }
}

pad.addEventListener("change", changed);
element("undo").addEventListener("click", () => pad.undo());
element("redo").addEventListener("click", () => pad.redo());
element("eraser").addEventListener("click", () => setErasing(!pad.isErasing));
element("pen").addEventListener("click", () => setPen(pen + 1));
element("read-all").addEventListener("click", () => {
  const radio = document.querySelector("[name=mode][value=read]");
  radio.checked = true;
  setMode("read");
});
for (const button of document.querySelectorAll("[data-copy]")) {
  button.addEventListener("click", () => copy(button.dataset.copy));
}
// Browsers have a clipboard only on https and on this machine.
document.querySelector(".copy").hidden = !navigator.clipboard;
for (const sample of SAMPLES) offerSample(sample);
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

for (const change of ["online", "offline"]) {
  addEventListener(change, () => engine() && answer.showEngine(engine()));
}
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") {
    clear();
  } else if (event.key.toLowerCase() === "z" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!given) event.shiftKey ? pad.redo() : pad.undo();
  } else if (event.key === "y" && (event.ctrlKey || event.metaKey)) {
    event.preventDefault();
    if (!given) pad.redo();
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
