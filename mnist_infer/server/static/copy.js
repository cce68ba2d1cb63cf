// What can be copied: the answer as text or JSON, and the commands that give it again.

const PYTHON = {
  explain: `from mnist_infer import Recognizer

print(Recognizer().predict("picture.png").digit)`,
  read: `from mnist_infer import Recognizer

print(Recognizer().read("picture.png").text)`,
};

/** The text to copy of an answer's record, in one of the forms that the page offers. */
export function textToCopy(form, mode, record) {
  if (form === "python") return PYTHON[mode];
  if (form === "curl") {
    return `curl --data-binary @picture.png ${new URL(mode, document.baseURI).href}`;
  }
  if (form === "json") {
    const { stages, path, ...answer } = record;
    return JSON.stringify(answer, null, 2);
  }
  return mode === "read" ? record.text : String(record.digit);
}
