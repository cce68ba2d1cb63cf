// What each part of the ink counts for, by occlusion: the network is asked again without it.

const SIDE = 28;
const PART = 5; // pixels a side of what is removed
const STRIDE = 3; // pixels from one part to the next, so that they overlap
const INK = 128; // brighter pixels are ink
const SURE = 1e-6; // probabilities are as good as 0 or 1 beyond this
const LEAST = [64, 68, 82]; // red, green and blue of ink that counts for nothing
const MOST = [255, 190, 60]; // and of the ink that counts most

const logOdds = (probability) => {
  const bounded = Math.min(Math.max(probability, SURE), 1 - SURE);
  return Math.log(bounded / (1 - bounded));
};

/**
 * A canvas of 28x28 where the ink is the brighter, the less likely the digit is without it.
 *
 * `picture` is what the network saw, as an image or canvas; `classify` takes such images, each as
 * 784 bytes, and gives ten probabilities for each.
 */
export async function occlusion(picture, digit, classify) {
  const image = bytesOf(picture);
  const parts = partsWithInk(image);
  const [all, ...others] = await classify([image, ...parts.map((part) => without(image, part))]);
  const losses = others.map((one) => logOdds(all[digit]) - logOdds(one[digit]));
  return coloured(image, meanLosses(parts, losses));
}

function bytesOf(picture) {
  const context = new OffscreenCanvas(SIDE, SIDE).getContext("2d", { willReadFrequently: true });
  context.drawImage(picture, 0, 0);
  const { data } = context.getImageData(0, 0, SIDE, SIDE);
  return Uint8Array.from({ length: SIDE * SIDE }, (_, place) => data[4 * place]);
}

/** The squares that hold ink, each as the places of its pixels. */
function partsWithInk(image) {
  const starts = [];
  for (let start = 0; start < SIDE; start += STRIDE) starts.push(start);
  const squares = starts.flatMap((top) => starts.map((left) => square(top, left)));
  return squares.filter((places) => places.some((place) => image[place] > INK));
}

function square(top, left) {
  const places = [];
  for (let y = top; y < Math.min(top + PART, SIDE); y++) {
    for (let x = left; x < Math.min(left + PART, SIDE); x++) places.push(SIDE * y + x);
  }
  return places;
}

function without(image, places) {
  const rest = image.slice();
  for (const place of places) rest[place] = 0;
  return rest;
}

/** For each pixel the mean over the parts that it lies in. */
function meanLosses(parts, losses) {
  const sums = new Float32Array(SIDE * SIDE);
  const counts = new Float32Array(SIDE * SIDE);
  parts.forEach((places, part) => {
    for (const place of places) {
      sums[place] += losses[part];
      counts[place] += 1;
    }
  });
  return sums.map((sum, place) => sum / Math.max(counts[place], 1));
}

function coloured(image, values) {
  const highest = Math.max(...values);
  const pixels = new ImageData(SIDE, SIDE);
  image.forEach((shade, place) => {
    const share = highest > 0 ? Math.max(values[place], 0) / highest : 0;
    const colour = LEAST.map((least, i) => (least + share * (MOST[i] - least)) * (shade / 255));
    pixels.data.set([...colour, 255], 4 * place);
  });
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.getContext("2d").putImageData(pixels, 0, 0);
  return canvas;
}
