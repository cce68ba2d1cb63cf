// The bundled model in Node, without Python: `npm install --ignore-scripts && node classify.js`.
//
// `node classify.js [MODEL.onnx [PIXELS]]` prints the digit and its probability for every 28x28 image
// in PIXELS, a file of raw bytes (784 an image, white ink on black). Without PIXELS it draws a seven.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import ort from "onnxruntime-node";

const SIDE = 28;
const DEFAULT_MODEL = fileURLToPath(
  new URL("../../mnist_infer/models/dense-512x2.onnx", import.meta.url),
);

/** A seven as MNIST would hold it: 20 pixels high, three wide strokes, soft edges. */
function seven() {
  const pixels = new Uint8Array(SIDE * SIDE);
  const stroke = (x0, y0, x1, y1) => {
    for (let y = 0; y < SIDE; y++) {
      for (let x = 0; x < SIDE; x++) {
        const along = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / ((x1 - x0) ** 2 + (y1 - y0) ** 2);
        const t = Math.min(1, Math.max(0, along));
        const distance = Math.hypot(x - x0 - t * (x1 - x0), y - y0 - t * (y1 - y0));
        const ink = 255 * Math.min(1, Math.max(0, 2 - distance));
        pixels[y * SIDE + x] = Math.max(pixels[y * SIDE + x], ink);
      }
    }
  };
  stroke(8, 6, 19, 6);
  stroke(19, 6, 12, 23);
  return pixels;
}

const [model = DEFAULT_MODEL, file] = process.argv.slice(2);
const pixels = file ? new Uint8Array(await readFile(file)) : seven();
const count = pixels.length / (SIDE * SIDE);

const session = await ort.InferenceSession.create(model, { intraOpNumThreads: 1 });
const image = new ort.Tensor("uint8", pixels, [count, SIDE, SIDE]);
const { probabilities } = await session.run({ image });

for (let row = 0; row < count; row++) {
  const ten = [...probabilities.data.slice(10 * row, 10 * (row + 1))];
  const best = Math.max(...ten);
  console.log(ten.indexOf(best), best.toFixed(6));
}
