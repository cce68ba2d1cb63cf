// The engine on the server, and what the page is served with.

/** The version, and which engines there are; of a server also its model and device. */
export async function about() {
  return (await fetch("about")).json();
}

export class ServerEngine {
  /** Milliseconds to wait for further strokes before it is asked. */
  pause = 90;

  /** Pixels a side of a drawing that it is asked for: enough for rows. */
  side = 448;

  /** Where answers come from, for the visitor. */
  place = "Answers from the server: pictures are sent.";

  constructor({ model, device }) {
    this.model = `${model} on ${device}`;
  }

  /** POST a picture, a canvas or a blob, to /explain or /read: its record, and how long it took. */
  async recognize(kind, picture) {
    const body = picture instanceof Blob ? picture : await asPng(picture);
    const started = performance.now();
    const response = await fetch(kind, {
      method: "POST",
      headers: { "Content-Type": body.type || "application/octet-stream" },
      body,
    });
    const record = await response.json();
    return {
      record,
      milliseconds: performance.now() - started,
      serverMilliseconds: serverTime(response),
    };
  }
}

function asPng(canvas) {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

function serverTime(response) {
  const duration = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing"));
  return duration ? Number(duration[1]) : null;
}
