// Answers pictures with digit.onnx in onnxruntime-web, for `python -m benchmarks.web_parity`.
//
// `node answer.mjs digit.onnx`; to stdin, for each picture, its height and width as 32-bit integers
// (little-endian) and its grey bytes; from stdout, the digits as JSON.

import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";

import * as ort from "onnxruntime-web";

ort.env.wasm.numThreads = 1;
const session = await ort.InferenceSession.create(await readFile(process.argv[2]));

const pictures = await buffer(process.stdin);
const digits = [];
for (let at = 0; at < pictures.length; ) {
  const [height, width] = [pictures.readUInt32LE(at), pictures.readUInt32LE(at + 4)];
  at += 8;
  const grey = Uint8Array.from(pictures.subarray(at, (at += height * width)));
  const picture = new ort.Tensor("uint8", grey, [height, width]);
  const { probabilities } = await session.run({ picture });
  digits.push(probabilities.data.indexOf(Math.max(...probabilities.data)));
}
console.log(JSON.stringify(digits));
