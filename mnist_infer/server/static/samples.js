// Drawings to try, by our own hand: strokes as the pad keeps them, in shares of the canvas.

const stroke = (width, ...points) => ({
  width,
  points: points.map(([x, y]) => ({ x, y, pressure: 0.5 })),
});

/** What each sample shows, and its strokes. */
export const SAMPLES = [
  {
    name: "a three",
    strokes: [
      stroke(0.06, [0.3, 0.27], [0.4, 0.18], [0.6, 0.17], [0.68, 0.3], [0.6, 0.44], [0.46, 0.48],
        [0.64, 0.52], [0.73, 0.66], [0.64, 0.82], [0.46, 0.87], [0.28, 0.78]),
    ],
  },
  {
    name: "a thin five",
    strokes: [
      stroke(0.02, [0.66, 0.2], [0.42, 0.21]),
      stroke(0.02, [0.42, 0.21], [0.38, 0.48]),
      stroke(0.02, [0.38, 0.48], [0.5, 0.42], [0.64, 0.46], [0.7, 0.6], [0.62, 0.76], [0.46, 0.82],
        [0.32, 0.77]),
    ],
  },
  {
    name: "a fat eight, off the middle",
    strokes: [
      stroke(0.1, [0.78, 0.58], [0.68, 0.52], [0.6, 0.58], [0.64, 0.66], [0.76, 0.73], [0.79, 0.83],
        [0.7, 0.9], [0.6, 0.84], [0.63, 0.74], [0.76, 0.66], [0.78, 0.58]),
    ],
  },
  {
    name: "a small two",
    strokes: [
      stroke(0.03, [0.2, 0.22], [0.24, 0.16], [0.33, 0.15], [0.37, 0.22], [0.31, 0.31], [0.2, 0.41],
        [0.19, 0.43], [0.28, 0.42], [0.4, 0.42]),
    ],
  },
  {
    name: "something that is no digit",
    strokes: [
      stroke(0.05, [0.2, 0.35], [0.35, 0.75], [0.5, 0.35], [0.62, 0.78], [0.8, 0.3]),
      stroke(0.05, [0.25, 0.6], [0.75, 0.5]),
    ],
  },
];
