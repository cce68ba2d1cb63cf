// The engine in this browser: digit.onnx, run by ONNX Runtime. No picture leaves the device.

import * as ort from "../runtime/ort.wasm.min.mjs";

const CUT_OUT_SIDE = 112; // pixels of the picture of the digit alone
const LARGEST_SIDE = 1024; // of a picture that is given; more tells the network nothing

ort.env.wasm.numThreads = 1; // more need special headers, and gain nothing with so small a network

const sides = ({ width, height }) => {
  const scale = Math.min(1, LARGEST_SIDE / Math.max(width, height));
  return [width, height].map((side) => Math.max(1, Math.round(side * scale)));
};

export class BrowserEngine {
  /** Milliseconds to wait for further strokes before it is asked. */
  pause = 0;
  #session;

  static async load(model) {
    const engine = new BrowserEngine();
    engine.#session = await ort.InferenceSession.create(model);
    return engine;
  }

  /** The record of a picture of one digit, a canvas or a blob, and how long it took. */
  async recognize(kind, picture) {
    const { sheet, width, height, grey, scale } = await read(picture);
    const started = performance.now();
    const { probabilities, image, box } = await this.#session.run({
      picture: new ort.Tensor("uint8", grey, [height, width]),
    });
    const milliseconds = performance.now() - started;
    return {
      record: recordOf(probabilities.data, image.data, [...box.data].map(Number), sheet, scale),
      milliseconds,
      serverMilliseconds: null,
    };
  }
}

function recordOf(probabilities, image, box, sheet, scale) {
  if (box[2] === 0) return { error: { type: "NoDigitError", message: "The picture is blank" } };
  const confidence = Math.max(...probabilities);
  return {
    digit: probabilities.indexOf(confidence),
    confidence,
    probabilities: [...probabilities],
    box: box.map((side) => side * scale),
    stages: { cleaned: cutOut(sheet, box), image: pictureOf(image) },
  };
}

/** Grey, one byte a pixel, and by what the picture was shrunk. */
async function read(picture) {
  const source = picture instanceof Blob ? await createImageBitmap(picture) : picture;
  const [width, height] = sides(source);
  const sheet = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
  sheet.fillStyle = "white";
  sheet.fillRect(0, 0, width, height);
  sheet.drawImage(source, 0, 0, width, height);
  const { data } = sheet.getImageData(0, 0, width, height);
  const grey = new Uint8Array(width * height);
  for (let pixel = 0; pixel < grey.length; pixel++) {
    const at = 4 * pixel;
    grey[pixel] = 0.299 * data[at] + 0.587 * data[at + 1] + 0.114 * data[at + 2] + 0.5;
  }
  return { sheet: sheet.canvas, width, height, grey, scale: source.width / width };
}

/** The digit alone, as the address of a picture. */
function cutOut(sheet, [x, y, width, height]) {
  const side = Math.max(width, height);
  const scale = CUT_OUT_SIDE / side;
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = CUT_OUT_SIDE;
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, CUT_OUT_SIDE, CUT_OUT_SIDE);
  const [left, top] = [(side - width) / 2, (side - height) / 2].map((gap) => gap * scale);
  context.drawImage(sheet, x, y, width, height, left, top, width * scale, height * scale);
  return canvas.toDataURL();
}

/** The 28x28 that the network saw, as the address of a picture. */
function pictureOf(image) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 28, height: 28 });
  const pixels = new ImageData(28, 28);
  image.forEach((shade, place) => pixels.data.set([shade, shade, shade, 255], 4 * place));
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas.toDataURL();
}
