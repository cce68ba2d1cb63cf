// The server, as this page uses it.

export async function about() {
  const response = await fetch("/about");
  return response.json();
}

/** POST a picture to /explain or /read: the record, and how long it took here and there. */
export async function recognize(kind, picture) {
  const started = performance.now();
  const response = await fetch(`/${kind}`, {
    method: "POST",
    headers: { "Content-Type": picture.type || "application/octet-stream" },
    body: picture,
  });
  const record = await response.json();
  return {
    record,
    milliseconds: performance.now() - started,
    serverMilliseconds: serverTime(response),
  };
}

function serverTime(response) {
  const duration = /dur=([\d.]+)/.exec(response.headers.get("Server-Timing"));
  return duration ? Number(duration[1]) : null;
}
