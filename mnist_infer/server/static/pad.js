// The canvas: strokes by pointer or keyboard, kept as points so that they can be undone, drawn
// again in another size or theme, and shown to the engines as black ink on white paper.

const KEYBOARD_STEP = 0.02; // shares of the canvas
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const weight = ({ pressure }) => 0.5 + pressure;
const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });

/** Fires "change" whenever there is other ink to look at. */
export class Pad extends EventTarget {
  #canvas;
  #strokes = [];
  #undone = []; // newest last; a new stroke forgets them
  #pointer = null; // the pointer that draws; a second finger does not
  #cursor = null; // where the keyboard's pen is, once it has been used
  #penDown = false;
  #frame = null; // the animation frame that will draw what has changed

  /** How wide a stroke is, as a share of the canvas. */
  penWidth = 0.06;

  /** Whether strokes take ink away. */
  isErasing = false;

  constructor(canvas) {
    super();
    this.#canvas = canvas;
    canvas.addEventListener("pointerdown", (event) => this.#begin(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(end, (event) => this.#end(event));
    }
    canvas.addEventListener("keydown", (event) => this.#key(event));
    canvas.addEventListener("blur", () => this.#leave());
    new ResizeObserver(() => this.#draw()).observe(canvas);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#draw());
  }

  get isEmpty() {
    return this.#strokes.length === 0;
  }

  get isDrawing() {
    return this.#pointer !== null;
  }

  get canRedo() {
    return this.#undone.length > 0;
  }

  undo() {
    if (this.isEmpty) return;
    this.#undone.push(this.#strokes.pop());
    this.#penDown = false;
    this.#changed();
  }

  redo() {
    if (!this.canRedo) return;
    this.#strokes.push(this.#undone.pop());
    this.#changed();
  }

  /** Replace the drawing by these strokes, each a width and points. */
  show(strokes) {
    this.#strokes = structuredClone(strokes);
    this.#undone = [];
    this.#changed();
  }

  clear() {
    this.#strokes = [];
    this.#undone = [];
    this.#cursor = null;
    this.#penDown = false;
    this.#changed();
  }

  /** The drawing as a canvas with this side in pixels, black on white. */
  picture(side) {
    const sheet = document.createElement("canvas");
    sheet.width = sheet.height = side;
    // The engines read it at once: a graphics card would only send it back.
    const context = sheet.getContext("2d", { willReadFrequently: true });
    paint(context, side, "black", this.#strokes);
    context.globalCompositeOperation = "destination-over"; // paper below the ink
    context.fillStyle = "white";
    context.fillRect(0, 0, side, side);
    return sheet;
  }

  #begin(event) {
    if (this.#pointer !== null || event.button !== 0) return;
    event.preventDefault();
    this.#canvas.focus({ focusVisible: false });
    this.#canvas.setPointerCapture(event.pointerId);
    this.#pointer = event.pointerId;
    this.#cursor = null;
    this.#startStroke(this.#point(event));
    this.#changed();
  }

  #move(event) {
    if (event.pointerId !== this.#pointer) return;
    // A pen reports more often than the screen is drawn.
    const all = event.getCoalescedEvents?.() ?? [];
    const events = all.length ? all : [event];
    this.#strokes.at(-1).points.push(...events.map((each) => this.#point(each)));
    this.#changed();
  }

  #end(event) {
    if (event.pointerId !== this.#pointer) return;
    this.#pointer = null;
    this.#changed();
  }

  #point(event) {
    const frame = this.#canvas.getBoundingClientRect();
    // A mouse has no pressure: while its button is down it reports 0.5.
    const pressure = event.pointerType === "pen" ? event.pressure : 0.5;
    return {
      x: (event.clientX - frame.left) / frame.width,
      y: (event.clientY - frame.top) / frame.height,
      pressure,
    };
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") {
      this.#togglePen();
    } else if (event.key in ARROWS) {
      this.#moveCursor(ARROWS[event.key]);
    } else {
      return;
    }
    event.preventDefault();
  }

  #startStroke(point) {
    const erases = this.isErasing;
    this.#strokes.push({ width: erases ? 2 * this.penWidth : this.penWidth, erases, points: [point] });
    this.#undone = [];
  }

  #togglePen() {
    this.#cursor ??= { x: 0.5, y: 0.5, pressure: 0.5 };
    this.#penDown = !this.#penDown;
    if (this.#penDown) this.#startStroke(this.#cursor);
    this.#changed();
  }

  #moveCursor([right, down]) {
    const inside = (share) => Math.min(Math.max(share, 0), 1);
    const { x, y } = this.#cursor ?? { x: 0.5, y: 0.5 };
    this.#cursor = {
      x: inside(x + right * KEYBOARD_STEP),
      y: inside(y + down * KEYBOARD_STEP),
      pressure: 0.5,
    };
    if (this.#penDown) {
      this.#strokes.at(-1).points.push(this.#cursor);
      this.#changed();
    } else {
      this.#draw();
    }
  }

  #leave() {
    this.#cursor = null;
    this.#penDown = false;
    this.#draw();
  }

  #changed() {
    // A pointer reports more often than the screen is drawn.
    this.#frame ??= requestAnimationFrame(() => this.#draw());
    this.dispatchEvent(new Event("change"));
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = null;
    const side = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    this.#canvas.width = this.#canvas.height = side; // this wipes it, too
    const context = this.#canvas.getContext("2d");
    const style = getComputedStyle(this.#canvas);
    paint(context, side, style.color, this.#strokes);
    if (this.#cursor) this.#paintCursor(context, side, style.getPropertyValue("--accent"));
  }

  #paintCursor(context, side, colour) {
    context.strokeStyle = colour;
    context.lineWidth = side * 0.008;
    context.beginPath();
    const radius = side * (this.#penDown ? 0.02 : 0.04);
    context.arc(this.#cursor.x * side, this.#cursor.y * side, radius, 0, 2 * Math.PI);
    context.stroke();
  }
}

/** Draw strokes on a square canvas of this side. */
export function paint(context, side, colour, strokes) {
  context.strokeStyle = context.fillStyle = colour;
  context.lineCap = "round";
  for (const { width, erases, points } of strokes) {
    context.globalCompositeOperation = erases ? "destination-out" : "source-over";
    const [first] = points;
    context.beginPath();
    context.arc(first.x * side, first.y * side, (side * width * weight(first)) / 2, 0, 2 * Math.PI);
    context.fill();
    // Each point bends the line between the middles of the pieces before and after it.
    points.slice(1).forEach((point, i) => {
      const from = i === 0 ? first : middle(points[i - 1], points[i]);
      const to = i === points.length - 2 ? point : middle(points[i], point);
      context.beginPath();
      context.lineWidth = side * width * weight(point);
      context.moveTo(from.x * side, from.y * side);
      context.quadraticCurveTo(points[i].x * side, points[i].y * side, to.x * side, to.y * side);
      context.stroke();
    });
  }
  context.globalCompositeOperation = "source-over";
}
