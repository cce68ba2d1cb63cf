// Shows answers: the digit, its bars, the stages, readings, boxes, latency.

const element = (id) => document.getElementById(id);
const percent = (share) => `${(share * 100).toFixed(1)} %`;
const DIGITS = [...Array(10).keys()];
const STAGES = {
  ink: "The ink found",
  cleaned: "The ink of the digit",
  image: "28 by 28 pixels",
  original_stroke: "The same at its original stroke width",
};

const bars = DIGITS.map((digit) => {
  const row = document.createElement("li");
  const [name, track, fill, share] = ["span", "div", "div", "span"].map((tag) =>
    document.createElement(tag),
  );
  name.textContent = digit;
  track.className = "track";
  fill.className = "fill";
  share.className = "share";
  track.append(fill);
  row.append(name, track, share);
  element("bars").append(row);
  return { row, fill, share };
});

export function showAbout({ model, device, version }) {
  element("model").textContent = model;
  element("device").textContent = device;
  element("version").textContent = `mnist-infer ${version}`;
}

/** Show the record of one picture; gives the sentence to announce. */
export function showDigit(record) {
  const { digit, probabilities, error } = record;
  showLarge(error ? null : digit);
  showBars(probabilities ?? DIGITS.map(() => 0), digit);
  showStages(record.stages ?? {});
  const sentence = error ? noDigit(error) : `${percent(probabilities[digit])} sure`;
  element("sentence").textContent = sentence;
  return error ? sentence : `${digit}, ${sentence}`;
}

/** Show the record of a page; gives the sentence to announce. */
export function showReading({ text, digits, lines, error }) {
  element("text").textContent = error ? "" : text;
  const sentence = error ? noDigit(error) : summary(digits, lines);
  element("summary").textContent = sentence;
  return error ? sentence : `${text.replaceAll("\n", ", ")}. ${sentence}`;
}

export function showNothing() {
  showLarge(null);
  element("sentence").textContent = "Waiting for a digit";
  element("text").textContent = "";
  element("summary").textContent = "Waiting for digits";
  element("latency").textContent = "–";
  showBars(DIGITS.map(() => 0), null);
  showStages({});
}

export function showFailure(message) {
  element("sentence").textContent = element("summary").textContent = message;
}

export function showLatency(milliseconds, serverMilliseconds) {
  const inServer = serverMilliseconds === null ? "" : ` (server ${serverMilliseconds.toFixed(1)})`;
  element("latency").textContent = `${milliseconds.toFixed(0)} ms${inServer}`;
}

/** Frame digits on a picture of this size; each has a box, and a digit to write over it or not. */
export function showBoxes(digits, { width, height }) {
  const svg = element("boxes");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  const smallest = Math.max(width, height) / 28;
  svg.replaceChildren(
    ...digits.flatMap(({ digit, box: [x, y, w, h] }) => {
      const frame = shape("rect", { x, y, width: w, height: h, rx: smallest / 6 });
      const size = Math.max(h * 0.3, smallest);
      const label = shape("text", {
        x: x + w / 2,
        y: Math.max(y - size * 0.25, size * 0.85),
        "font-size": size,
      });
      label.textContent = digit ?? "";
      return [frame, label];
    }),
  );
}

function showLarge(digit) {
  element("digit").textContent = digit ?? "–";
  element("digit").classList.toggle("none", digit === null);
}

function showBars(probabilities, best) {
  bars.forEach(({ row, fill, share }, digit) => {
    row.classList.toggle("best", digit === best);
    fill.style.setProperty("--share", probabilities[digit]);
    share.textContent = percent(probabilities[digit]);
  });
}

function showStages(stages) {
  for (const [stage, alt] of Object.entries(STAGES)) {
    const image = element(`stage-${stage}`);
    image.hidden = !stages[stage];
    if (stages[stage]) {
      image.src = stages[stage];
      image.alt = alt;
    }
  }
}

function noDigit({ type, message }) {
  return type === "NoDigitError" ? "No digit here" : message;
}

function summary(digits, lines) {
  const least = digits.reduce((a, b) => (b.confidence < a.confidence ? b : a));
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const where = `${count(digits.length, "digit")} on ${count(lines.length, "line")}`;
  return `${where}; the least sure is ${least.digit} with ${percent(least.confidence)}`;
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
