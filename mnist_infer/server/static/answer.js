// Shows answers: the digit, its bars, the stages, readings, boxes, latency.

const element = (id) => document.getElementById(id);
// Rounded down: nothing is 100 % sure.
const percent = (share) => `${(Math.floor(share * 1000) / 10).toFixed(1)} %`;
const DIGITS = [...Array(10).keys()];
const STAGES = {
  foreground: "The ink found",
  cleaned: "The ink of the digit",
  image: "28 by 28 pixels",
  occlusion: "How much each part of the ink counts for the answer",
};
// Below these an answer is doubtful, unless its record says otherwise.
const READING_THRESHOLD = 0.7;
const THRESHOLD = 0.9;

const bars = DIGITS.map((digit) => {
  const row = document.createElement("li");
  const [name, track, fill, share] = ["span", "div", "div", "span"].map((tag) =>
    document.createElement(tag),
  );
  name.textContent = digit;
  track.className = "track";
  fill.className = "fill";
  share.className = "unseen";
  track.append(fill);
  row.append(name, track, share);
  element("bars").append(row);
  return { row, fill, share };
});

/** Say which engine answers. */
export function showEngine({ place, model }) {
  element("place").textContent = place;
  element("model").textContent = model;
}

/** Show the record of one picture; gives the sentence to announce. */
export function showDigit(record, canReadAll) {
  const { digit, confidence, probabilities, error } = record;
  const isSure = !error && !(record.uncertain ?? confidence < THRESHOLD);
  setState(error ? "none" : isSure ? "sure" : "unsure");
  element("digit").textContent = error ? "–" : isSure ? digit : "?";
  showBars(probabilities ?? DIGITS.map(() => 0), digit);
  showStages(record.stages ?? {});
  element("read-all").hidden = !canReadAll || error?.type !== "SeveralDigitsError";
  const share = error ? "" : `${percent(confidence)} sure`;
  const sentence = error
    ? whyNot(error, canReadAll)
    : isSure
      ? share
      : `Not sure: perhaps ${digit}`;
  element("sentence").textContent = sentence;
  return isSure ? `${digit}, ${share}` : sentence;
}

/** Show the record of a page; gives the sentence to announce. */
export function showReading({ text, digits, lines, unread = [], error }) {
  setState(error ? "none" : "sure");
  element("text").replaceChildren(...(error ? [] : readings(text, digits)));
  const sentence = error ? whyNot(error) : summary(digits, lines, unread);
  element("summary").textContent = sentence;
  return error ? sentence : `${text.replaceAll("\n", ", ")}. ${sentence}`;
}

export function showNothing() {
  setState("empty");
  element("digit").textContent = "–";
  element("sentence").textContent = "Waiting for a digit";
  element("text").textContent = "";
  element("summary").textContent = "Waiting for digits";
  element("latency").textContent = "–";
  element("read-all").hidden = true;
  showBars(DIGITS.map(() => 0), null);
  showStages({});
}

export function showFailure(message) {
  setState("none");
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
    ...digits.flatMap(({ digit, reason, box: [x, y, w, h] }) => {
      const frame = shape("rect", { x, y, width: w, height: h, rx: smallest / 6 });
      frame.classList.toggle("unread", Boolean(reason));
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

/** What is shown, for the style sheet: "empty", "sure", "unsure" or "none". */
function setState(state) {
  document.body.dataset.state = state;
  element("digit").classList.toggle("none", state !== "sure");
}

function showBars(probabilities, best) {
  bars.forEach(({ row, fill, share }, digit) => {
    row.classList.toggle("best", digit === best);
    fill.style.setProperty("--share", probabilities[digit]);
    share.textContent = percent(probabilities[digit]);
  });
}

function showStages(stages) {
  for (const stage of Object.keys(STAGES)) showStage(stage, stages[stage]);
}

/** Show the picture of a stage, an image or a canvas; none leaves its place empty. */
export function showStage(stage, picture) {
  picture?.setAttribute("role", "img");
  picture?.setAttribute("aria-label", STAGES[stage]);
  element(`stage-${stage}`).replaceChildren(...(picture ? [picture] : []));
}

/** The digits of a page with their lines; a doubtful one looks so, and each tells its confidence. */
function readings(text, digits) {
  let next = 0;
  return [...text].map((character) => {
    if (!/\d/.test(character)) return character; // a new line, a wide gap, or "?" for what is unread
    const { confidence } = digits[next++];
    const digit = document.createElement("span");
    digit.textContent = character;
    digit.title = `${percent(confidence)} sure`;
    digit.dataset.percent = Math.floor(confidence * 100);
    digit.style.setProperty("--share", confidence);
    digit.classList.toggle("doubtful", confidence < READING_THRESHOLD);
    return digit;
  });
}

function whyNot({ type, message }, canReadAll = true) {
  if (type === "NoDigitError") return "No digit here";
  if (type === "SeveralDigitsError") {
    return canReadAll ? "More than one digit" : "More than one digit; draw one at a time";
  }
  // After these, messages tell programmers more.
  const [what] = message.split(/ \(|[:;]/);
  return what[0].toUpperCase() + what.slice(1);
}

function summary(digits, lines, unread) {
  const count = (number, noun) => `${number} ${noun}${number === 1 ? "" : "s"}`;
  const where = `${count(digits.length, "digit")} on ${count(lines.length, "line")}`;
  const left = unread.length ? `; ${count(unread.length, "part")} left unread (dashed)` : "";
  return `${where}; below each, how sure in percent${left}`;
}

function shape(name, attributes) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  return node;
}
