// The engine in this browser: digit.onnx, run by ONNX Runtime. No picture leaves the device.

import * as ort from "../runtime/ort.wasm.min.mjs";

const CUT_OUT_SIDE = 112; // pixels of the picture of the digit alone
const CUT_OUT_MARGIN = 0.12; // on each side, as a share of the digit's longer one
const LARGEST_SIDE = 1024; // of a picture that is given; more tells the network nothing

ort.env.wasm.numThreads = 1; // more need special headers, and gain nothing with so small a network

export class BrowserEngine {
  /** Milliseconds to wait for further strokes before it is asked: until the next frame is drawn. */
  pause = 16;

  /** Pixels a side of a drawing that it is asked for: more give the same digits, later. */
  side = 168;

  #session;
  #threshold;

  /** Load the network at this address, whose JSON stands beside it. */
  static async load(address) {
    const engine = new BrowserEngine();
    const response = await fetch(address.replace(/onnx$/, "json"));
    const { name, version, recommended_threshold } = await response.json();
    engine.model = `${name} ${version}`;
    engine.#threshold = recommended_threshold;
    engine.#session = await ort.InferenceSession.create(address);
    return engine;
  }

  /** Where answers come from, for the visitor. */
  get place() {
    return navigator.onLine
      ? "Answered in your browser: nothing is sent."
      : "Offline: answered in your browser.";
  }

  /** The record of a picture of one digit, a canvas or a blob, and how long it took. */
  async recognize(kind, picture) {
    const started = performance.now();
    const isDrawing = picture instanceof HTMLCanvasElement;
    const { sheet, scale } = isDrawing ? { sheet: picture, scale: 1 } : await shrunk(picture);
    const grey = greyOf(sheet);
    const outputs = await this.#session.run({
      picture: new ort.Tensor("uint8", grey, [sheet.height, sheet.width]),
    });
    const milliseconds = performance.now() - started;
    const [probabilities, image, box] = ["probabilities", "image", "box"].map((name) => [
      ...outputs[name].data,
    ]);
    const record =
      isDrawing && hasSeveralDigits(grey, sheet.width)
        ? refusal("SeveralDigitsError", "more than one digit is on the drawing")
        : this.#record(probabilities, image, box.map(Number), { sheet, scale, isDark: grey[0] > 127 });
    return { record, milliseconds, serverMilliseconds: null };
  }

  #record(probabilities, image, box, { sheet, scale, isDark }) {
    if (box[2] === 0) return refusal("NoDigitError", "the picture is blank");
    const confidence = Math.max(...probabilities);
    return {
      digit: probabilities.indexOf(confidence),
      confidence,
      uncertain: confidence < this.#threshold,
      probabilities,
      box: box.map((side) => side * scale),
      stages: {
        foreground: cutOut(sheet, isDark, [0, 0, sheet.width, sheet.height]),
        cleaned: cutOut(sheet, isDark, box),
        image: pictureOf(image),
      },
    };
  }

  /** The ten probabilities of each image of 28x28 bytes; the page can be used meanwhile. */
  async classify(images, signal) {
    const rows = [];
    for (const image of images) {
      await new Promise((resolve) => setTimeout(resolve));
      signal.throwIfAborted();
      const picture = new ort.Tensor("uint8", image, [28, 28]);
      const { probabilities } = await this.#session.run({ picture }, ["probabilities"]);
      rows.push(probabilities.data);
    }
    return rows;
  }
}

const refusal = (type, message) => ({ error: { type, message } });

/** Whether black ink on white falls into parts side by side, of which two are about as high. */
function hasSeveralDigits(grey, width) {
  const parts = []; // the first and the last row of each
  let part = null;
  for (let x = 0; x < width; x++) {
    let isInk = false;
    for (let at = x, y = 0; at < grey.length; at += width, y++) {
      if (grey[at] > 127) continue;
      if (!part) parts.push((part = { top: y, bottom: y }));
      isInk = true;
      part.top = Math.min(part.top, y);
      part.bottom = Math.max(part.bottom, y);
    }
    if (!isInk) part = null;
  }
  const heights = parts.map(({ top, bottom }) => bottom - top + 1);
  const tallest = Math.max(...heights);
  return heights.filter((height) => height >= tallest / 2).length > 1;
}

/** A picture file on a canvas, no larger than the network can use, and by what it was shrunk. */
async function shrunk(file) {
  const source = await createImageBitmap(file);
  const scale = Math.max(1, Math.max(source.width, source.height) / LARGEST_SIDE);
  const [width, height] = [source.width, source.height].map((side) =>
    Math.max(1, Math.round(side / scale)),
  );
  const sheet = new OffscreenCanvas(width, height);
  const context = sheet.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, width, height);
  context.drawImage(source, 0, 0, width, height);
  return { sheet, scale };
}

/** The grey of a canvas, one byte a pixel. */
function greyOf(sheet) {
  const { width, height } = sheet;
  const { data } = sheet.getContext("2d").getImageData(0, 0, width, height);
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const at = 4 * pixel;
    grey[pixel] = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2] + 0.5;
  }
  return grey;
}

/** A part of a picture on a canvas, as bright ink on black as the server shows it. */
function cutOut(sheet, isDark, [x, y, width, height]) {
  const side = Math.max(width, height) * (1 + 2 * CUT_OUT_MARGIN);
  const scale = CUT_OUT_SIDE / side;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CUT_OUT_SIDE;
  const context = canvas.getContext("2d");
  context.fillStyle = isDark ? "white" : "black";
  context.fillRect(0, 0, CUT_OUT_SIDE, CUT_OUT_SIDE);
  const [left, top] = [(side - width) / 2, (side - height) / 2].map((gap) => gap * scale);
  context.drawImage(sheet, x, y, width, height, left, top, width * scale, height * scale);
  if (isDark) {
    context.globalCompositeOperation = "difference"; // from white: the negative
    context.fillRect(0, 0, CUT_OUT_SIDE, CUT_OUT_SIDE);
  }
  return canvas;
}

/** The 28x28 that the network saw, on a canvas. */
function pictureOf(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
  const pixels = new ImageData(28, 28);
  image.forEach((shade, place) => pixels.data.set([shade, shade, shade, 255], 4 * place));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
