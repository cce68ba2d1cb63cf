// "Was I right?": the visitor's word on an answer is kept with the drawing, in this browser only.

import * as kept from "./kept.js";

const CONSENT = "Both keep the drawing, in this browser only.";
const WHICH = "Which is it? The drawing stays in this browser.";

const element = (id) => document.getElementById(id);
let judged = null;

/** Offer to judge an answer, `{ answer, confidence, drawing }` with a canvas; null takes it back. */
export function offerFeedback(answered) {
  judged = answered;
  element("right").disabled = element("wrong").disabled = !answered;
  askWhich(false);
}

function askWhich(isAsked) {
  element("was-right").hidden = isAsked;
  element("which").hidden = !isAsked;
  element("consent").textContent = isAsked ? WHICH : CONSENT;
}

async function judge(digit) {
  const { answer, confidence, drawing } = judged;
  offerFeedback(null);
  await kept.keep({ digit, answer, confidence, png: drawing.toDataURL() });
  element("consent").textContent = `Kept in this browser as a ${digit}. Thank you.`;
  await showKept();
}

async function showKept() {
  const count = await kept.count();
  element("kept").classList.toggle("none", count === 0);
  element("kept-count").textContent = `${count} drawing${count === 1 ? "" : "s"} kept here`;
}

async function download() {
  const drawings = new Blob([JSON.stringify(await kept.all(), null, 1)], {
    type: "application/json",
  });
  const link = document.createElement("a");
  link.href = URL.createObjectURL(drawings);
  link.download = "drawings.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers begin late
}

async function deleteAll() {
  await kept.deleteAll();
  element("consent").textContent = CONSENT;
  await showKept();
}

for (let digit = 0; digit < 10; digit++) {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = digit;
  button.addEventListener("click", () => judge(digit));
  element("which").append(button);
}
element("right").addEventListener("click", () => judge(judged.answer));
element("wrong").addEventListener("click", () => {
  askWhich(true);
  element("which").querySelector("button").focus();
});
element("download").addEventListener("click", download);
element("delete").addEventListener("click", deleteAll);

offerFeedback(null);
// Some private windows have no database: then nothing is offered to be kept.
showKept().catch(() => (element("feedback").hidden = true));
